import type { Statement } from './pool/watched-client.ts';
import { findTimeLeftMs } from './request-scope.ts';

/** Bounds how late a revocation can commit, see the revocation feed: a request may shorten it only. */
export const maxStatementMs = 5000;

const setTenant = `select set_config('app.tenant', $1, true)`;
const setReadOnly = `, set_config('transaction_read_only', 'on', true)`;
const setTimeout = `, set_config('statement_timeout', $2, true)`;

/**
 * The statement with which a transaction sees the rows of one tenant, and with which its statements get no more time than the request
 * has left (`inRequest`). Each setting ends with the transaction. `isReadOnly`: it can change nothing.
 *
 * @throws {OutOfTimeError} when the request has no time left
 */
export function setForTenant(tenantId: string, { isReadOnly }: { isReadOnly: boolean }): Statement {
  const set = isReadOnly ? setTenant + setReadOnly : setTenant;
  const left = findTimeLeftMs();
  return left === undefined || left >= maxStatementMs
    ? { text: set, values: [tenantId] }
    : { text: set + setTimeout, values: [tenantId, String(left)] };
}
