import { createHash, randomBytes } from 'node:crypto';
import { requirePortal, requireScope } from '@signet/access';
import { readInTenant, writeAuditEvent } from '@signet/db';
import { scopesToImpersonate } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import {
  createConnection,
  createCursorCodec,
  isIntegerKey,
  readId,
  readPage,
  readReason,
  readText,
} from '@signet/subgraph';
import type { PortalSettings } from '../settings.ts';
import {
  endImpersonations,
  findImpersonation,
  findImpersonationPage,
  type GrantOutcome,
  grantImpersonation,
} from './impersonations.queries.ts';
import type { ImpersonationResolvers, MutationResolvers, QueryResolvers } from './resolvers.generated.ts';
import { inStaffTransaction } from './staff-transaction.ts';

const scope = 'customers:impersonate';

/** Latest first. The ids are in the order of time; the key is there for the form of a cursor. */
const codec = createCursorCodec<number>(
  'impersonations:latest',
  (key): key is number => isIntegerKey(key) && key >= 0,
);

export const impersonations: NonNullable<QueryResolvers['impersonations']> = async (_parent, args, ctx) => {
  requirePortal(ctx.session, scope);
  const page = readPage(args, codec);
  const { customerId, staffId } = args.filter ?? {};
  const filter = {
    customerId: customerId == null ? undefined : readId('customerId', customerId),
    staffId: staffId == null ? undefined : readId('staffId', staffId),
  };
  const rows = await readInTenant(ctx.db, ctx.tenantId, (trx) => findImpersonationPage(trx, filter, page));
  return createConnection(rows, page, codec, (row) => ({ key: row.created_microseconds, id: row.id }));
};

/**
 * `impersonateCustomer`: a grant of 256 random bits, stored as SHA-256. This process has no key of customers' tokens; theirs exchanges it.
 *
 * @throws {RefusalError} authz.scope.deny without the scopes of the reason; input.customerId, input.reason, input.ticket; auth.throttled;
 *   authz.permission.deny without mail; auth.failure.revoked
 */
export const impersonateCustomer: NonNullable<MutationResolvers['impersonateCustomer']> = async (
  _parent,
  { input },
  ctx,
) => {
  const staff = requirePortal(ctx.session, scope);
  const { reasonClass } = input;
  for (const needed of scopesToImpersonate(reasonClass)) requireScope(staff, needed);
  const customerId = readId('customerId', input.customerId);
  const reason = readReason(input.reason);
  const ticket = readTicket(input.ticket);
  const grant = randomBytes(32).toString('base64url');
  const grantHash = createHash('sha256').update(grant).digest();
  return inStaffTransaction(ctx, scope, async (trx, { staffId, sessionId }) => {
    const asked = { customerId, staffId, sessionId, reasonClass, reason, ticket, grantHash };
    const { id, grantExpiresAt } = assertGranted(await grantImpersonation(trx, asked));
    await writeAuditEvent(trx, {
      kind: 'auth.impersonation.granted',
      platform: 'portal',
      tenantId: ctx.tenantId,
      actorId: staffId,
      sessionId,
      subjectId: customerId,
      origin: ctx.origin,
      details: { impersonation: id, class: reasonClass, reason, ticket },
    });
    const impersonation = await findImpersonation(trx, id);
    if (!impersonation) throw new Error('The impersonation that was made is not there.');
    return { grant, url: addressOf(grant, ctx.settings), expiresAt: grantExpiresAt, impersonation };
  });
};

/** In the fragment, which goes to no server and into no log. */
function addressOf(grant: string, { USER_APP_URL }: PortalSettings): string | null {
  return USER_APP_URL ? `${USER_APP_URL.replace(/\/+$/, '')}/act#grant=${grant}` : null;
}

function assertGranted(granted: GrantOutcome | undefined): GrantOutcome & { outcome: 'done' } {
  switch (granted?.outcome) {
    case 'done':
      return granted;
    case 'suspended':
      throw badInput('customerId', 'This customer is suspended: nobody acts as them.');
    case 'objected':
      throw badInput('customerId', 'This customer objected within the last 24 hours.');
    case 'no_mail':
      throw new RefusalError('authz.permission.deny', {
        text: 'No mail to customers is configured here, and this needs one.',
      });
    case 'throttled':
      throw new RefusalError('auth.throttled', { retryAfterSeconds: Math.max(1, granted.wait) });
    default:
      throw badInput('customerId', 'There is no such customer.');
  }
}

/** @throws {RefusalError} input.ticket */
function readTicket(input: string): string {
  const ticket = readText('ticket', input, { max: 100 });
  if (ticket.includes('@')) {
    throw badInput('ticket', 'The ticket stays in the audit log: it must not hold an e-mail address.');
  }
  return ticket;
}

/** `endImpersonation`. @throws {RefusalError} input.id for one of another tenant as for an unknown one; auth.failure.revoked */
export const endImpersonation: NonNullable<MutationResolvers['endImpersonation']> = async (
  _parent,
  args,
  ctx,
) => {
  requirePortal(ctx.session, scope);
  const id = readId('id', args.id);
  return inStaffTransaction(ctx, scope, async (trx, { staffId, sessionId }) => {
    if (!(await findImpersonation(trx, id))) throw badInput('id', 'There is no such impersonation.');
    return (await endImpersonations(trx, { staffId, sessionId, id })) > 0;
  });
};

export const impersonationResolvers: ImpersonationResolvers = {
  customer: async (row, _args, ctx) => (await ctx.loaders.customer.load(row.account_id)) ?? null,
  staff: (row) => ({ id: row.staff_id }),
  reasonClass: (row) => row.reason_class,
  createdAt: (row) => row.created_at,
  begunAt: (row) => row.begun_at,
  expiresAt: (row) => row.expires_at,
  endedAt: (row) => row.ended_at,
  endReason: (row) => row.end_reason,
  objectedAt: (row) => row.objected_at,
  isLive: (row) => row.is_live,
};
