import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { sql, type Transaction } from 'kysely';
import { z } from 'zod';
import type { Account } from '../accounts/account.ts';
import { addSeconds } from '../dates.ts';
import { openBytes, sealBytes } from '../keys/sealed-bytes.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';

/** For how long a person may take at the provider. */
export const stateSeconds = 600;
/** Providers differ in how much they take. */
const maxStateLength = 2000;

const stateSchema = z.strictObject({
  /** Of this sign-in: nonce and code verifier follow from it. */
  id: z.string(),
  provider: z.string(),
  purpose: z.enum(['sign_in', 'link']),
  returnTo: z.string(),
  /** BASE64URL(SHA-256(verifier)) of the frontend, which completes the sign-in with the verifier (RFC 7636, section 4.2). */
  challenge: z.string(),
  /** SHA-256 of the secret in the browser's cookie. */
  browser: z.string(),
  /** `max_age` as it was asked for. */
  maxAge: z.number().optional(),
  /** Milliseconds since 1970. */
  startedAt: z.number(),
});

/** What `state` holds while a person is at the provider (RFC 6749, section 4.1.1). */
export type SignInState = z.output<typeof stateSchema>;

/** What goes to the provider beside the state, and what the code is exchanged with. Nobody can tell them from the state. */
export type StateSecrets = { nonce: string; codeVerifier: string };

/** A platform's states. */
export type SignInStates = {
  create(state: Omit<SignInState, 'id'>): { text: string } & StateSecrets;
  /** Undefined for one that is over, another platform's, and any other text. */
  open(text: string, now: Date): (SignInState & StateSecrets & { expiresAt: Date }) | undefined;
};

/**
 * A state is sealed and not stored: to begin a sign-in costs no row, whoever begins how many. `useState` keeps those that came back.
 *
 * @param secrets the first seals, all open.
 */
export function createSignInStates(secrets: readonly Uint8Array[], platform: Platform): SignInStates {
  const keys = secrets.map((secret) => derive(secret, `signet upstream state ${platform}`));
  const binding = Buffer.from(`upstream state ${platform}`);
  const secretsOf = (key: Buffer, id: string): StateSecrets => ({
    nonce: createHmac('sha256', key).update(`nonce ${id}`).digest('base64url'),
    codeVerifier: createHmac('sha256', key).update(`code verifier ${id}`).digest('base64url'),
  });
  return {
    create(state) {
      const key = keys[0] as Buffer;
      const id = randomBytes(16).toString('base64url');
      const sealed = sealBytes(Buffer.from(JSON.stringify({ ...state, id })), binding, key);
      return { text: sealed.toString('base64url'), ...secretsOf(key, id) };
    },
    open(text, now) {
      if (text.length > maxStateLength) return undefined;
      const sealed = Buffer.from(text, 'base64url');
      // One text for each state: another spelling of the same bytes must not be used once more.
      if (sealed.toString('base64url') !== text) return undefined;
      const opened = openBytes(sealed, binding, keys);
      if (!opened) return undefined;
      const state = stateSchema.parse(JSON.parse(opened.content.toString()));
      const expiresAt = addSeconds(new Date(state.startedAt), stateSeconds);
      if (expiresAt <= now) return undefined;
      return { ...state, ...secretsOf(keys[opened.keyIndex] as Buffer, state.id), expiresAt };
    },
  };
}

/**
 * Marks a state as used: of callers at once, in any number of processes, exactly one gets the time, by the database's clock. Undefined for
 * the others.
 */
export async function useState<A extends Account>(
  trx: Transaction<Database>,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  { tenantId, id, expiresAt }: { tenantId: string; id: string; expiresAt: Date },
): Promise<Date | undefined> {
  const { rows } = await sql<{ usedAt: Date }>`
    insert into ${tables.upstreamState} (tenant_id, state_hash, expires_at)
    values (${tenantId}, ${hashOf(id)}, ${expiresAt}) on conflict do nothing
    returning now() as "usedAt"
  `.execute(trx);
  return rows[0]?.usedAt;
}

/** Whether the cookie's secret is that of the browser which began. */
export function isSameBrowser({ browser }: Pick<SignInState, 'browser'>, secret: string): boolean {
  return timingSafeEqual(hashOf(secret), Buffer.from(browser, 'base64url'));
}

export function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function derive(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
}
