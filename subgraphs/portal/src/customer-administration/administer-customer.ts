import { type Database, inTenant, writeAuditEvent } from '@signet/db';
import type { AuditKind, Scope } from '@signet/schema/contract';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import type { RawBuilder, Transaction } from 'kysely';
import type { GraphqlContext } from '../context.ts';
import { requireStaff } from '../staff-access.ts';
import { administer } from './customer-administration.queries.ts';

type Administration<T> = {
  ctx: GraphqlContext;
  scope: Scope;
  /** What the audit log says of it. */
  kind: AuditKind;
  customerId: string;
  /** A function of auth. */
  call(customerId: string): RawBuilder<number | null>;
  /** What is answered, read in the same transaction. `changed` counts the rows that `call` changed. */
  answer(trx: Transaction<Database>, customerId: string, changed: number): Promise<T> | T;
};

/**
 * Does it and writes it down in one transaction.
 *
 * @throws {RefusalError} for anyone but staff with the scope; input.customerId where the tenant has no such customer.
 */
export function administerCustomer<T>({
  ctx,
  scope,
  kind,
  call,
  answer,
  ...input
}: Administration<T>): Promise<T> {
  const { staffId: actorId, sessionId } = requireStaff(ctx.session, scope);
  const { tenantId, origin } = ctx;
  const customerId = readId('customerId', input.customerId);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const changed = await administer(trx, call(customerId));
    if (changed === undefined) throw badInput('customerId', 'There is no such customer.');
    const event = { kind, platform: 'portal', tenantId, actorId, sessionId, subjectId: customerId } as const;
    await writeAuditEvent(trx, { ...event, origin, details: { changed } });
    return answer(trx, customerId, changed);
  });
}
