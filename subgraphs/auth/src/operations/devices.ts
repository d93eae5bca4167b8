import { inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { badInput } from '@signet/service';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { forgetDevice, listDevices } from '../devices/device.queries.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import type { MutationResolvers, QueryResolvers } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { endSessionsOf } from '../sessions/session.queries.ts';

/** `myDevices` and `portalDevices`: where somebody signed in to the caller's account. */
export function createListDevices<A extends Account>({
  getIssuer,
  requireSubject,
  findAccount,
}: PlatformBinding<A>): NonNullable<QueryResolvers['myDevices']> {
  return async (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const { tenantId, accountId } = requireSubject(ctx);
    const account = await findAccount(ctx, accountId);
    if (!account) return [];
    return readInTenant(issuer.db, tenantId, (trx) => listDevices(trx, issuer, account));
  };
}

/**
 * `endDevice` and `endPortalDevice`: the device is forgotten, and its sessions end, the caller's own among them where it is there.
 *
 * @throws {RefusalError} input.id for a device of somebody else as for an unknown one, auth.failure.revoked
 */
export function createEndDevice<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['endDevice']> {
  return (_parent, { id }, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    return inTenant(issuer.db, subject.tenantId, async (trx) => {
      await lockOwnSession(trx, issuer, subject);
      if (!(await forgetDevice(trx, issuer, subject.accountId, id))) {
        throw badInput('id', 'You have no such device.');
      }
      const end = { reason: 'ended', now: issuer.now(), device: id } as const;
      const ended = await endSessionsOf(trx, issuer.tables, subject.accountId, end);
      await writeAuditEvent(trx, auditOwn('auth.device.ended', issuer, subject, { ended }));
      return true;
    });
  };
}
