import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { addSeconds, toSeconds } from '../dates.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';

/** For how long a person may take. */
export const challengeSeconds = 300;

/** What a challenge is for. The answer to one is of no use for another. */
export type PasskeyPurpose = {
  tenantId: string;
  /** `registration`: to add a passkey; `factor`: beside a password, or to confirm who one is; `sign_in`: of anybody. */
  kind: 'registration' | 'factor' | 'sign_in';
  /** Whose; undefined to sign in. A change of the password ends it. */
  account?: Pick<Account, 'id' | 'passwordVersion'> | undefined;
};

/** A platform's challenges for authenticators (WebAuthn Level 3, section 13.4.3). */
export type PasskeyChallenges = {
  create(purpose: PasskeyPurpose, now: Date): string;
  /** Until when the challenge can be answered; undefined for one of another purpose, one that is over, and any other text. */
  read(text: string, purpose: PasskeyPurpose, now: Date): { expiresAt: Date } | undefined;
};

const randomLength = 16;
const timeLength = 4;
const macLength = 32;
const bodyLength = randomLength + timeLength;

/**
 * A challenge is random bits and the time of its end, under a MAC: pages with a sign-in ask for one at each visit, and no visit makes a
 * row. `useChallenge` keeps those that were answered.
 *
 * @param secrets the first signs, all are known.
 */
export function createPasskeyChallenges(
  secrets: readonly Uint8Array[],
  platform: Platform,
): PasskeyChallenges {
  const keys = secrets.map((secret) => derive(secret, `signet passkey challenges ${platform}`));
  const macOf = (key: Buffer, body: Buffer, { tenantId, kind, account }: PasskeyPurpose) =>
    createHmac('sha256', key)
      .update(body)
      .update(JSON.stringify([kind, tenantId, account?.id, account?.passwordVersion]))
      .digest();
  const isOurs = (bytes: Buffer, purpose: PasskeyPurpose) => {
    const [body, mac] = [bytes.subarray(0, bodyLength), bytes.subarray(bodyLength)];
    return keys.some((key) => timingSafeEqual(macOf(key, body, purpose), mac));
  };
  return {
    create(purpose, now) {
      const body = Buffer.alloc(bodyLength);
      randomBytes(randomLength).copy(body);
      body.writeUInt32BE(toSeconds(addSeconds(now, challengeSeconds)), randomLength);
      return Buffer.concat([body, macOf(keys[0] as Buffer, body, purpose)]).toString('base64url');
    },
    read(text, purpose, now) {
      const bytes = readBytes(text);
      if (!bytes || !isOurs(bytes, purpose)) return undefined;
      const expiresAt = new Date(bytes.readUInt32BE(randomLength) * 1000);
      return expiresAt > now ? { expiresAt } : undefined;
    },
  };
}

function readBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  // One text for each challenge: another spelling of the same bytes must not be used once more.
  return bytes.length === bodyLength + macLength && bytes.toString('base64url') === text ? bytes : undefined;
}

/** Marks a challenge as answered: of callers at once, in any number of processes, exactly one gets true. */
export async function useChallenge<A extends Account>(
  trx: Transaction<Database>,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  { tenantId, text, expiresAt }: { tenantId: string; text: string; expiresAt: Date },
): Promise<boolean> {
  const hash = createHash('sha256').update(text).digest();
  const { numAffectedRows } = await sql`
    insert into ${tables.usedPasskeyChallenge} (tenant_id, challenge_hash, expires_at)
    values (${tenantId}, ${hash}, ${expiresAt}) on conflict do nothing
  `.execute(trx);
  return numAffectedRows === 1n;
}

function derive(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
}
