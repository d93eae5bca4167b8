import type { Statement } from './pool/watched-client.ts';
import { findActor, findTimeLeftMs } from './request-scope.ts';

/** Bounds how late a revocation can commit, see the revocation feed: a request may shorten it only. */
export const maxStatementMs = 5000;

const setTenant = `select set_config('app.tenant', $1, true)`;
const setReadOnly = `, set_config('transaction_read_only', 'on', true)`;

/**
 * The statement with which a transaction sees the rows of one tenant, and with which its statements get no more time than the request
 * has left (`inRequest`). Each setting ends with the transaction. `isReadOnly`: it can change nothing. Where a member of staff acts as a
 * customer, `app.actor` is set to their id: row policies and the audit log's trigger see it.
 *
 * @throws {OutOfTimeError} when the request has no time left
 */
export function setForTenant(tenantId: string, { isReadOnly }: { isReadOnly: boolean }): Statement {
  let text = isReadOnly ? setTenant + setReadOnly : setTenant;
  const values = [tenantId];
  const set = (name: string, value: string) => {
    values.push(value);
    text += `, set_config('${name}', $${values.length}, true)`;
  };
  const left = findTimeLeftMs();
  if (left !== undefined && left < maxStatementMs) set('statement_timeout', String(left));
  const actor = findActor();
  if (actor !== undefined) set('app.actor', actor);
  return { text, values };
}
