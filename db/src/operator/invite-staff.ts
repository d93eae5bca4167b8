import { createHash, randomBytes } from 'node:crypto';
import { acceptInvitationPath, staffInvitationSeconds } from '@signet/schema/contract';
import {
  asOwner,
  auditOperator,
  enterTenant,
  type NewStaffMember,
  parse,
  staffSchema,
} from './create-accounts.ts';
import { OperatorError } from './operator-database.ts';

export type StaffInvitation = { email: string; role: string; tenant: string; link: string; expiresAt: Date };

/**
 * Invites somebody to the staff in the name of the operator: the first super_admin, who then invites the others. An earlier open
 * invitation of the address ends.
 *
 * @param appUrl the staff's frontend, PORTAL_APP_URL.
 * @returns the link, which makes the account of whoever opens it first. It is nowhere else: never log it.
 * @throws {OperatorError}
 */
export async function inviteStaff(
  { adminUrl, appUrl }: { adminUrl: string; appUrl: string | undefined },
  member: NewStaffMember,
): Promise<StaffInvitation> {
  const { tenant, email, fullName, role } = parse(staffSchema, member);
  if (appUrl === undefined) {
    throw new OperatorError(
      "PORTAL_APP_URL is not set: the address of the staff's frontend, to which the link leads. Without one, use --with-password.",
    );
  }
  const token = randomBytes(32).toString('base64url');
  const expiresAt = await asOwner(adminUrl, async (trx) => {
    const tenantId = await enterTenant(trx, tenant);
    const own = { tenant_id: tenantId, email };
    const isStaff = await trx
      .selectFrom('auth.portal_user')
      .select('id')
      .where('tenant_id', '=', tenantId)
      .where('email', '=', email)
      .executeTakeFirst();
    if (isStaff) return undefined;
    const now = new Date();
    await trx
      .updateTable('auth.portal_invitation')
      .set({ state: 'revoked', settled_at: now })
      .where('tenant_id', '=', tenantId)
      .where('email', '=', email)
      .where('state', '=', 'open')
      .execute();
    const made = await trx
      .insertInto('auth.portal_invitation')
      .values({
        ...own,
        full_name: fullName,
        role,
        token_hash: createHash('sha256').update(token).digest(),
        created_at: now,
        sent_at: now,
        expires_at: new Date(now.getTime() + staffInvitationSeconds * 1000),
      })
      .returning(['id', 'expires_at'])
      .executeTakeFirstOrThrow();
    await auditOperator(trx, {
      kind: 'auth.staff.invited',
      tenantId,
      details: { invitation: made.id, role },
    });
    return made.expires_at;
  });
  if (!expiresAt) throw new OperatorError(`${email} is staff of '${tenant}' already; nothing was changed.`);
  const link = `${appUrl.replace(/\/+$/, '')}${acceptInvitationPath}#token=${token}`;
  return { email, role, tenant, link, expiresAt };
}
