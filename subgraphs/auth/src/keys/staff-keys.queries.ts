import type { Database } from '@signet/db';
import type { Platform, SigningAlgorithm } from '@signet/schema/contract';
import { type Kysely, sql, type Transaction } from 'kysely';

/*
 * What staff's auth process knows of the keys of both platforms, and asks for. It has no right to the customers' rows: functions of the
 * database answer (migration 0037), none of which returns a private half.
 */

export type AdministeredKey = {
  kid: string;
  algorithm: SigningAlgorithm;
  state: 'next' | 'active' | 'retiring' | 'retired';
  published_at: Date;
  activated_at: Date | null;
  retire_at: Date | null;
  promote_at: Date | null;
  imported: boolean;
  token_seconds: number;
  revoked_at: Date | null;
};

/** Who holds tokens that a key signed. */
export type KeyUse = { kid: string; sessions: number; impersonations: number; services: number };

type Manager = { staffId: string; sessionId: string };

/** A platform's keys: the one that waits, the one that signs, those that signed, and the latest of those that are gone. */
export async function listKeysOf(
  db: Kysely<Database>,
  platform: Platform,
  { mostRetired }: { mostRetired: number },
): Promise<AdministeredKey[]> {
  const { rows } = await sql<AdministeredKey>`
    select * from auth.list_signing_keys(${platform}, ${mostRetired})
  `.execute(db);
  return rows;
}

/** Of the keys whose tokens may live. Reads every live session of the platform. */
export async function countKeyUse(db: Kysely<Database>, platform: Platform): Promise<KeyUse[]> {
  const { rows } = await sql<KeyUse>`
    select kid, sessions::integer, impersonations::integer, services::integer
    from ${sql.raw(`auth.${platform}_signing_key_use`)}()
  `.execute(db);
  return rows;
}

/** `replaced`: another key signs by now. `asked`: somebody has asked already. `incomplete`: no key waits, at this moment. */
export async function requestRotation(
  trx: Transaction<Database>,
  { staffId, sessionId }: Manager,
  { platform, signing }: { platform: Platform; signing: string },
): Promise<'done' | 'asked' | 'replaced' | 'incomplete'> {
  const { rows } = await sql<{ outcome: 'done' | 'asked' | 'replaced' | 'incomplete' }>`
    select auth.request_key_rotation(${staffId}, ${sessionId}, ${platform}, ${signing}) as outcome
  `.execute(trx);
  return rows[0]?.outcome ?? 'incomplete';
}

/** `again`: it was revoked before. `inFiles`: the platform's keys are not in the database, so nothing is known of them there. */
export async function requestRevocation(
  trx: Transaction<Database>,
  { staffId, sessionId }: Manager,
  { platform, kid, inFiles }: { platform: Platform; kid: string; inFiles: boolean },
): Promise<'done' | 'again' | 'unknown'> {
  const { rows } = await sql<{ outcome: 'done' | 'again' | 'unknown' }>`
    select outcome from auth.request_key_revocation(${staffId}, ${sessionId}, ${platform}, ${kid}, ${inFiles})
  `.execute(trx);
  return rows[0]?.outcome ?? 'unknown';
}
