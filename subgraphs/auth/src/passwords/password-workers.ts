import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { findSpan } from '@signet/db';
import {
  findBetterScheme,
  noPepperId,
  type PasswordHash,
  type PasswordScheme,
  type Pepper,
  passwordLength,
  passwordSchemes,
} from '@signet/db/password-hash';
import { parseStoredHash } from '@signet/db/stored-hash';
import { type Logger, RefusalError } from '@signet/service';
import { Piscina } from 'piscina';
import { createPasswordQueue, type PasswordCaller } from './password-queue.ts';
import type { PasswordJob, PasswordWorkerData } from './password-worker.ts';

/** Hashes and compares passwords of one platform off the event loop. Callers take turns (`password-queue.ts`). */
export type PasswordWorkers = {
  hash(password: string, caller: PasswordCaller): Promise<PasswordHash>;
  /**
   * Without a stored hash the answer is false, after the same work. `mayStart` is asked when a thread is free; the answer is undefined
   * where it forbids the compare.
   */
  verify(
    password: string,
    stored: PasswordHash | undefined,
    caller: PasswordCaller,
    mayStart?: () => Promise<boolean>,
  ): Promise<boolean | undefined>;
  /** Takes as long as a compare for such a caller, without the work. */
  pretendToVerify(caller: PasswordCaller): Promise<void>;
  /**
   * A hash as it is made now, of a password that was just found to be the one of `stored`. Undefined where that is as it should be: of the
   * pepper in use, the algorithm in use, and no lower cost.
   *
   * @throws {RefusalError} auth.throttled
   */
  rehash(password: string, stored: PasswordHash, caller: PasswordCaller): Promise<PasswordHash | undefined>;
  /** Jobs that wait for a thread. */
  readonly queueLength: number;
  close(): Promise<void>;
};

/** Threads that do the jobs. */
export type PasswordThreads = {
  run(job: PasswordJob): Promise<PasswordHash | boolean>;
  destroy(): Promise<void>;
};

type ThreadOptions = PasswordWorkerData & { threads: number };

export type PasswordWorkersOptions = {
  /** The first goes into new hashes; stored ones may have any. */
  peppers: readonly [Pepper, ...Pepper[]];
  logger: Logger;
  /** Jobs that run at once. Default: the number of processors. */
  threads?: number | undefined;
  /** Tests share threads, whose start takes 60 ms of CPU. Default: threads of their own. */
  startThreads?: ((options: ThreadOptions) => PasswordThreads) | undefined;
  /** Jobs that may wait beside those that run; further ones are refused with auth.throttled. */
  maxQueued?: number | undefined;
  /** Of new hashes, and of the one that stands in for unknown accounts. Default: bcrypt of cost 12; tests lower it. */
  scheme?: PasswordScheme | undefined;
  /** Called for every compare before it is queued. `cost` is bcrypt's, and 0 for another algorithm. */
  onCompare?: ((compare: { cost: number }) => void) | undefined;
  /** Called with the ms that each job waited. */
  onWait?: ((waitedMs: number) => void) | undefined;
  /** Called for each job that found no room, or whose turn did not come in time. */
  onRefused?: (() => void) | undefined;
};

/** A change of password waits twice, and the gateway gives up after 20 s: the result of a longer wait reaches nobody. */
const maxWaitMs = 8000;
/** A job takes 0.35 s: a thread does this many in that time. */
const maxQueuedPerThread = 20;
const maxPretending = 500;
const always = async () => true;

export function startPasswordThreads({ threads, ...data }: ThreadOptions): PasswordThreads {
  return new Piscina<PasswordJob, PasswordHash | boolean>({
    filename: new URL('./password-worker.ts', import.meta.url).href,
    minThreads: 1,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY, // A new thread takes as long to start as a compare.
    workerData: data satisfies PasswordWorkerData,
    execArgv: [],
  });
}

export function createPasswordWorkers(options: PasswordWorkersOptions): PasswordWorkers {
  const { peppers, logger, threads = availableParallelism(), onCompare } = options;
  const { scheme = passwordSchemes.bcrypt, startThreads = startPasswordThreads } = options;
  const peppersById = new Set([...peppers.map(({ id }) => id), noPepperId]);
  const pool = startThreads({ peppers, scheme, threads });
  const maxWaiting = options.maxQueued ?? maxQueuedPerThread * threads;
  const queue = createPasswordQueue({
    concurrency: threads,
    maxWaiting,
    maxWaitMs,
    onWait: options.onWait,
    onRefused: options.onRefused,
  });
  const known = createRecentDurations();
  const strangers = createRecentDurations();
  const durationsOf = (caller: PasswordCaller) => (typeof caller === 'string' ? known : strangers);
  let pretending = 0;
  const dummy = { hash: createDummyHash(scheme), pepperId: peppers[0].id };
  /** Traced as one span, which says how long it waited for its turn. */
  const inTurn = <T>(name: string, caller: PasswordCaller, work: () => Promise<T>): Promise<T> => {
    const request = findSpan();
    if (!request?.isRecorded) return queue.run(caller, work);
    const span = request.child(name, 'internal');
    const start = performance.now();
    const begin = () => {
      span.set('signet.wait_ms', Math.round(performance.now() - start));
      return work();
    };
    return queue.run(caller, begin).finally(() => span.end());
  };
  const compare = async (
    password: string,
    stored: PasswordHash,
    caller: PasswordCaller,
    mayStart: () => Promise<boolean>,
  ) => {
    const start = performance.now();
    const isEqual = await inTurn('compare a password', caller, async () => {
      if (!(await mayStart())) return undefined;
      onCompare?.({ cost: costOf(stored.hash) });
      return (await pool.run({ kind: 'verify', password, stored })) === true;
    });
    if (isEqual !== undefined) durationsOf(caller).add(performance.now() - start);
    return isEqual;
  };
  const makeHash = (password: string, wanted: PasswordScheme, caller: PasswordCaller) =>
    inTurn('hash a password', caller, () =>
      pool.run({ kind: 'hash', password, scheme: wanted }),
    ) as Promise<PasswordHash>;
  const findUsable = (stored: PasswordHash | undefined): PasswordHash | undefined => {
    if (!stored) return undefined;
    const { pepperId, hash } = stored;
    if (!peppersById.has(pepperId)) {
      logger.warn({ pepperId }, 'a stored password was hashed with a pepper that PASSWORD_PEPPER lacks');
      return undefined;
    }
    const parsed = parseStoredHash(hash);
    if (typeof parsed !== 'string') return stored;
    logger.warn({ pepperId }, `a stored password is of no use: its hash ${parsed}`);
    return undefined;
  };
  return {
    hash: (password, caller) => makeHash(password, scheme, caller),
    async rehash(password, stored, caller) {
      const better = findBetterScheme(stored, peppers[0], scheme);
      return better && makeHash(password, better, caller);
    },
    async verify(password, stored, caller, mayStart = always) {
      // No password of this length can be right; a short text is hashed instead.
      const tried = password.length > 4 * passwordLength.max ? '' : password;
      const known = findUsable(stored);
      const isEqual = await compare(tried, known ?? dummy, caller, mayStart);
      return isEqual && known !== undefined;
    },
    async pretendToVerify(caller) {
      if (pretending >= maxPretending) {
        throw new RefusalError('auth.throttled');
      }
      pretending += 1;
      try {
        if (!(await durationsOf(caller).waitLikeOne())) await compare('', dummy, caller, always);
      } finally {
        pretending -= 1;
      }
    },
    get queueLength() {
      return queue.length;
    },
    close: () => pool.destroy(),
  };
}

/** A hash of this scheme that no password has (its digest is all zero bits). A compare with it takes as long as with a real hash. */
export function createDummyHash(scheme: PasswordScheme): string {
  if (scheme.algorithm === 'bcrypt') {
    return `$2b$${String(scheme.cost).padStart(2, '0')}$${'.'.repeat(22)}${'.'.repeat(31)}`;
  }
  const { memory, passes, parallelism } = scheme;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;
}

function costOf(hash: string): number {
  const stored = parseStoredHash(hash);
  return typeof stored === 'object' && stored.algorithm === 'bcrypt' ? stored.cost : 0;
}

/** How long the latest compares took, waiting included, for an answer that must look like one of them. */
type RecentDurations = {
  add(milliseconds: number): void;
  /** Waits as long as one of them took. False when there was none yet. */
  waitLikeOne(): Promise<boolean>;
};

const kept = 32;

function createRecentDurations(): RecentDurations {
  const durations: number[] = [];
  return {
    add(milliseconds) {
      durations.push(milliseconds);
      if (durations.length > kept) durations.shift();
    },
    async waitLikeOne() {
      const duration = durations[Math.floor(Math.random() * durations.length)];
      if (duration === undefined) return false;
      await sleep(duration);
      return true;
    },
  };
}
