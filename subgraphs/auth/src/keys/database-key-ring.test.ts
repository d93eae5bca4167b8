import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type Database } from '@signet/db';
import { createLogger, type Logger } from '@signet/service';
import { createTestDatabase, type TestDatabase } from '@signet/testing';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createTestClock,
  kidsOf,
  openTestRing,
  randomKeyEncryptionKey,
  type TestClock,
  testKeySettings,
} from './key-ring.test-support.ts';
import type { KeyRing } from './key-ring.ts';
import { importKey, revokeKey, rotateKey } from './operator-changes.ts';
import { createLocalKeySource } from './published-keys.ts';
import { generateSigningKey } from './signing-key.ts';

const day = 24 * 3600;
const publicationSeconds = 960;
/** Life of a token, skew, and the time in which another replica may still sign with the old key. */
const untilRetired = 900 + 30 + 30;

let database: TestDatabase;
let db: Kysely<Database>;
let clock: TestClock;
let rings: KeyRing[];

beforeEach(async () => {
  database = await createTestDatabase();
  db = createDatabase(database.urlOf('signet_auth_user'));
  clock = createTestClock();
  rings = [];
});
afterEach(async () => {
  await Promise.all(rings.map((ring) => ring.stop()));
  await db.destroy();
  await database.drop();
});

const open = async (changes: Parameters<typeof testKeySettings>[1] = {}, logger?: Logger) => {
  const ring = await openTestRing(database, testKeySettings(clock, changes), logger);
  rings.push(ring);
  return ring;
};
/** A logger, and what it was told since it was last asked. */
const listen = () => {
  const lines: [fields: Record<string, unknown>, message: string][] = [];
  const logger = createLogger('test', 'silent');
  const take = (...line: unknown[]) => void lines.push(line as (typeof lines)[number]);
  vi.spyOn(logger, 'info').mockImplementation(take);
  vi.spyOn(logger, 'error').mockImplementation(take);
  return { logger, lines, takeLines: () => lines.splice(0) };
};
const signing = async (ring: KeyRing) => (await ring.getSigningKey()).kid;
const states = () =>
  database.query<{ kid: string; state: string }>(
    'select kid, state, algorithm, sealed_private_key from auth.signing_key order by created_at, activated_at',
  );
const waitForKey = (ring: KeyRing, kid: string) =>
  vi.waitFor(async () => expect(await signing(ring)).toBe(kid), { timeout: 30_000, interval: 20 });

describe('several replicas', () => {
  it('rotate once when the interval is over, and all sign with the same key', async () => {
    const replicas = await Promise.all([open(), open(), open(), open()]);
    const [first, second] = kidsOf(replicas[0] as KeyRing);
    clock.forward(30 * day);
    await Promise.all(replicas.map((ring) => waitForKey(ring, second as string)));
    expect((await states()).map(({ kid, state }) => [kid, state]).slice(0, 2)).toEqual([
      [first, 'retiring'],
      [second, 'active'],
    ]);
    expect(await states()).toHaveLength(3);
    const published = kidsOf(replicas[0] as KeyRing);
    expect(published).toHaveLength(3);
    for (const ring of replicas) {
      await vi.waitFor(() => expect(kidsOf(ring)).toEqual(published), 30_000);
    }
  });

  it('see a change at once, however seldom they poll', async () => {
    const timing = { ...testKeySettings(clock).timing, pollSeconds: 60 };
    const ring = await open({ timing });
    clock.forward(publicationSeconds);
    const rotation = await rotateKey(db, testKeySettings(clock), { mode: 'now' });
    await vi.waitFor(async () => expect(await signing(ring)).toBe(rotation.kid), {
      timeout: 30_000,
      interval: 10,
    });
  });

  it('never rotate by themselves when the interval is 0', async () => {
    const ring = await open({ rotationSeconds: 0 });
    const kid = await signing(ring);
    clock.forward(1000 * day);
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect(await signing(ring)).toBe(kid);
  });
});

describe('a rotation', () => {
  it('waits until the new key has been published long enough, then happens by itself', async () => {
    const ring = await open();
    const [first, second] = kidsOf(ring);
    clock.forward(publicationSeconds - 1);
    const rotation = await rotateKey(db, testKeySettings(clock), { mode: 'when-published' });
    expect(rotation).toMatchObject({ outcome: 'scheduled', kid: second });
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect(await signing(ring)).toBe(first);
    clock.forward(1);
    await waitForKey(ring, second as string);
  });

  it('asked for now is refused before that, unless in an emergency', async () => {
    const ring = await open();
    const [first, second] = kidsOf(ring);
    expect(await rotateKey(db, testKeySettings(clock), { mode: 'now' })).toMatchObject({
      outcome: 'refused',
    });
    expect(await signing(ring)).toBe(first);
    expect(await rotateKey(db, testKeySettings(clock), { mode: 'emergency' })).toMatchObject({
      outcome: 'promoted',
      kid: second,
      previous: first,
      early: true,
    });
    await waitForKey(ring, second as string);
  });

  it('keeps the old key until the last token it signed has expired; then it is in no key set and verifies nothing', async () => {
    const ring = await open();
    const source = createLocalKeySource(ring);
    const [first, second] = kidsOf(ring) as [string, string];
    clock.forward(publicationSeconds);
    await rotateKey(db, testKeySettings(clock), { mode: 'now' });
    await waitForKey(ring, second);
    clock.forward(untilRetired - 1);
    expect(await source.findKey(first)).toMatchObject({ algorithm: 'EdDSA' });
    expect(kidsOf(ring)).toContain(first);
    // Before any process had a chance to note it in the database.
    clock.forward(1);
    expect(await source.findKey(first)).toBe('unknown');
    expect((await source.readJwks())?.keys.map(({ kid }) => kid)).not.toContain(first);
    await vi.waitFor(
      async () => expect((await states())[0]).toMatchObject({ kid: first, state: 'retired' }),
      5000,
    );
    expect((await states())[0]).toMatchObject({ sealed_private_key: Buffer.alloc(0) });
  });

  it('keeps the old key for the longest life of a token that any process gave', async () => {
    await open({ tokenSeconds: 3000 });
    await open({ tokenSeconds: 60 });
    clock.forward(publicationSeconds);
    const rotation = await rotateKey(db, testKeySettings(clock, { tokenSeconds: 60 }), { mode: 'now' });
    expect(rotation).toMatchObject({ leavesAt: new Date(clock.now.getTime() + (3000 + 60) * 1000) });
  });

  it.each(['ES256', 'RS256'] as const)(
    'changes to %s where that is configured now',
    async (signingAlgorithm) => {
      await open();
      const ring = await open({ signingAlgorithm });
      expect((await ring.getSigningKey()).algorithm).toBe('EdDSA');
      expect(ring.listPublished().map(({ algorithm }) => algorithm)).toEqual(['EdDSA', signingAlgorithm]);
      clock.forward(publicationSeconds);
      const { kid } = await rotateKey(db, testKeySettings(clock, { signingAlgorithm }), { mode: 'now' });
      await waitForKey(ring, kid);
      expect((await ring.getSigningKey()).algorithm).toBe(signingAlgorithm);
    },
  );

  it('takes the algorithm that an operator names, and keeps it at the next one', async () => {
    const ring = await open();
    const { outcome } = await rotateKey(db, testKeySettings(clock), {
      mode: 'when-published',
      algorithm: 'ES256',
    });
    expect(outcome).toBe('scheduled');
    clock.forward(publicationSeconds);
    await vi.waitFor(async () => expect((await ring.getSigningKey()).algorithm).toBe('ES256'), 30_000);
    expect(ring.listPublished().map(({ algorithm }) => algorithm)).toEqual(['EdDSA', 'ES256', 'ES256']);
  });
});

describe('a revoked key', () => {
  it('that signs is gone at once; the waiting one signs, and another waits', async () => {
    const [ring, other] = [await open(), await open()];
    const [first, second] = kidsOf(ring) as [string, string];
    clock.forward(publicationSeconds);
    expect(await revokeKey(db, testKeySettings(clock), first)).toEqual({
      outcome: 'revoked',
      was: 'active',
      signs: { kid: second, early: false },
    });
    for (const replica of [ring, other]) {
      await waitForKey(replica, second);
      expect(await createLocalKeySource(replica).findKey(first)).toBe('unknown');
      expect(kidsOf(replica)).toHaveLength(2);
    }
    expect(await database.query('select kind, platform, subject from auth.revocation')).toEqual([
      { kind: 'signing_key', platform: 'user', subject: first },
    ]);
  });

  it('that waits is replaced, and revoking goes on until nothing made before is left', async () => {
    const ring = await open();
    const [first, second] = kidsOf(ring) as [string, string];
    expect(await revokeKey(db, testKeySettings(clock), second)).toMatchObject({
      outcome: 'revoked',
      was: 'next',
    });
    expect(await revokeKey(db, testKeySettings(clock), first)).toMatchObject({ signs: { early: true } });
    await vi.waitFor(() => expect(kidsOf(ring)).not.toContain(first), 30_000);
    expect(kidsOf(ring)).not.toContain(second);
    expect(kidsOf(ring)).toHaveLength(2);
  });

  it('that does not exist changes nothing', async () => {
    await open();
    expect(await revokeKey(db, testKeySettings(clock), 'nobody')).toEqual({ outcome: 'unknown' });
    expect(await database.query('select 1 from auth.revocation')).toEqual([]);
  });
});

describe('an imported key', () => {
  it('waits in place of the one made here, survives a start with another algorithm, and signs after a rotation', async () => {
    const ring = await open();
    const key = await generateSigningKey('RS256');
    expect(await importKey(db, testKeySettings(clock), key)).toMatchObject({ outcome: 'waits' });
    await open({ signingAlgorithm: 'ES256' });
    clock.forward(publicationSeconds);
    expect(await rotateKey(db, testKeySettings(clock), { mode: 'now' })).toMatchObject({ kid: key.kid });
    await waitForKey(ring, key.kid);
  });

  it('is refused where it is a key of either platform already, also one that was revoked', async () => {
    await open();
    const portalRing = await open({ platform: 'portal' });
    const portalKey = await portalRing.getSigningKey();
    expect(await importKey(db, testKeySettings(clock), portalKey)).toEqual({ outcome: 'taken' });
    const key = await generateSigningKey('EdDSA');
    await importKey(db, testKeySettings(clock), key);
    await revokeKey(db, testKeySettings(clock), key.kid);
    expect(await importKey(db, testKeySettings(clock), key)).toEqual({ outcome: 'taken' });
  });
});

describe('the key-encryption key', () => {
  it('must be the one in use, or a process does not start and an operator changes nothing', async () => {
    await open();
    const settings = testKeySettings(clock, { keyEncryptionKeys: [randomKeyEncryptionKey()] });
    const before = await states();
    const fault = /USER_KEY_ENCRYPTION_KEY: does not open signing key/;
    await expect(openTestRing(database, settings)).rejects.toThrow(fault);
    await expect(rotateKey(db, settings, { mode: 'emergency' })).rejects.toThrow(fault);
    await expect(importKey(db, settings, await generateSigningKey('EdDSA'))).rejects.toThrow(fault);
    expect(await states()).toEqual(before);
  });
});

describe('the log', () => {
  it('has a line for each change of the key set, whoever made it, and no key', async () => {
    const own = listen();
    const ring = await open({}, own.logger);
    const [active, next] = kidsOf(ring) as [string, string];
    const changed = (kid: string | undefined, state: string) => [
      { platform: 'user', kid, state },
      `signing key: ${state} now`,
    ];
    expect(own.takeLines()).toEqual([changed(active, 'active'), changed(next, 'next')]);
    // The ring's own.
    clock.forward(30 * day);
    await waitForKey(ring, next);
    const third = kidsOf(ring).find((kid) => kid !== active && kid !== next);
    expect(own.takeLines()).toEqual([
      changed(active, 'retiring'),
      changed(next, 'active'),
      changed(third, 'next'),
    ]);
    await revokeKey(db, testKeySettings(clock), next);
    await waitForKey(ring, third as string);
    const fourth = kidsOf(ring).at(-1);
    expect(own.takeLines()).toEqual([
      changed(next, 'retired'),
      changed(third, 'active'),
      changed(fourth, 'next'),
    ]);
  });
});

describe('a process that can not read its keys', () => {
  it('says so once, and once that it can again', async () => {
    const { logger, lines } = listen();
    const timing = { ...testKeySettings(clock).timing, pollSeconds: 0.02 };
    await open({ timing }, logger);
    lines.splice(0);
    await database.query('alter table auth.signing_key rename to gone');
    await expect.poll(() => lines.length).toBe(1);
    await sleep(300);
    await database.query('alter table auth.gone rename to signing_key');
    await expect.poll(() => lines.length).toBe(2);
    expect(lines.map(([, message]) => message)).toEqual([
      'the signing keys could not be read; the previous ones stay in use',
      'the signing keys can be read again',
    ]);
  });

  it('verifies with those it has, and signs nothing once another may have rotated', async () => {
    const timing = { ...testKeySettings(clock).timing, staleSeconds: 0.5 };
    const ring = await open({ timing });
    const published = kidsOf(ring);
    await db.destroy();
    await database.query('alter table auth.signing_key rename to gone');
    await expect(signing(ring)).resolves.toBe(published[0]);
    await vi.waitFor(
      () => expect(ring.getSigningKey()).rejects.toMatchObject({ reason: 'auth.unavailable' }),
      5000,
    );
    expect(await ring.checkReady()).toBe('the signing keys can not be read');
    expect(kidsOf(ring)).toEqual(published);
    await database.query('alter table auth.gone rename to signing_key');
    await expect(signing(ring)).resolves.toBe(published[0]);
  });
});
