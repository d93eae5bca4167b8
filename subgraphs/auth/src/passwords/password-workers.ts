import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PasswordHash, type Pepper, passwordHashCost, passwordLength } from '@signet/db/password-hash';
import { type Logger, RefusalError } from '@signet/service';
import bcrypt from 'bcryptjs';
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
  close(): Promise<void>;
};

export type PasswordWorkersOptions = {
  pepper: Pepper;
  logger: Logger;
  /** Jobs that run at once. Default: the number of processors. */
  threads?: number | undefined;
  /** Jobs that may wait beside those that run; further ones are refused with auth.throttled. */
  maxQueued?: number | undefined;
  /** bcrypt cost of new hashes, and of the one that stands in for unknown accounts. Default 12; tests lower it. */
  cost?: number | undefined;
  /** Called for every compare before it is queued. */
  onCompare?: ((compare: { cost: number }) => void) | undefined;
};

/** A change of password waits twice, and the gateway gives up after 20 s: the result of a longer wait reaches nobody. */
const maxWaitMs = 8000;
/** A job takes 0.35 s: a thread does this many in that time. */
const maxQueuedPerThread = 20;
const maxPretending = 500;
const always = async () => true;

export function createPasswordWorkers(options: PasswordWorkersOptions): PasswordWorkers {
  const { pepper, logger, threads = availableParallelism(), cost = passwordHashCost, onCompare } = options;
  const pool = new Piscina<PasswordJob, PasswordHash | boolean>({
    filename: new URL('./password-worker.ts', import.meta.url).href,
    minThreads: 1,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY, // A new thread takes as long to start as a compare.
    workerData: { pepper, cost } satisfies PasswordWorkerData,
    execArgv: [],
  });
  const maxWaiting = options.maxQueued ?? maxQueuedPerThread * threads;
  const queue = createPasswordQueue({ concurrency: threads, maxWaiting, maxWaitMs });
  const known = createRecentDurations();
  const strangers = createRecentDurations();
  const durationsOf = (caller: PasswordCaller) => (typeof caller === 'string' ? known : strangers);
  let pretending = 0;
  const dummyHash = createDummyHash(cost);
  const compare = async (
    password: string,
    hash: string,
    caller: PasswordCaller,
    mayStart: () => Promise<boolean>,
  ) => {
    const start = performance.now();
    const isEqual = await queue.run(caller, async () => {
      if (!(await mayStart())) return undefined;
      onCompare?.({ cost: bcrypt.getRounds(hash) });
      return (await pool.run({ kind: 'verify', password, hash })) === true;
    });
    if (isEqual !== undefined) durationsOf(caller).add(performance.now() - start);
    return isEqual;
  };
  const findUsableHash = (stored: PasswordHash | undefined): string | undefined => {
    if (stored && stored.pepperId !== pepper.id) {
      logger.warn({ pepperId: stored.pepperId }, 'a stored password was hashed with another PASSWORD_PEPPER');
      return undefined;
    }
    return stored?.hash;
  };
  return {
    async hash(password, caller) {
      return (await queue.run(caller, () => pool.run({ kind: 'hash', password }))) as PasswordHash;
    },
    async verify(password, stored, caller, mayStart = always) {
      // No password of this length can be right; a short text is hashed instead.
      const tried = password.length > 4 * passwordLength.max ? '' : password;
      const known = findUsableHash(stored);
      const isEqual = await compare(tried, known ?? dummyHash, caller, mayStart);
      return isEqual && known !== undefined;
    },
    async pretendToVerify(caller) {
      if (pretending >= maxPretending) {
        throw new RefusalError('auth.throttled');
      }
      pretending += 1;
      try {
        if (!(await durationsOf(caller).waitLikeOne())) await compare('', dummyHash, caller, always);
      } finally {
        pretending -= 1;
      }
    },
    close: () => pool.destroy(),
  };
}

/**
 * A bcrypt hash of this cost that no password has (its digest is all zero bits). A compare with it takes as long as with a
 * real hash.
 */
export function createDummyHash(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(22)}${'.'.repeat(31)}`;
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
