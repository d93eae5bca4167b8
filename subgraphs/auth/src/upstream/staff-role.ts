import { type Database, writeAuditEvent } from '@signet/db';
import { staffRoles } from '@signet/schema/contract';
import type { Transaction } from 'kysely';
import { portalTables, type StaffAccount } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { endChallengesOf } from '../challenges/challenge.ts';
import { revokeInvitationsOf } from '../invitations/invitation.queries.ts';
import { mayGrant } from '../operations/manage-staff.ts';
import { insertStaffMember, noteRoleWord, setStaffRole } from '../operations/staff.queries.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { endSessionsOf, type SessionClient } from '../sessions/session.queries.ts';
import type { CreateAccount } from './person-account.ts';
import type { Person } from './provider-claims.ts';
import { signInIsOver } from './upstream-result.ts';

type Issuer = PlatformIssuer<StaffAccount>;

/** A member of staff whom the provider gives a role. */
export const createStaffOf: CreateAccount<StaffAccount> = async (
  trx,
  issuer,
  { tenantId, client, person, password },
) => {
  const { email, fullName, role, provider } = person;
  if (!role) return undefined;
  const account = await insertStaffMember(trx, {
    tenantId,
    email,
    fullName: fullName || email,
    role,
    language: null,
    password,
  });
  if (!account) return undefined;
  const event = auditOwn('auth.staff.joined', issuer, { tenantId, accountId: account.id, client });
  await writeAuditEvent(trx, { ...event, details: { role, provider } });
  return account;
};

type Settling = {
  account: StaffAccount;
  tenantId: string;
  client: SessionClient;
  person: Person;
  /** When the provider was asked, in milliseconds since 1970, by the database's clock. */
  since: number;
};

/**
 * Gives a member, whose row is locked, the role that the provider says now, as `changeStaffRole` would: sessions end, and invitations to
 * roles above it. What it said before the last decision about the role would take that back, and is refused.
 *
 * @throws {RefusalError} input.code
 * @returns undefined for somebody who has none any more. Their sessions have ended, so that the transaction must commit.
 */
export async function settleRole(
  trx: Transaction<Database>,
  issuer: Issuer,
  { account, tenantId, client, person, since }: Settling,
): Promise<StaffAccount | undefined> {
  const { role, provider } = person;
  if (role === undefined) return account;
  if (!(await noteRoleWord(trx, account.id, new Date(since)))) throw signInIsOver();
  if (role === account.role) return account;
  const now = issuer.now();
  const ended = await endSessionsOf(trx, portalTables, account.id, { reason: 'role', now });
  const subject = { tenantId, accountId: account.id, client };
  if (role === null) {
    await endChallengesOf(trx, portalTables, account.id);
    const details = { cause: 'no_role', provider, ended };
    await writeAuditEvent(trx, auditOwn('auth.login.failure', issuer, subject, details));
    return undefined;
  }
  await setStaffRole(trx, account.id, role);
  const lost = staffRoles.filter((invited) => !mayGrant(role, invited));
  const invitations = await revokeInvitationsOf(trx, account.id, lost, now);
  const details = { from: account.role, to: role, provider, ...(invitations > 0 && { invitations }) };
  // The provider did it, and nobody here.
  await writeAuditEvent(trx, {
    ...auditOwn('authz.role.changed', issuer, subject, details),
    actorId: undefined,
  });
  return { ...account, role };
}
