import { hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '@signet/db';
import { badInput, type RefusalError } from '@signet/service';
import { sql, type Transaction } from 'kysely';
import { z } from 'zod';
import type { Account } from '../accounts/account.ts';
import { addSeconds } from '../dates.ts';
import { openBytes, sealBytes } from '../keys/sealed-bytes.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { personSchema } from './provider-claims.ts';
import { hashOf } from './sign-in-state.ts';

type Trx = Transaction<Database>;

/** Between the browser's return and the frontend's request. */
const resultSeconds = 60;
const codeForm = /^[\w-]{43}$/;
/** RFC 7636, section 4.1. */
const verifierForm = /^[A-Za-z0-9._~-]{43,128}$/;
/** BASE64URL of a SHA-256 (RFC 7636, section 4.2). `plain` is not taken. */
export const challengeForm = /^[\w-]{43}$/;

const resultSchema = z.strictObject({
  person: personSchema,
  /** Of the frontend that began. */
  challenge: z.string(),
  /** When the browser went to the provider. Milliseconds since 1970, by the database's clock, as the next one. */
  begunAt: z.number().default(0),
  /** Before the provider was asked for the tokens: what was decided about the person since then counts, and not what it says. */
  since: z.number(),
});
/** What a sign-in at a provider came to. */
export type UpstreamResult = z.output<typeof resultSchema>;
/** What it is for: a code of one is unknown to the other. */
export type UpstreamPurpose = 'sign_in' | 'link';

/**
 * Keeps a result for the frontend that began.
 *
 * @returns its code: 256 random bits, stored as SHA-256. The row is sealed under a key from them.
 */
export async function keepResult<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  { tenantId, purpose, result }: { tenantId: string; purpose: UpstreamPurpose; result: UpstreamResult },
): Promise<string> {
  const code = randomBytes(32).toString('base64url');
  const sealed = sealBytes(Buffer.from(JSON.stringify(result)), Buffer.from(tenantId), keyOf(code));
  await sql`
    insert into ${tables.upstreamResult} (code_hash, tenant_id, sealed_claims, expires_at)
    values (${hashOfCode(code, purpose)}, ${tenantId}, ${sealed}, ${addSeconds(now(), resultSeconds)})
  `.execute(trx);
  return code;
}

type Taking = { tenantId: string; code: string; verifier: string; purpose: UpstreamPurpose };

/**
 * Takes a result out, whatever is wrong with the verifier: a code is tried once. Run it in a transaction of its own, so that a later refusal does not
 * give the code back.
 *
 * @returns undefined for a code that is unknown in the tenant or for the purpose, used or over, and for another frontend's.
 */
export async function takeResult<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  { tenantId, code, verifier, purpose }: Taking,
): Promise<UpstreamResult | undefined> {
  if (!codeForm.test(code)) return undefined;
  const { rows } = await sql<{ sealed: Buffer }>`
    delete from ${tables.upstreamResult} where code_hash = ${hashOfCode(code, purpose)} and expires_at > ${now()}
    returning sealed_claims as sealed
  `.execute(trx);
  const opened = rows[0] && openBytes(rows[0].sealed, Buffer.from(tenantId), [keyOf(code)]);
  if (!opened) return undefined;
  const result = resultSchema.parse(JSON.parse(opened.content.toString()));
  return isVerified(result, verifier) ? result : undefined;
}

/** What every code gets that completes nothing. */
export function signInIsOver(): RefusalError {
  return badInput('code', 'This sign-in is over, was used before, or began in another browser. Begin again.');
}

/** RFC 7636, section 4.6, with S256. */
function isVerified({ challenge }: UpstreamResult, verifier: string): boolean {
  if (!verifierForm.test(verifier)) return false;
  return timingSafeEqual(hashOf(verifier), Buffer.from(challenge, 'base64url'));
}

function hashOfCode(code: string, purpose: UpstreamPurpose): Buffer {
  return hashOf(`${purpose} ${code}`);
}

function keyOf(code: string): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(code, 'base64url'), '', 'signet upstream result', 32));
}
