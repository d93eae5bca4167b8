import { type PasswordHash, type Pepper, passwordLength } from '@signet/db/password-hash';
import { type Logger, RefusalError } from '@signet/service';
import bcrypt from 'bcryptjs';
import { Piscina } from 'piscina';
import { createDummyHash } from './dummy-hash.ts';
import type { PasswordJob } from './password-worker.ts';

/** Hashes and compares passwords of one platform, one after the other, off the event loop. */
export type PasswordWorkers = {
  hash(password: string): Promise<PasswordHash>;
  /** Without a stored hash the answer is false, after as much work as any other. */
  verify(password: string, stored: PasswordHash | undefined): Promise<boolean>;
  close(): Promise<void>;
};

export type PasswordWorkersOptions = {
  pepper: Pepper;
  logger: Logger;
  /** Jobs that may wait, beside the one that runs; more are refused with auth.throttled. */
  maxQueued?: number | undefined;
  /** bcrypt cost of the hash that stands in for unknown accounts: that of the stored ones. */
  cost?: number | undefined;
  /** Told of every compare before it is queued. */
  onCompare?: ((compare: { cost: number }) => void) | undefined;
};

const defaultCost = 12;
/** At 0.35 s a job, who comes last waits 11 s: longer, and clients give up and try again. */
const defaultMaxQueued = 32;

export function createPasswordWorkers(options: PasswordWorkersOptions): PasswordWorkers {
  const { pepper, logger, maxQueued = defaultMaxQueued, cost = defaultCost, onCompare } = options;
  const pool = new Piscina<PasswordJob, PasswordHash | boolean>({
    filename: new URL('./password-worker.ts', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    workerData: pepper,
    execArgv: [],
  });
  const dummyHash = createDummyHash(cost);
  const run = (job: PasswordJob) => {
    if (pool.queueSize >= maxQueued) {
      throw new RefusalError('auth.throttled');
    }
    return pool.run(job);
  };
  const findUsableHash = (stored: PasswordHash | undefined): string | undefined => {
    if (stored && stored.pepperId !== pepper.id) {
      logger.warn({ pepperId: stored.pepperId }, 'PASSWORD_PEPPER is not the one of a stored password');
      return undefined;
    }
    return stored?.hash;
  };
  return {
    async hash(password) {
      return (await run({ kind: 'hash', password })) as PasswordHash;
    },
    async verify(password, stored) {
      // No password of this length can be right; what is hashed instead need not be long.
      const tried = password.length > 4 * passwordLength.max ? '' : password;
      const known = findUsableHash(stored);
      const hash = known ?? dummyHash;
      onCompare?.({ cost: bcrypt.getRounds(hash) });
      const isEqual = await run({ kind: 'verify', password: tried, hash });
      return isEqual === true && known !== undefined;
    },
    close: () => pool.destroy(),
  };
}
