import { requirePortal } from '@signet/access';
import { type Database, readInTenant, writeAuditEvent } from '@signet/db';
import { listEmailSpellings, normalizeEmail } from '@signet/db/email';
import { staffInvitationSeconds } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import { createConnection, createCursorCodec, isTextKey, readId, readPage } from '@signet/subgraph';
import type { Transaction } from 'kysely';
import { findAccountByEmail } from '../accounts/account.queries.ts';
import { portalTables } from '../accounts/account.ts';
import { readFullName, readLanguage } from '../accounts/account-input.ts';
import { auditStaff } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import {
  findInvitationPage,
  type Invitation,
  insertInvitation,
  lockInvitation,
  renewInvitation,
  revokeExpiredInvitation,
  revokeInvitationById,
} from '../invitations/invitation.queries.ts';
import { createInvitationToken } from '../invitations/invitation-token.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import type { MutationResolvers, QueryResolvers, StaffInvitationResolvers } from '../resolvers.generated.ts';
import { asStaffManager, mayGrant, mayManage, type Portal, type StaffManager } from './manage-staff.ts';

type Trx = Transaction<Database>;

const codec = createCursorCodec('invitations:email', isTextKey);

/** `staffInvitations`: who was asked to join the staff of the tenant. */
export function createStaffInvitations({
  getIssuer,
}: Portal): NonNullable<QueryResolvers['staffInvitations']> {
  return async (_parent, args, ctx) => {
    requirePortal(ctx.session, 'staff:write');
    const page = readPage(args, codec);
    const rows = await readInTenant(getIssuer().db, ctx.tenantId, (trx) => findInvitationPage(trx, page));
    return createConnection(rows, page, codec, ({ email, id }) => ({ key: email, id }));
  };
}

/** Fields of an invitation that its row does not have as such. */
export function createInvitationFields(portal: Portal): StaffInvitationResolvers {
  return {
    state({ state, expiresAt }) {
      if (state === 'open') return expiresAt > portal.getIssuer().now() ? 'OPEN' : 'EXPIRED';
      return state === 'accepted' ? 'ACCEPTED' : 'REVOKED';
    },
    invitedBy: async ({ inviterId }, _args, ctx) =>
      inviterId === null ? null : ((await portal.findAccount(ctx, inviterId)) ?? null),
  };
}

export function createInviteStaff(portal: Portal): NonNullable<MutationResolvers['inviteStaff']> {
  return async (_parent, { input }, ctx) => {
    requirePortal(ctx.session, 'staff:write');
    assertMail(portal);
    const email = normalizeEmail(input.email);
    if (email === undefined) throw badInput('email', 'This is not an e-mail address.');
    const fullName = readFullName(input.fullName);
    if (fullName === '') throw badInput('fullName', 'Give the name of the new member.');
    const language = readLanguage(input.language) ?? null;
    const { role } = input;
    return asStaffManager(portal, ctx, [], async (trx, { issuer, actor, now }) => {
      if (!mayGrant(actor.role, role)) throw new RefusalError('authz.role.deny');
      await assertNotStaff(trx, email);
      await revokeExpiredInvitation(trx, email, now);
      const token = createInvitationToken();
      const { tenantId } = ctx;
      const asked = { tenantId, email, fullName, role, language, inviterId: actor.id, tokenHash: token.hash };
      const invitation = await insertInvitation(trx, asked, now);
      if (!invitation) {
        throw badInput(
          'email',
          'This address was invited already: send that invitation again, or revoke it.',
        );
      }
      await sendInvitation(trx, issuer, { tenantId, invitation, inviter: actor.fullName, token: token.text });
      await audit(trx, 'auth.staff.invited', ctx, invitation);
      return invitation;
    });
  };
}

export function createResendInvitation(portal: Portal): NonNullable<MutationResolvers['resendInvitation']> {
  return async (_parent, { id }, ctx) => {
    requirePortal(ctx.session, 'staff:write');
    assertMail(portal);
    return onInvitation(portal, ctx, id, async (trx, { id, email, role }, { issuer, actor, now }) => {
      if (!mayGrant(actor.role, role)) throw new RefusalError('authz.role.deny');
      await assertNotStaff(trx, email, 'id');
      const token = createInvitationToken();
      const renewal = { id, inviterId: actor.id, tokenHash: token.hash, now };
      const invitation = await renewInvitation(trx, renewal);
      if (!invitation) throw badInput('id', 'This invitation was accepted or revoked.');
      const { tenantId } = ctx;
      await sendInvitation(trx, issuer, { tenantId, invitation, inviter: actor.fullName, token: token.text });
      await audit(trx, 'auth.staff.invitation_resent', ctx, invitation);
      return invitation;
    });
  };
}

export function createRevokeInvitation(portal: Portal): NonNullable<MutationResolvers['revokeInvitation']> {
  return async (_parent, { id }, ctx) => {
    requirePortal(ctx.session, 'staff:write');
    return onInvitation(portal, ctx, id, async (trx, found, { now }) => {
      if (found.state === 'revoked') return found;
      const revoked = await revokeInvitationById(trx, found.id, now);
      if (!revoked) throw badInput('id', 'This invitation was accepted: deactivate the member.');
      await audit(trx, 'auth.staff.invitation_revoked', ctx, revoked);
      return revoked;
    });
  };
}

/** @throws {RefusalError} input.id; authz.role.deny for one to a role above the actor's */
function onInvitation(
  portal: Portal,
  ctx: GraphqlContext,
  input: string,
  change: (trx: Trx, invitation: Invitation, manager: StaffManager) => Promise<Invitation>,
): Promise<Invitation> {
  const id = readId('id', input);
  return asStaffManager(portal, ctx, [], async (trx, manager) => {
    const invitation = await lockInvitation(trx, id);
    if (!invitation) throw badInput('id', 'There is no such invitation.');
    if (!mayManage(manager.actor.role, invitation.role)) throw new RefusalError('authz.role.deny');
    return change(trx, invitation, manager);
  });
}

/** Staff may know who is staff. */
async function assertNotStaff(trx: Trx, email: string, field: 'email' | 'id' = 'email'): Promise<void> {
  const found = await findAccountByEmail(trx, portalTables, listEmailSpellings(email));
  if (!found) return;
  throw badInput(
    field,
    found.account.isActive
      ? 'This is the address of a member of staff.'
      : 'This is the address of a deactivated member of staff: reactivate the member.',
  );
}

type Sending = { tenantId: string; invitation: Invitation; inviter: string; token: string };

async function sendInvitation(
  trx: Trx,
  issuer: StaffManager['issuer'],
  { tenantId, invitation, inviter, token }: Sending,
): Promise<void> {
  const { email, role, language } = invitation;
  const link = linkTo(issuer, 'acceptInvitation', token);
  await queueMail(trx, issuer, {
    tenantId,
    to: email,
    template: 'staff-invitation',
    language: language ?? undefined,
    values: { inviter, role, link, validFor: staffInvitationSeconds },
  });
}

/** No address: the invitation's row has it, for a while. */
function audit(
  trx: Trx,
  kind: 'auth.staff.invited' | 'auth.staff.invitation_resent' | 'auth.staff.invitation_revoked',
  ctx: GraphqlContext,
  { id, role }: Invitation,
): Promise<void> {
  return writeAuditEvent(trx, auditStaff(kind, ctx, undefined, { invitation: id, role }));
}

/** Who invites must not get the link: it makes an account that is somebody else's. */
function assertMail({ getIssuer }: Portal): void {
  if (getIssuer().mail) return;
  throw new RefusalError('authz.permission.deny', {
    text: 'No mail is configured here. An operator makes invitations with `npm run db -- create-staff`.',
  });
}
