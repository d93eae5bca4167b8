import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { isStaffRole } from '@signet/schema/contract';
import type { Transaction } from 'kysely';
import { badToken } from '../account-tokens/account-token.ts';
import { getTenantSlug, lockAccount } from '../accounts/account.queries.ts';
import { portalTables, type StaffAccount } from '../accounts/account.ts';
import { assertNewPassword, readFullName } from '../accounts/account-input.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { assertNoChallenge, continueSignIn } from '../challenges/continue-sign-in.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import {
  acceptOpenInvitation,
  findOpenInvitation,
  type Invitation,
} from '../invitations/invitation.queries.ts';
import { hashInvitationToken } from '../invitations/invitation-token.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { listQueueNetworks } from '../throttle/client-networks.ts';
import { deliverTokens } from '../tokens/refresh-token-cookie.ts';
import { mayGrant, type Portal } from './manage-staff.ts';
import { insertStaffMember } from './staff.queries.ts';

/**
 * `acceptInvitation`: makes the account and signs in. The address counts as verified, since only its mailbox got the link. Where staff must
 * have a second factor, the account is there and the answer is the challenge to add one, as after `portalLogin`.
 *
 * @throws {RefusalError} input.token, input.password, input.fullName, auth.challenge_required, auth.throttled
 */
export function createAcceptInvitation(portal: Portal): NonNullable<MutationResolvers['acceptInvitation']> {
  return async (_parent, { input }, { tenantId, client, cookies, devices }) => {
    const issuer = portal.getIssuer();
    const { platform, db, now } = issuer;
    const deviceToken = devices.read(platform, input);
    const tokenHash = hashInvitationToken(input.token);
    const fullName = readFullName(input.fullName);
    const [found, tenant] = await readInTenant(db, tenantId, (trx) =>
      Promise.all([tokenHash && findOpenInvitation(trx, tokenHash, now()), getTenantSlug(trx, tenantId)]),
    );
    if (!tokenHash || !found) throw badToken();
    assertNewPassword(input.password, { email: found.email, tenant });
    // Only for who has a link: others can't make the thread work.
    const password = await issuer.passwords.hash(input.password, listQueueNetworks(client.address));
    const { account, step } = await inTenant(db, tenantId, async (trx) => {
      const accepting = { tenantId, client, tokenHash, fullName, password, inviterId: found.inviterId };
      const account = await accept(trx, portal, accepting);
      const signIn = { account, tenantId, client, cookies, deviceToken };
      return { account, step: await continueSignIn(trx, issuer, signIn) };
    });
    assertNoChallenge(step);
    return {
      ...deliverTokens(cookies, platform, step.tokens),
      deviceToken: await giveDeviceToken(issuer, devices, {
        account,
        deviceToken,
        sessionId: step.tokens.sessionId,
      }),
    };
  };
}

type Accepting = {
  tenantId: string;
  client: SessionClient;
  tokenHash: Buffer;
  fullName: string;
  password: PasswordHash;
  inviterId: string | null;
};

/** First the inviter's row: whoever deactivates or demotes the inviter locks it too, so that one of the two comes first. */
async function accept(
  trx: Transaction<Database>,
  { getIssuer }: Portal,
  { tenantId, client, tokenHash, fullName, password, inviterId }: Accepting,
): Promise<StaffAccount> {
  const issuer = getIssuer();
  const inviter = inviterId === null ? undefined : await lockAccount(trx, portalTables, inviterId);
  const invitation = await acceptOpenInvitation(trx, tokenHash, issuer.now());
  if (!invitation || !isGood(invitation, inviterId, inviter)) throw badToken();
  const { id, email, role, language } = invitation;
  const member = { tenantId, email, fullName: fullName || invitation.fullName, role, language, password };
  const account = await insertStaffMember(trx, member);
  if (!account) throw badToken(); // Somebody made the account by another way.
  const event = auditOwn('auth.staff.joined', issuer, { tenantId, accountId: account.id, client });
  const details = { invitation: id, role, invitedBy: inviterId ?? 'operator' };
  await writeAuditEvent(trx, { ...event, details });
  return account;
}

/** An invitation is worth what its inviter may do now. An operator's needs nobody, but a role that is still there. */
function isGood(invitation: Invitation, lockedId: string | null, inviter: StaffAccount | undefined): boolean {
  if (invitation.inviterId !== lockedId) return false;
  if (lockedId === null) return isStaffRole(invitation.role);
  return inviter?.isActive === true && mayGrant(inviter.role, invitation.role);
}
