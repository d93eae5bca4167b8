import { requirePortal } from '@signet/access';
import { type Database, writeAuditEvent } from '@signet/db';
import { normalizeEmail } from '@signet/db/email';
import type { AuditKind } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import { readId, readReason } from '@signet/subgraph';
import type { Transaction } from 'kysely';
import type { GraphqlContext } from './context.ts';
import {
  correctEmail,
  endDevice,
  type RequestOutcome,
  requestPasswordReset,
} from './customer-account.queries.ts';
import { type CustomerRow, getCustomer } from './customers.queries.ts';
import type {
  CustomerDeviceResolvers,
  CustomerFactorResolvers,
  CustomerSessionResolvers,
  MutationResolvers,
  RememberedDeviceResolvers,
  UserResolvers,
} from './resolvers.generated.ts';
import { inStaffTransaction } from './staff-transaction.ts';

export const customerSessions: NonNullable<UserResolvers['sessions']> = (user, _args, ctx) => {
  requirePortal(ctx.session, 'customers:read');
  return ctx.loaders.sessionsOfCustomer.load(user.id);
};

export const customerFactors: NonNullable<UserResolvers['factors']> = (user, _args, ctx) => {
  requirePortal(ctx.session, 'customers:read');
  return ctx.loaders.factorsOfCustomer.load(user.id);
};

export const rememberedDevices: NonNullable<UserResolvers['rememberedDevices']> = (user, _args, ctx) => {
  requirePortal(ctx.session, 'customers:read');
  return ctx.loaders.rememberedDevicesOfCustomer.load(user.id);
};

export const customerDevices: NonNullable<UserResolvers['devices']> = (user, _args, ctx) => {
  requirePortal(ctx.session, 'customers:read');
  return ctx.loaders.devicesOfCustomer.load(user.id);
};

export const customerSessionResolvers: CustomerSessionResolvers = {
  methods: (row) => row.amr,
  createdAt: (row) => row.created_at,
  lastUsedAt: (row) => row.last_used_at,
  expiresAt: (row) => row.expires_at,
};

const kinds = { totp: 'TOTP', passkey: 'PASSKEY', recovery_codes: 'RECOVERY_CODES' } as const;

export const customerFactorResolvers: CustomerFactorResolvers = {
  kind: (row) => kinds[row.kind],
  codesLeft: (row) => row.codes,
  createdAt: (row) => row.created_at,
  lastUsedAt: (row) => row.last_used_at,
};

export const customerDeviceResolvers: CustomerDeviceResolvers = {
  firstSeenAt: (row) => row.first_seen_at,
  lastSeenAt: (row) => row.last_seen_at,
  isRemembered: (row) => row.is_remembered,
};

export const rememberedDeviceResolvers: RememberedDeviceResolvers = {
  createdAt: (row) => row.created_at,
  expiresAt: (row) => row.expires_at,
};

/** @throws {RefusalError} input.customerId; input.deviceId for a device of somebody else as for an unknown one; auth.failure.revoked */
export const endCustomerDevice: NonNullable<MutationResolvers['endCustomerDevice']> = async (
  _parent,
  { deviceId, ...input },
  ctx,
) => {
  requirePortal(ctx.session, 'sessions:end');
  const { tenantId, origin } = ctx;
  const customerId = readId('customerId', input.customerId);
  // Their form, by the table. A text with a NUL would not even get there.
  if (!/^[A-Za-z0-9_-]{22}$/.test(deviceId)) throw badInput('deviceId', 'There is no such device.');
  return inStaffTransaction(ctx, 'sessions:end', async (trx, { staffId, sessionId }) => {
    const ended = await endDevice(trx, { customerId, staffId, sessionId }, deviceId);
    if (ended === undefined) throw badInput('customerId', 'There is no such customer.');
    if (ended < 0) throw badInput('deviceId', 'There is no such device.');
    await writeAuditEvent(trx, {
      kind: 'auth.customer.device_ended',
      platform: 'portal',
      tenantId,
      actorId: staffId,
      sessionId,
      subjectId: customerId,
      origin,
      details: { ended },
    });
    return ended;
  });
};

export const sendPasswordReset: NonNullable<MutationResolvers['sendPasswordReset']> = (
  _parent,
  { input },
  ctx,
) =>
  actOnAccount(ctx, 'auth.customer.password_reset_sent', input, (trx, act) => requestPasswordReset(trx, act));

export const correctCustomerEmail: NonNullable<MutationResolvers['correctCustomerEmail']> = async (
  _parent,
  { input },
  ctx,
) => {
  requirePortal(ctx.session, 'customers:write');
  const newEmail = normalizeEmail(input.newEmail);
  if (newEmail === undefined) throw badInput('newEmail', 'This is not an e-mail address.');
  return actOnAccount(ctx, 'auth.customer.email_corrected', input, (trx, act) =>
    correctEmail(trx, act, newEmail),
  );
};

type Act = { customerId: string; staffId: string; sessionId: string | undefined };

/**
 * What staff do to a customer's account and give a reason for, with its row in the audit log, in one transaction.
 *
 * @throws {RefusalError} for anyone but staff with the scope; input.customerId, input.reason, input.newEmail, authz.permission.deny
 * without mail, auth.failure.revoked
 */
async function actOnAccount(
  ctx: GraphqlContext,
  kind: AuditKind,
  input: { customerId: string; reason: string },
  act: (trx: Transaction<Database>, act: Act) => Promise<RequestOutcome>,
): Promise<CustomerRow> {
  requirePortal(ctx.session, 'customers:write');
  const { tenantId, origin } = ctx;
  const customerId = readId('customerId', input.customerId);
  const reason = readReason(input.reason);
  const customer = await inStaffTransaction(ctx, 'customers:write', async (trx, { staffId, sessionId }) => {
    assertDone(await act(trx, { customerId, staffId, sessionId }));
    await writeAuditEvent(trx, {
      kind,
      platform: 'portal',
      tenantId,
      actorId: staffId,
      sessionId,
      subjectId: customerId,
      origin,
      details: { reason },
    });
    return getCustomer(trx, customerId);
  });
  ctx.loaders.customer.clear(customerId);
  return customer;
}

function assertDone(outcome: RequestOutcome): void {
  switch (outcome) {
    case 'done':
      return;
    case 'suspended':
      throw badInput('customerId', 'This customer is suspended: reinstate them first.');
    case 'same':
      throw badInput('newEmail', 'This is the address of the customer already.');
    case 'taken':
      throw badInput('newEmail', 'Another account has this address.');
    case 'no_mail':
      throw new RefusalError('authz.permission.deny', {
        text: 'No mail to customers is configured here, and this needs one.',
      });
    default:
      throw badInput('customerId', 'There is no such customer.');
  }
}
