import { pbkdf2Sync } from 'node:crypto';
import { createPepper, hashPassword, type PasswordScheme } from '@signet/db/password-hash';

/** Lets the compares of one thread take the same time, however cheap the stored hash is to compare. */
export type EvenTime = {
  /**
   * Runs a compare. Where its hash isn't of the scheme (an earlier cost, an import), works on until it has taken the CPU time of one that
   * is: an account with such a hash must not be told from no account, whose compare is the scheme's. One that takes longer stays longer.
   */
  take<T>(compare: () => T, isOfScheme: boolean): T;
};

/** bcrypt doubles its work with each cost: a lower one tells the time of the scheme's. */
const measuredCost = 8;
/** Latest compares of the scheme, whose median is the time to take. */
const kept = 9;
const salt = Buffer.alloc(16);

/** By the thread's own CPU time, which neighbours do not change: so waiting adds to all compares alike. */
export function createEvenTime(scheme: PasswordScheme): EvenTime {
  const times: number[] = [measureScheme(scheme)];
  return {
    take(compare, isOfScheme) {
      const start = cpuMs();
      const result = compare();
      if (isOfScheme) {
        times.push(cpuMs() - start);
        if (times.length > kept) times.shift();
        return result;
      }
      const wanted = medianOf(times);
      while (cpuMs() - start < wanted) pbkdf2Sync('', salt, 500, 32, 'sha256'); // 0.1 ms
      return result;
    },
  };
}

/** Milliseconds of CPU that the scheme takes here. */
function measureScheme(scheme: PasswordScheme): number {
  const pepper = createPepper(Buffer.alloc(32));
  const cost = scheme.algorithm === 'bcrypt' ? Math.min(scheme.cost, measuredCost) : undefined;
  const run = () => hashPassword('', pepper, cost === undefined ? scheme : { algorithm: 'bcrypt', cost });
  run(); // The first run compiles the code.
  const start = cpuMs();
  run();
  const factor = scheme.algorithm === 'bcrypt' && cost !== undefined ? 2 ** (scheme.cost - cost) : 1;
  return (cpuMs() - start) * factor;
}

function medianOf(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
