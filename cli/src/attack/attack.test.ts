import { subgraphs } from '@signet/schema/subgraphs';
import type { Accounts, Attack, Target } from '@signet/testing/attack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAttacks } from './attacks.ts';
import { type Outcome, runAttacks } from './run-attacks.ts';
import { deriveUrls, openTarget, TargetError } from './target.ts';
import { startWeakServer, type WeakServer } from './weak-server.test-support.ts';

const accounts: Accounts = {
  password: 'x',
  customer: 'a@example.com',
  other: 'b@example.com',
  staff: 'c@example.com',
  guessed: 'd@example.com',
  guessedPassword: 'x',
  timed: 'e@example.com',
  flooded: 'f@example.com',
};

/** Node's parser refuses the first two whatever one does; the others only show in how others are served. */
const heldByTheWeak = [
  'two lengths',
  'bare line feeds',
  'slow clients',
  'as expensive as allowed',
  'slow readers',
  'hang-ups',
  'orders as expensive as allowed',
];

describe('attacks on a server that is weak on purpose', () => {
  let weak: WeakServer;
  let target: Target;
  let attacks: readonly Attack[];
  let outcomes: Outcome[];
  beforeAll(async () => {
    attacks = await loadAttacks();
    weak = await startWeakServer();
    const { url } = weak;
    target = await openTarget({ graph: url, user: url, portal: url, subgraphs: [url] }, accounts);
    outcomes = await runAttacks(attacks, target, () => {});
  });
  afterAll(() => weak.stop());

  it('succeed, each by something that it won and not because the server was gone', () => {
    const held = outcomes.filter(({ won }) => won === undefined).map(({ attack }) => attack.name);
    expect(held).toEqual(heldByTheWeak.filter((name) => attacks.some((attack) => attack.name === name)));
    const unmade = outcomes.filter(
      ({ won }) => won && /^(no answer|the attack could|others waited)/.test(won),
    );
    expect(unmade.map(({ attack, won }) => `${attack.name}: ${won}`)).toEqual([]);
  });

  it('have succeeded when others wait, though nothing else was won', async () => {
    const freeze = async (ms: number) => {
      const freezing = { name: 'freezing', tried: '', run: async () => void weak.freeze(ms) };
      return (await runAttacks([freezing], target, () => {}))[0]?.won;
    };
    // On a busy machine others wait long without an attack too, and then a freeze is too short.
    expect((await freeze(2600)) ?? (await freeze(8000)) ?? (await freeze(25_000))).toMatch(
      /^others waited \d+ ms/,
    );
  });

  it('are made again when others waited a little, and have succeeded at once when it was long', async () => {
    const freezeOnce = async (ms: number) => {
      let times = 0;
      const run = async () => {
        times += 1;
        if (times === 1) weak.freeze(ms);
        return undefined;
      };
      return (await runAttacks([{ name: 'freezing once', tried: '', run }], target, () => {}))[0]?.won;
    };
    expect(await freezeOnce(2600)).toBeUndefined();
    expect((await freezeOnce(7000)) ?? (await freezeOnce(30_000))).toMatch(/^others waited \d+ ms/);
  });

  it('have names of their own, and there are at least 153, with the demo shop 158', () => {
    const names = attacks.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(subgraphs.some(({ isDemo }) => isDemo) ? 158 : 153);
  });
});

describe('openTarget', () => {
  it('says what to start where nothing answers', async () => {
    const opening = openTarget(deriveUrls('http://127.0.0.1:1'), accounts);
    await expect(opening).rejects.toThrow(TargetError);
    await expect(opening).rejects.toThrow('SURFACE=production STAFF_MFA=optional npm start');
  });

  it('finds the other entrances and the subgraphs from the port', () => {
    expect(deriveUrls('http://localhost:4000/graphql')).toEqual({
      graph: 'http://localhost:4000',
      user: 'http://localhost:4001',
      portal: 'http://localhost:4002',
      subgraphs: subgraphs.map(({ portOffset }) => `http://localhost:${4000 + portOffset}`),
    });
  });
});
