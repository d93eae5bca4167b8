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
      const readAudit = cache(() => readAuditLog(db, platform), now);
      const startedAt = now();
      const sampleAudit = (name: AuditGauge, read: (state: AuditState) => number | undefined) =>
        metrics.sample(name, async () => {
          const value = read(await readAudit());
          return value === undefined ? [] : [{ labels: [platform] as const, value }];
        });
      stops.push(
        sampleAudit('signet_audit_unsealed_rows', ({ unsealed }) => unsealed),
        sampleAudit('signet_audit_oldest_unsealed_seconds', ({ oldestSeconds }) =>
          Math.max(0, oldestSeconds ?? 0),
        ),
        sampleAudit('signet_audit_faults', ({ faults }) => faults ?? undefined),
        sampleAudit(
          'signet_audit_verification_age_seconds',
          ({ verifiedSeconds }) => verifiedSeconds ?? (now() - startedAt) / 1000,
        ),
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

type MailCount = { waiting: number; givenUp: number; oldestSeconds: number };

async function countMails(db: Kysely<Database>, platform: Platform): Promise<MailCount> {
  const { rows } = await sql<MailCount>`
    select queued as waiting, dead as "givenUp",
      greatest(0, extract(epoch from now() - oldest_queued))::float8 as "oldestSeconds"
    from ${sql.raw(`auth.watch_${platform}_mails`)}()
  `.execute(db);
  return rows[0] ?? { waiting: 0, givenUp: 0, oldestSeconds: 0 };
}

type AuditGauge =
  | 'signet_audit_unsealed_rows'
  | 'signet_audit_oldest_unsealed_seconds'
  | 'signet_audit_faults'
  | 'signet_audit_verification_age_seconds';
type AuditState = {
  unsealed: number;
  oldestSeconds: number | null;
  /** Null before the first verification has ended. */
  faults: number | null;
  verifiedSeconds: number | null;
};

/** What waits for a seal, and what the last verification said. It reads nothing of the log itself. An id has its time in it (UUIDv7). */
async function readAuditLog(db: Kysely<Database>, platform: Platform): Promise<AuditState> {
  const { rows } = await sql<AuditState>`
    select (select count(*) from auth.audit_pending where platform = ${platform}) as unsealed,
      (select extract(epoch from now() - uuid_extract_timestamp(event_id))::float8 from auth.audit_pending
        where platform = ${platform} order by event_id limit 1) as "oldestSeconds",
      fault_count as faults, extract(epoch from now() - finished_at)::float8 as "verifiedSeconds"
    from auth.audit_verification where platform = ${platform}
  `.execute(db);
  const [state] = rows;
  if (!state) throw new TypeError(`auth.audit_verification has no row of the platform ${platform}`);
  return state;
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
