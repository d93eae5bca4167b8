import { requirePortal } from '@signet/access';
import { type Database, writeAuditEvent } from '@signet/db';
import type { AuditKind, Scope } from '@signet/schema/contract';
import { badInput } from '@signet/service';
import { readId, readReason } from '@signet/subgraph';
import { sql, type Transaction } from 'kysely';
import type { GraphqlContext } from './context.ts';
import { getCustomer } from './customers.queries.ts';
import { endImpersonations } from './impersonations.queries.ts';
import type { MutationResolvers } from './resolvers.generated.ts';
import { inStaffTransaction } from './staff-transaction.ts';

export const suspendCustomer: NonNullable<MutationResolvers['suspendCustomer']> = (
  _parent,
  { customerId },
  ctx,
) =>
  administerCustomer({
    ctx,
    scope: 'customers:write',
    kind: 'auth.customer.suspended',
    customerId,
    call: 'suspend_customer',
    answer: getCustomer,
  });

export const reinstateCustomer: NonNullable<MutationResolvers['reinstateCustomer']> = (
  _parent,
  { customerId },
  ctx,
) =>
  administerCustomer({
    ctx,
    scope: 'customers:write',
    kind: 'auth.customer.reinstated',
    customerId,
    call: 'reinstate_customer',
    answer: getCustomer,
  });

export const endCustomerSessions: NonNullable<MutationResolvers['endCustomerSessions']> = (
  _parent,
  { customerId },
  ctx,
) =>
  administerCustomer({
    ctx,
    scope: 'sessions:end',
    kind: 'auth.customer.sessions_ended',
    customerId,
    call: 'end_customer_sessions',
    answer: (_trx, _id, ended) => ended,
  });

export const resetCustomerFactors: NonNullable<MutationResolvers['resetCustomerFactors']> = (
  _parent,
  { customerId, reason: input },
  ctx,
) => {
  requirePortal(ctx.session, 'customers:write');
  const reason = readReason(input);
  return administerCustomer({
    ctx,
    scope: 'customers:write',
    kind: 'auth.factor.reset_requested',
    customerId,
    call: 'request_customer_factor_reset',
    reason,
    answer: () => true,
  });
};

type Administration<T> = {
  ctx: GraphqlContext;
  scope: Scope;
  /** The kind of the row in the audit log. */
  kind: AuditKind;
  customerId: string;
  /** The function of the database that does it. */
  call: keyof typeof calls;
  /** Where the operation takes one. It goes into the audit log. */
  reason?: string;
  /** Reads the answer in the same transaction. `changed` counts the rows that `call` changed. */
  answer(trx: Transaction<Database>, customerId: string, changed: number): Promise<T> | T;
};

/**
 * Changes a customer's account or sessions and writes the audit log, in one transaction.
 *
 * @throws {RefusalError} for anyone but staff with the scope; input.customerId where the tenant has no such customer;
 * auth.failure.revoked.
 */
function administerCustomer<T>({
  ctx,
  scope,
  kind,
  call,
  reason = '',
  answer,
  ...input
}: Administration<T>): Promise<T> {
  requirePortal(ctx.session, scope);
  const { tenantId, origin } = ctx;
  const customerId = readId('customerId', input.customerId);
  return inStaffTransaction(ctx, scope, async (trx, { staffId: actorId, sessionId }) => {
    const changed = await callAuth(trx, call, { customerId, actorId, sessionId, reason });
    if (changed === undefined) throw badInput('customerId', 'There is no such customer.');
    // A suspension ends them by itself.
    if (call === 'end_customer_sessions')
      await endImpersonations(trx, { staffId: actorId, sessionId, customerId });
    const event = { kind, platform: 'portal', tenantId, actorId, sessionId, subjectId: customerId } as const;
    await writeAuditEvent(trx, { ...event, origin, details: { changed, ...(reason && { reason }) } });
    return answer(trx, customerId, changed);
  });
}

/**
 * The functions that auth publishes to this process, which may not write to accounts or see their sessions. Each locks the
 * account's row against sign-in and refresh.
 */
const calls = {
  suspend_customer: (id: string) => sql<number | null>`auth.suspend_customer(${id})`,
  reinstate_customer: (id: string) => sql<number | null>`auth.reinstate_customer(${id})`,
  end_customer_sessions: (id: string) => sql<number | null>`auth.end_customer_sessions(${id})`,
  request_customer_factor_reset: (id: string, { actorId, sessionId, reason }: Asked) =>
    sql<number | null>`auth.request_customer_factor_reset(${id}, ${actorId}, ${sessionId}, ${reason})`,
};

type Asked = { customerId: string; actorId: string; sessionId: string | undefined; reason: string };

/** Returns how many rows changed; undefined where there is no such customer. */
async function callAuth(
  trx: Transaction<Database>,
  call: keyof typeof calls,
  asked: Asked,
): Promise<number | undefined> {
  const { rows } = await sql<{
    changed: number | null;
  }>`select ${calls[call](asked.customerId, asked)} as changed`.execute(trx);
  return rows[0]?.changed ?? undefined;
}
