import { createPepper, hashPassword, passwordSchemes, verifyPassword } from '@signet/db/password-hash';
import { shortestOfThree } from '@signet/testing';
import { expect, it } from 'vitest';
import { createEvenTime } from './even-time.ts';
import { createDummyHash } from './password-workers.ts';

const pepper = createPepper(Buffer.alloc(32, 1));

/** Milliseconds of CPU of this thread: other processes do not change them. */
function measure(run: () => unknown): number {
  const start = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1000;
}

/** Of a few runs one is long by chance: by the collection of garbage, or by a cache that other work has emptied. */
function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

it.each([
  ['bcrypt', { algorithm: 'bcrypt', cost: 9 }],
  ['argon2id', passwordSchemes.argon2id],
] as const)(
  'a compare of a cheap hash takes the CPU time of one of the scheme (%s)',
  async (_name, scheme) => {
    const { take } = createEvenTime(scheme);
    const cheap = hashPassword('x', pepper, { algorithm: 'bcrypt', cost: 4 }).hash;
    const dummy = createDummyHash(scheme);
    const measureDifference = async () => {
      const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] };
      for (let run = 0; run < 12; run++) {
        times.unknown.push(measure(() => take(() => verifyPassword('x', dummy, pepper), true)));
        times.known.push(measure(() => take(() => verifyPassword('x', cheap, pepper), false)));
      }
      const [known, unknown] = [medianOf(times.known), medianOf(times.unknown)];
      return Math.abs(known - unknown) / unknown;
    };
    // Without it the cheap one takes a small part, each time. Caches that other work empties make a quarter, and on a crowded machine once a
    // half; bench/login-timing.ts measures what strangers could see.
    expect(await shortestOfThree(0.4, measureDifference)).toBeLessThan(0.4);
  },
);

it('the first cheap compare of a thread takes that time already', () => {
  const scheme = { algorithm: 'bcrypt', cost: 10 } as const;
  const dummy = createDummyHash(scheme);
  const { take } = createEvenTime(scheme);
  const first = measure(() => take(() => false, false));
  const usual = measure(() => verifyPassword('x', dummy, pepper));
  expect(Math.abs(first - usual) / usual).toBeLessThan(0.5);
});

it('gives the answer of the compare', () => {
  const { take } = createEvenTime({ algorithm: 'bcrypt', cost: 4 });
  expect([take(() => true, true), take(() => false, false)]).toEqual([true, false]);
});
