import { createHash, randomBytes } from 'node:crypto';
import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import type { Challenge, ChallengeMethod } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import { sql, type Transaction } from 'kysely';
import { lockAccountForChange } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { addSeconds } from '../dates.ts';
import { findLiveDevice } from '../devices/device.queries.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { runAttempt } from '../throttle/attempt.ts';
import { type FirstFactor, firstFactorOf, type UpstreamProof } from '../upstream/upstream-session.ts';

type Trx = Transaction<Database>;

const lifetimeSeconds = 300;
/** Wrong answers to one challenge. A new one needs the password again. */
const maxAttempts = 5;
const idForm = /^[\w-]{43}$/;

type Asked<A> = {
  tenantId: string;
  account: A;
  methods: readonly ChallengeMethod[];
  client: SessionClient;
  /** What an identity provider proved in place of a password. */
  upstream?: UpstreamProof | undefined;
};

/**
 * Asks somebody who has just typed the right password, or signed in at an identity provider, for more. The account's row is locked. The challenge is bound to platform, tenant
 * and account, and dies with a change of the password.
 *
 * @returns what `auth.challenge_required` says. The id is 256 random bits, stored as SHA-256.
 */
export async function openChallenge<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { tenantId, account, methods, client, upstream }: Asked<A>,
): Promise<Challenge> {
  const id = randomBytes(32).toString('base64url');
  const createdAt = issuer.now();
  const expiresAt = addSeconds(createdAt, lifetimeSeconds);
  await sql`
    insert into ${issuer.tables.challenge}
      (id_hash, tenant_id, account_id, password_version, methods, created_at, expires_at, upstream)
    values (${hashOf(id)}, ${tenantId}, ${account.id}, ${account.passwordVersion}, ${[...methods]}::text[], ${createdAt},
      ${expiresAt}, ${upstream ? JSON.stringify(upstream) : null}::jsonb)
  `.execute(trx);
  const owner = { tenantId, accountId: account.id, client };
  const event = auditOwn('auth.challenge.opened', issuer, owner, { methods: methods.join(' ') });
  await writeAuditEvent(trx, event);
  return { id, methods, expiresAt: expiresAt.toISOString() };
}

/** An open challenge. `data`: what a method keeps in it until it is answered. */
export type OpenChallenge<A> = {
  account: A;
  methods: readonly ChallengeMethod[];
  data: Readonly<Record<string, unknown>>;
  /** What was proven before it was asked. */
  first: FirstFactor;
};

/** @returns undefined, whatever is wrong: unknown here, of another tenant, over, used, or of an account that changed since. */
export async function findChallenge<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  id: string,
): Promise<OpenChallenge<A> | undefined> {
  return useOrFind(trx, { tables, now }, id, 'find');
}

/** Keeps something in a challenge for its answer, in place of what was kept. */
export async function keepInChallenge<A extends Account>(
  trx: Trx,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  id: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  await sql`
    update ${tables.challenge} set data = ${JSON.stringify(data)} where id_hash = ${hashOf(id)}`.execute(trx);
}

type Answer = {
  tenantId: string;
  id: string;
  client: SessionClient;
  /** What the client sent as its device token: devices that are known have a counter of their own. */
  deviceToken: string | undefined;
};

/**
 * Answers a challenge. Counts the attempt, for the challenge and for the account, before `answer` runs, in the transaction that uses
 * the challenge up; the account's row is locked. A refusal that `answer` throws is a wrong answer: the challenge stays, with one attempt
 * fewer. Of callers at once exactly one gets a result.
 *
 * @throws {RefusalError} input.challenge, auth.throttled, and what `answer` throws
 */
export async function answerChallenge<A extends Account, T>(
  issuer: PlatformIssuer<A>,
  { tenantId, id, client, deviceToken }: Answer,
  answer: (trx: Trx, challenge: OpenChallenge<A>) => Promise<T>,
): Promise<T> {
  const { db, throttle } = issuer;
  const found = await readInTenant(db, tenantId, (trx) => findChallenge(trx, issuer, id));
  if (!found) throw badChallenge();
  const { account } = found;
  const device = await readInTenant(db, tenantId, (trx) => findLiveDevice(trx, issuer, account, deviceToken));
  return runAttempt(await throttle.beginFactor(account.id, device), async (markWrong) => {
    if (!(await inTenant(db, tenantId, (trx) => countAttempt(trx, issuer, id)))) throw badChallenge();
    let isAnswered = false;
    try {
      return await inTenant(db, tenantId, async (trx) => {
        const open = await useOrFind(trx, issuer, id, 'use');
        if (!open) throw badChallenge();
        isAnswered = true;
        return answer(trx, open);
      });
    } catch (error) {
      if (isAnswered && error instanceof RefusalError) {
        markWrong();
        const owner = { tenantId, accountId: account.id, client };
        const event = auditOwn('auth.challenge.failed', issuer, owner, { reason: error.reason });
        await inTenant(db, tenantId, (trx) => writeAuditEvent(trx, event));
      }
      throw error;
    }
  });
}

/** Committed before the answer is looked at, so that no error gives an attempt back. */
async function countAttempt<A extends Account>(
  trx: Trx,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  id: string,
): Promise<boolean> {
  const { rows } = await sql`
    update ${tables.challenge} set attempts = attempts + 1
    where id_hash = ${hashOf(id)} and attempts < ${maxAttempts} returning attempts
  `.execute(trx);
  return rows.length === 1;
}

type Stored = Pick<OpenChallenge<Account>, 'methods' | 'data'> & {
  passwordVersion: number;
  upstream: unknown;
};

/** First the account: everything else that changes it takes its lock first too. */
async function useOrFind<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  id: string,
  way: 'use' | 'find',
): Promise<OpenChallenge<A> | undefined> {
  if (!idForm.test(id)) return undefined;
  const live = sql`id_hash = ${hashOf(id)} and expires_at > ${now()}`;
  const columns = sql<Stored>`methods, data, upstream, password_version as "passwordVersion"`;
  const owners = await sql<{ accountId: string }>`
    select account_id as "accountId" from ${tables.challenge} where ${live}`.execute(trx);
  const accountId = owners.rows[0]?.accountId;
  if (accountId === undefined) return undefined;
  const account = await (way === 'use'
    ? lockAccountForChange(trx, tables, accountId)
    : findAccount(trx, tables, accountId));
  const { rows } = await (way === 'use'
    ? sql<Stored>`delete from ${tables.challenge} where ${live} returning ${columns}`
    : sql<Stored>`select ${columns} from ${tables.challenge} where ${live}`
  ).execute(trx);
  const [stored] = rows;
  if (!stored || !account?.isActive || account.passwordVersion !== stored.passwordVersion) return undefined;
  const { methods, data, upstream } = stored;
  return { account, methods, data, first: firstFactorOf(upstream) };
}

/** Ends what was begun at the account: no challenge of before can be answered. For an account whose row the transaction has locked. */
export async function endChallengesOf<A extends Account>(
  trx: Trx,
  tables: PlatformIssuer<A>['tables'],
  accountId: string,
): Promise<void> {
  await sql`delete from ${tables.challenge} where account_id = ${accountId}`.execute(trx);
}

async function findAccount<A extends Account>(
  trx: Trx,
  tables: PlatformIssuer<A>['tables'],
  id: string,
): Promise<A | undefined> {
  const { rows } = await sql<A>`
    select ${tables.accountColumns} from ${tables.account} where id = ${id}`.execute(trx);
  return rows[0];
}

/** One refusal for every challenge that can't be answered. */
export function badChallenge(): RefusalError {
  return badInput('challenge', 'This challenge is over or unknown. Sign in again.');
}

function hashOf(id: string): Buffer {
  return createHash('sha256').update(id).digest();
}
