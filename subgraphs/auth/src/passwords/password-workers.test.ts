import { randomBytes } from 'node:crypto';
import { createPepper, isOfScheme, passwordSchemes } from '@signet/db/password-hash';
import { createLogger } from '@signet/service';
import bcrypt from 'bcryptjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createDummyHash,
  createPasswordWorkers,
  type PasswordWorkers,
  type PasswordWorkersOptions,
} from './password-workers.ts';

const pepper = createPepper(randomBytes(32));
const cheap = { algorithm: 'bcrypt', cost: 4 } as const;
const logger = createLogger('test', 'silent');
const caller = 'the id of an account';

describe('password workers', () => {
  let workers: PasswordWorkers;
  afterEach(() => workers.close());
  const create = (options: Partial<PasswordWorkersOptions> = {}) => {
    workers = createPasswordWorkers({ peppers: [pepper], logger, scheme: cheap, ...options });
    return workers;
  };

  it('know a password again that they hashed, with cost 12, and no other', async () => {
    const { hash, verify } = create({ scheme: undefined });
    const stored = await hash('a password of some length', caller);
    expect(bcrypt.getRounds(stored.hash)).toBe(12);
    expect(await verify('a password of some length', stored, caller)).toBe(true);
    expect(await verify('a password of some lengtH', stored, caller)).toBe(false);
  });

  it('leave the event loop free while they work', async () => {
    const { hash } = create({ scheme: undefined });
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 5);
    await Promise.all([hash('one password of three', caller), hash('two passwords of three', caller)]);
    clearInterval(timer);
    // 0.7 s of hashing on the event loop would leave two.
    expect(ticks).toBeGreaterThan(20);
  });

  it('refuse what more than the queue would hold', async () => {
    const { verify } = create({ maxQueued: 2, scheme: { algorithm: 'bcrypt', cost: 8 } });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => verify('x', undefined, caller)),
    );
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(4);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({ reason: { reason: 'auth.throttled', code: 'RATE_LIMITED' } });
    }
    expect(await verify('x', undefined, caller)).toBe(false);
  });

  it('compare once at the same cost where the account, or the pepper of its hash, is unknown', async () => {
    const costs: number[] = [];
    const { verify } = create({ onCompare: ({ cost }) => costs.push(cost) });
    expect(await verify('x', undefined, caller)).toBe(false);
    expect(await verify('x', { hash: bcrypt.hashSync('x', 4), pepperId: 'other' }, caller)).toBe(false);
    expect(costs).toEqual([4, 4]);
  });

  it('stand in for a stored hash with one of the same form and cost', () => {
    create();
    expect(createDummyHash(passwordSchemes.bcrypt)).toHaveLength(60);
    for (const scheme of [passwordSchemes.bcrypt, passwordSchemes.argon2id]) {
      expect(isOfScheme(createDummyHash(scheme), scheme)).toBe(true);
    }
  });
});
