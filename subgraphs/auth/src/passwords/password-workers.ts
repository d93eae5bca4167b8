import { availableParallelism } from 'node:os';
import { type PasswordHash, type Pepper, passwordLength } from '@signet/db/password-hash';
import { type Logger, RefusalError } from '@signet/service';
import bcrypt from 'bcryptjs';
import { Piscina } from 'piscina';
import { createDummyHash } from './dummy-hash.ts';
import { createFairQueue } from './fair-queue.ts';
import type { PasswordJob } from './password-worker.ts';
import { createRecentDurations } from './recent-durations.ts';

/**
 * Hashes and compares passwords of one platform off the event loop. `lane` is whose turn it takes: the client's network,
 * or another name for who asks. Without one: a lane that all such jobs share.
 */
export type PasswordWorkers = {
  hash(password: string, lane?: string): Promise<PasswordHash>;
  /** Without a stored hash the answer is false, after as much work as any other. */
  verify(password: string, stored: PasswordHash | undefined, lane?: string): Promise<boolean>;
  /** Takes as long as a compare, without its work. */
  pretendToVerify(lane?: string): Promise<void>;
  close(): Promise<void>;
};

export type PasswordWorkersOptions = {
  pepper: Pepper;
  logger: Logger;
  /** Jobs that run at once. As many as there are processors if not set. */
  threads?: number | undefined;
  /** Jobs that may wait, beside those that run; more are refused with auth.throttled. */
  maxQueued?: number | undefined;
  /** bcrypt cost of the hash that stands in for unknown accounts: that of the stored ones. */
  cost?: number | undefined;
  /** Told of every compare before it is queued. */
  onCompare?: ((compare: { cost: number }) => void) | undefined;
};

const defaultCost = 12;
/** A change of password waits twice, and the gateway gives up after 20 s: longer waits would be work for nobody. */
const maxWaitMs = 8000;
/** At 0.35 s a job: what a thread gets done in that time. */
const maxQueuedPerThread = 20;
const maxPretending = 500;

export function createPasswordWorkers(options: PasswordWorkersOptions): PasswordWorkers {
  const { pepper, logger, threads = availableParallelism(), cost = defaultCost, onCompare } = options;
  const pool = new Piscina<PasswordJob, PasswordHash | boolean>({
    filename: new URL('./password-worker.ts', import.meta.url).href,
    minThreads: 1,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY, // A new thread takes as long to start as a password to compare.
    workerData: pepper,
    execArgv: [],
  });
  const maxWaiting = options.maxQueued ?? maxQueuedPerThread * threads;
  const queue = createFairQueue({ concurrency: threads, maxWaiting, maxWaitMs });
  const durations = createRecentDurations();
  let pretending = 0;
  const dummyHash = createDummyHash(cost);
  const run = (job: PasswordJob, lane = '') => queue.run(lane, () => pool.run(job));
  const compare = async (password: string, hash: string, lane?: string) => {
    const start = performance.now();
    onCompare?.({ cost: bcrypt.getRounds(hash) });
    const isEqual = await run({ kind: 'verify', password, hash }, lane);
    durations.add(performance.now() - start);
    return isEqual === true;
  };
  const findUsableHash = (stored: PasswordHash | undefined): string | undefined => {
    if (stored && stored.pepperId !== pepper.id) {
      logger.warn({ pepperId: stored.pepperId }, 'PASSWORD_PEPPER is not the one of a stored password');
      return undefined;
    }
    return stored?.hash;
  };
  return {
    async hash(password, lane) {
      return (await run({ kind: 'hash', password }, lane)) as PasswordHash;
    },
    async verify(password, stored, lane) {
      // No password of this length can be right; what is hashed instead need not be long.
      const tried = password.length > 4 * passwordLength.max ? '' : password;
      const known = findUsableHash(stored);
      return (await compare(tried, known ?? dummyHash, lane)) && known !== undefined;
    },
    async pretendToVerify(lane) {
      if (pretending >= maxPretending) {
        throw new RefusalError('auth.throttled');
      }
      pretending += 1;
      try {
        if (!(await durations.waitLikeOne())) await compare('', dummyHash, lane);
      } finally {
        pretending -= 1;
      }
    },
    close: () => pool.destroy(),
  };
}
