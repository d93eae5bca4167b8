import type { Database } from '@signet/db';
import { type StaffRole, staffInvitationSeconds } from '@signet/schema/contract';
import type { PageRequest } from '@signet/subgraph';
import { sql, type Transaction } from 'kysely';
import { addSeconds } from '../dates.ts';

type Trx = Transaction<Database>;

/** Somebody who was asked to join the staff. An expired one stays `open`, for whoever sends it again. */
export type Invitation = {
  id: string;
  email: string;
  fullName: string;
  role: StaffRole;
  language: string | null;
  /** Null for an operator. */
  inviterId: string | null;
  state: 'open' | 'accepted' | 'revoked';
  createdAt: Date;
  sentAt: Date;
  expiresAt: Date;
};

const columns = sql<Invitation>`
  id, email, full_name as "fullName", role, language, inviter_id as "inviterId", state, created_at as "createdAt",
  sent_at as "sentAt", expires_at as "expiresAt"`;

export type NewInvitation = Pick<Invitation, 'email' | 'fullName' | 'role' | 'inviterId' | 'language'> & {
  tenantId: string;
  tokenHash: Buffer;
};

/** @returns undefined where the address has an open one, also one that was made at the same moment. */
export async function insertInvitation(
  trx: Trx,
  { tenantId, email, fullName, role, language, inviterId, tokenHash }: NewInvitation,
  now: Date,
): Promise<Invitation | undefined> {
  const { rows } = await sql<Invitation>`
    insert into auth.portal_invitation
      (tenant_id, email, full_name, role, language, inviter_id, token_hash, created_at, sent_at, expires_at)
    values (${tenantId}, ${email}, ${fullName}, ${role}, ${language}, ${inviterId}, ${tokenHash}, ${now}, ${now},
      ${addSeconds(now, staffInvitationSeconds)})
    on conflict (tenant_id, email) where state = 'open' do nothing
    returning ${columns}
  `.execute(trx);
  return rows[0];
}

/** Locks the row: what is done to an invitation is done once. */
export async function lockInvitation(trx: Trx, id: string): Promise<Invitation | undefined> {
  const { rows } = await sql<Invitation>`
    select ${columns} from auth.portal_invitation where id = ${id} for update`.execute(trx);
  return rows[0];
}

/** One that could be accepted at this time. */
export async function findOpenInvitation(
  trx: Trx,
  tokenHash: Buffer,
  now: Date,
): Promise<Invitation | undefined> {
  const { rows } = await sql<Invitation>`
    select ${columns} from auth.portal_invitation
    where token_hash = ${tokenHash} and state = 'open' and expires_at > ${now}`.execute(trx);
  return rows[0];
}

/** Uses a token up: of callers at once exactly one gets the invitation. */
export async function acceptOpenInvitation(
  trx: Trx,
  tokenHash: Buffer,
  now: Date,
): Promise<Invitation | undefined> {
  const { rows } = await sql<Invitation>`
    update auth.portal_invitation set state = 'accepted', settled_at = ${now}
    where token_hash = ${tokenHash} and state = 'open' and expires_at > ${now}
    returning ${columns}`.execute(trx);
  return rows[0];
}

type Renewal = { id: string; inviterId: string; tokenHash: Buffer; now: Date };

/** Gives an open invitation another token and its full time again. Who sends it answers for it. */
export async function renewInvitation(
  trx: Trx,
  { id, inviterId, tokenHash, now }: Renewal,
): Promise<Invitation | undefined> {
  const { rows } = await sql<Invitation>`
    update auth.portal_invitation
    set inviter_id = ${inviterId}, token_hash = ${tokenHash}, sent_at = ${now},
      expires_at = ${addSeconds(now, staffInvitationSeconds)}
    where id = ${id} and state = 'open'
    returning ${columns}`.execute(trx);
  return rows[0];
}

export async function revokeInvitationById(trx: Trx, id: string, now: Date): Promise<Invitation | undefined> {
  const { rows } = await sql<Invitation>`
    update auth.portal_invitation set state = 'revoked', settled_at = ${now} where id = ${id} and state = 'open'
    returning ${columns}`.execute(trx);
  return rows[0];
}

/** An address that was invited and did not come can be invited anew. */
export async function revokeExpiredInvitation(trx: Trx, email: string, now: Date): Promise<void> {
  await sql`
    update auth.portal_invitation set state = 'revoked', settled_at = ${now}
    where email = ${email} and state = 'open' and expires_at <= ${now}`.execute(trx);
}

/**
 * Ends what a member of staff has asked others to: all of it, or the invitations to some roles.
 *
 * @returns how many there were.
 */
export async function revokeInvitationsOf(
  trx: Trx,
  inviterId: string,
  roles: readonly StaffRole[],
  now: Date,
): Promise<number> {
  const { rows } = await sql`
    update auth.portal_invitation set state = 'revoked', settled_at = ${now}
    where id in (
      select id from auth.portal_invitation
      where inviter_id = ${inviterId} and state = 'open' and role = any(${roles}::text[]) order by id for update
    )
    returning id`.execute(trx);
  return rows.length;
}

/** A page by e-mail, with one row more than asked for where there is a next page. */
export async function findInvitationPage(
  trx: Trx,
  { first, after }: PageRequest<string>,
): Promise<Invitation[]> {
  const follows = after ? sql`(email, id) > (${after.key}, ${after.id})` : sql`true`;
  const { rows } = await sql<Invitation>`
    select ${columns} from auth.portal_invitation where ${follows} order by email, id limit ${first + 1}
  `.execute(trx);
  return rows;
}
