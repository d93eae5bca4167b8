import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { sql, type Transaction } from 'kysely';

type Trx = Transaction<Database>;

export type Registration = {
  email: string;
  fullName: string;
  language: string | null;
  password: PasswordHash;
  /** SHA-256 of the challenge that the one who registered got. */
  challengeHash: Buffer;
};
type NewRegistration = Omit<Registration, 'challengeHash'> & {
  tenantId: string;
  createdAt: Date;
  expiresAt: Date;
};

const tokenForm = /^[A-Za-z0-9_-]{43}$/;

/**
 * Keeps a registration until its mail is answered. `token` travels in the mail, `challenge` in the answer to the one who registered; both
 * are 256 random bits, stored as SHA-256, and nowhere else: never log them.
 */
export async function insertRegistration(
  trx: Trx,
  { tenantId, email, fullName, language, password, createdAt, expiresAt }: NewRegistration,
): Promise<{ token: string; challenge: string }> {
  const [token, challenge] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  await sql`
    insert into auth.user_registration
      (token_hash, challenge_hash, tenant_id, email, full_name, language, password_hash, pepper_id, created_at, expires_at)
    values (${hashOf(token)}, ${hashOf(challenge)}, ${tenantId}, ${email}, ${fullName}, ${language}, ${password.hash},
      ${password.pepperId}, ${createdAt}, ${expiresAt})
  `.execute(trx);
  return { token, challenge };
}

/** Reads a registration of the transaction's tenant by the token of its mail. */
export async function findRegistration(
  trx: Trx,
  token: string,
  now: Date,
): Promise<Registration | undefined> {
  if (!tokenForm.test(token)) return undefined;
  const { rows } = await sql<Omit<Registration, 'password'> & { password_hash: string; pepper_id: string }>`
    select email, full_name as "fullName", language, password_hash, pepper_id, challenge_hash as "challengeHash"
    from auth.user_registration where token_hash = ${hashOf(token)} and expires_at > ${now}
  `.execute(trx);
  const [row] = rows;
  if (!row) return undefined;
  const { password_hash: hash, pepper_id: pepperId, ...registration } = row;
  return { ...registration, password: { hash, pepperId } };
}

/** Uses a registration up. Of callers at once exactly one gets true. */
export async function useRegistration(trx: Trx, token: string, now: Date): Promise<boolean> {
  const { rows } = await sql`
    delete from auth.user_registration where token_hash = ${hashOf(token)} and expires_at > ${now} returning 1
  `.execute(trx);
  return rows.length === 1;
}

/** The mailbox has an owner now: what others have asked for with its address is void. */
export async function endRegistrationsOf(trx: Trx, email: string): Promise<void> {
  await sql`delete from auth.user_registration where email = ${email}`.execute(trx);
}

/** What `challengeHash` and `token_hash` are. */
export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
