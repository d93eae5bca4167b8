import type { Database } from '@signet/db';
import { findReason, type Platform } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import { otherValue, type ServiceMetrics } from '@signet/telemetry';
import { type Kysely, sql } from 'kysely';
import type { KeyRing } from '../keys/key-ring.ts';
import type { PasswordWorkers } from '../passwords/password-workers.ts';

/** What a platform of auth is measured by. Without metrics none of it exists. */
export type AuthMetrics = {
  /** Called with the ms that a password waited for a thread. */
  onPasswordWait(waitedMs: number): void;
  /** Called for each attempt that a throttle refused, with what it counts. */
  onThrottled(kind: string): void;
  onMail(outcome: 'sent' | 'retry' | 'given_up'): void;
  watchPasswords(workers: Pick<PasswordWorkers, 'queueLength'>): void;
  watchKeys(ring: Pick<KeyRing, 'listAges'>): void;
  /** Asks the database for the outbox and the audit log, at most every 5 s, and only when somebody scrapes. */
  watchDatabase(db: Kysely<Database>, options: { hasMail: boolean }): void;
  stop(): void;
};

/** The counts look at each row of the outbox. */
const sampleMaxAgeMs = 5000;

export function createAuthMetrics(
  metrics: ServiceMetrics,
  platform: Platform,
  now: () => number = () => performance.now(),
): AuthMetrics {
  const waits = metrics.histogram('signet_password_wait_seconds', platform);
  const mails = {
    sent: metrics.counter('signet_mails_total', platform, 'sent'),
    retry: metrics.counter('signet_mails_total', platform, 'retry'),
    given_up: metrics.counter('signet_mails_total', platform, 'given_up'),
  };
  const stops: (() => void)[] = [];
  return {
    onPasswordWait: (waitedMs) => waits.observe(waitedMs / 1000),
    onThrottled: (kind) => metrics.counter('signet_throttled_total', platform, kind).inc(),
    onMail: (outcome) => mails[outcome].inc(),
    watchPasswords(workers) {
      stops.push(
        metrics.sample('signet_password_queue_length', () => [
          { labels: [platform], value: workers.queueLength },
        ]),
      );
    },
    watchKeys(ring) {
      stops.push(
        metrics.sample('signet_signing_key_age_seconds', () =>
          ring.listAges().map(({ state, seconds }) => ({ labels: [platform, state], value: seconds })),
        ),
      );
    },
    watchDatabase(db, { hasMail }) {
      const readMails = cache(() => countMails(db, platform), now);
      const readUnsealed = cache(() => countUnsealed(db, platform), now);
      stops.push(
        metrics.sample('signet_audit_unsealed_rows', async () => [
          { labels: [platform], value: await readUnsealed() },
        ]),
      );
      if (!hasMail) return;
      stops.push(
        metrics.sample('signet_mail_outbox', async () => {
          const { waiting, givenUp } = await readMails();
          return [
            { labels: [platform, 'waiting'], value: waiting },
            { labels: [platform, 'given_up'], value: givenUp },
          ];
        }),
        metrics.sample('signet_mail_oldest_seconds', async () => [
          { labels: [platform], value: (await readMails()).oldestSeconds },
        ]),
      );
    },
    stop() {
      for (const stop of stops.splice(0)) stop();
    },
  };
}

/** One run at a time, whose result is used until it is too old. A run that fails is tried again. */
function cache<T>(read: () => Promise<T>, now: () => number): () => Promise<T> {
  let latest: Promise<T> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (latest && now() - readAt < sampleMaxAgeMs) return latest;
    readAt = now();
    const reading = read();
    latest = reading;
    reading.catch(() => {
      if (latest === reading) latest = undefined;
    });
    return reading;
  };
}

type MailCount = { state: string; count: number; oldestSeconds: number | null };

async function countMails(db: Kysely<Database>, platform: Platform) {
  const { rows } = await sql<MailCount>`
    select state, count, extract(epoch from now() - oldest)::float8 as "oldestSeconds"
    from ${sql.raw(`auth.count_${platform}_mails`)}()
  `.execute(db);
  const of = (state: string) => rows.find((row) => row.state === state);
  const queued = of('queued');
  return {
    waiting: queued?.count ?? 0,
    givenUp: of('dead')?.count ?? 0,
    oldestSeconds: Math.max(0, queued?.oldestSeconds ?? 0),
  };
}

async function countUnsealed(db: Kysely<Database>, platform: Platform): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from auth.audit_pending where platform = ${platform}
  `.execute(db);
  return rows[0]?.count ?? 0;
}

/** The mutations by which somebody gets a session who had none. Their answer is a session, or a challenge as a refusal. */
const signIns = [
  'login',
  'portalLogin',
  'completeChallenge',
  'completePortalChallenge',
  'finishPasskeySignIn',
  'finishPortalPasskeySignIn',
  'completeUpstreamSignIn',
  'completePortalUpstreamSignIn',
];

type Resolver = (...args: never[]) => unknown;

/** Counts what each sign-in came to. The resolvers are the same otherwise. */
export function countSignIns<M extends object>(
  mutations: M,
  metrics: ServiceMetrics | undefined,
  platformOf: (field: string) => Platform | undefined,
): M {
  if (!metrics) return mutations;
  const counted = Object.entries(mutations)
    .filter(([field]) => signIns.includes(field))
    .map(([field, resolve]) => {
      const platform = platformOf(field) ?? 'user';
      const count = (outcome: string) => metrics.counter('signet_sign_ins_total', platform, outcome).inc();
      return [field, watchSignIn(resolve as Resolver, count)];
    });
  return { ...mutations, ...Object.fromEntries(counted) };
}

function watchSignIn(resolve: Resolver, count: (outcome: string) => void): Resolver {
  return async (...args) => {
    try {
      const answer = await resolve(...args);
      count('ok');
      return answer;
    } catch (error) {
      count(outcomeOf(error));
      throw error;
    }
  };
}

function outcomeOf(error: unknown): string {
  if (!(error instanceof RefusalError)) return 'failed';
  const { reason } = error;
  if (reason === 'auth.challenge_required') return 'challenged';
  if (reason.startsWith('input.')) return 'input';
  return findReason(reason) ? reason : otherValue;
}
