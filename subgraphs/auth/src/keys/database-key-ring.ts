import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type Database, listenForWakes, outsideRequests } from '@signet/db';
import { type Logger, RefusalError } from '@signet/service';
import type { Kysely } from 'kysely';
import { addSeconds } from '../dates.ts';
import {
  advanceKeys,
  type KeyChange,
  type KeySettings,
  type LockedKeys,
  makeKey,
  policyOf,
  readTime,
} from './change-keys.ts';
import { planKeySteps } from './key-plan.ts';
import type { KeyRing } from './key-ring.ts';
import { createKeyOpener, type StoredKey } from './sealed-key.ts';
import {
  listSigningKeys,
  lockSigningKeys,
  raiseTokenSeconds,
  readDatabaseTime,
  retireKey,
  type SigningKeyRow,
  signingKeyChannel,
  tryLockSigningKeys,
  wakeSigners,
} from './signing-key.queries.ts';

type DatabaseKeyRingOptions = {
  databaseUrl: string;
  /** For LISTEN. */
  directDatabaseUrl: string;
  settings: KeySettings;
  logger: Logger;
};

/** What was read, and when: by the database's clock, and by a local clock that cannot be set. */
type Snapshot = { keys: readonly StoredKey[]; readAt: Date; readAtMs: number };

/** Of a sign-in for the reading of the keys. */
const refreshWaitMs = 1500;

/**
 * The keys of the database, read every few seconds and after every change. A process that sees a step due (a rotation by
 * interval, a retirement) takes the lock and carries it out; the others read the result.
 *
 * On connections of its own: a sign-in that holds the pool's last connection may have to wait for a key.
 *
 * @throws {ConfigError} when the key-encryption key does not open a stored key.
 */
export async function openDatabaseKeyRing(options: DatabaseKeyRingOptions): Promise<KeyRing> {
  const { databaseUrl, directDatabaseUrl, settings, logger } = options;
  const { platform, timing } = settings;
  const applicationName = `signet-auth-${platform}-keys`;
  const db = createDatabase(databaseUrl, {
    maxConnections: 1,
    applicationName,
    log: (line) => logger.warn({ database: applicationName }, line),
  });
  const openKeys = createKeyOpener(settings);

  const logChanges = (changes: readonly KeyChange[]) => {
    for (const { kid, state } of changes) {
      logger.info({ platform, kid, state }, `signing key: ${state} now`);
    }
  };
  const toSnapshot = async ({ rows, readAt }: ReadKeys): Promise<Snapshot> => ({
    keys: await openKeys(rows),
    readAt,
    readAtMs: performance.now(),
  });
  let snapshot: Snapshot;
  try {
    const { changes, ...read } = await prepareSigningKeys(db, settings, openKeys);
    snapshot = await toSnapshot(read);
    logChanges(changes);
  } catch (error) {
    await db.destroy();
    throw error;
  }

  const isFresh = () => performance.now() - snapshot.readAtMs < timing.staleSeconds * 1000;
  const refresh = createSingleFlight(() => outsideRequests(read));
  let isFailing = false;
  const read = async () => {
    try {
      const next = await toSnapshot(await readSigningKeys(db, settings));
      // By whomever they were made: this process, another one, an operator, staff.
      logChanges(findChanges(snapshot.keys, next.keys));
      snapshot = next;
      if (isFailing) logger.info({ platform }, 'the signing keys can be read again');
      isFailing = false;
    } catch (error) {
      if (!isFailing)
        logger.error(
          { err: error, platform },
          'the signing keys could not be read; the previous ones stay in use',
        );
      isFailing = true;
    }
  };
  /** Reads the keys where they are too old to be used. Whoever waits holds a connection of another pool, so not for long. */
  const freshen = async () => {
    if (!isFresh()) await Promise.race([refresh(), sleep(refreshWaitMs, undefined, { ref: false })]);
  };
  const timer = setInterval(refresh, timing.pollSeconds * 1000);
  timer.unref();
  const listener = listenForWakes(directDatabaseUrl, {
    channel: signingKeyChannel,
    onWake: refresh,
    applicationName,
  });

  const readNow = () =>
    timing.now?.() ?? addSeconds(snapshot.readAt, (performance.now() - snapshot.readAtMs) / 1000);

  return {
    platform,
    variable: `${platform.toUpperCase()}_DATABASE_URL`,
    async getSigningKey() {
      await freshen();
      const active = isFresh() ? snapshot.keys.find(({ row }) => row.state === 'active') : undefined;
      if (!active) {
        throw new RefusalError('auth.unavailable');
      }
      return active.key;
    },
    listPublished() {
      const now = readNow();
      return snapshot.keys
        .filter(({ row }) => row.state !== 'retiring' || row.retire_at === null || row.retire_at > now)
        .map(({ key }) => key);
    },
    listAges() {
      const now = readNow().getTime();
      const youngest = new Map<string, number>();
      for (const { row } of snapshot.keys) {
        const since = row.state === 'active' ? (row.activated_at ?? row.published_at) : row.published_at;
        const seconds = (now - since.getTime()) / 1000;
        youngest.set(row.state, Math.min(seconds, youngest.get(row.state) ?? seconds));
      }
      return [...youngest].map(([state, seconds]) => ({ state, seconds }));
    },
    async checkReady() {
      await freshen();
      return isFresh() ? undefined : 'the signing keys can not be read';
    },
    async stop() {
      clearInterval(timer);
      await listener.stop();
      await refresh.settled();
      await db.destroy();
    },
  };
}

/** One run at a time. A call during a run starts another one after it, since the current run may have read already. */
function createSingleFlight(run: () => Promise<void>): (() => Promise<void>) & { settled(): Promise<void> } {
  let running: Promise<void> | undefined;
  let following: Promise<void> | undefined;
  const start = (): Promise<void> => {
    running = run().finally(() => {
      running = undefined;
    });
    return running;
  };
  const call = (): Promise<void> => {
    if (!running) {
      return start();
    }
    following ??= running.then(() => {
      following = undefined;
      return start();
    });
    return following;
  };
  return Object.assign(call, {
    async settled() {
      await following;
      await running;
    },
  });
}

/** A key that is gone from the set is retired: it went by itself, or was revoked. */
function findChanges(before: readonly StoredKey[], after: readonly StoredKey[]): KeyChange[] {
  const stateBefore = new Map(before.map(({ row }) => [row.kid, row.state]));
  const left = new Set(after.map(({ row }) => row.kid));
  return [
    ...before
      .filter(({ row }) => !left.has(row.kid))
      .map(({ row }) => ({ kid: row.kid, state: 'retired' as const })),
    ...after
      .filter(({ row }) => stateBefore.get(row.kid) !== row.state)
      .map(({ row: { kid, state } }) => ({ kid, state })),
  ];
}

type ReadKeys = { rows: SigningKeyRow[]; readAt: Date };

/**
 * At the start of a process: makes the missing keys, and replaces the waiting key where another algorithm is configured now.
 * Replicas that start at the same time make one set between them. `check` gets the keys before any is changed.
 */
function prepareSigningKeys(
  db: Kysely<Database>,
  settings: KeySettings,
  check: (rows: readonly SigningKeyRow[]) => Promise<unknown>,
): Promise<ReadKeys & { changes: KeyChange[] }> {
  return db.transaction().execute(async (trx) => {
    await lockSigningKeys(trx, settings.platform);
    await check(await listSigningKeys(trx, settings.platform));
    const locked: LockedKeys = { trx, settings, now: await readTime(trx, settings) };
    const replaced = await replaceNextKey(locked);
    const changes = [...replaced, ...(await advanceKeys(locked))];
    await raiseTokenSeconds(trx, settings.platform, settings.tokenSeconds);
    return { rows: await listSigningKeys(trx, settings.platform), readAt: locked.now, changes };
  });
}

/** While a process runs: reads the keys, and carries out the steps that are due unless another replica does. */
async function readSigningKeys(db: Kysely<Database>, settings: KeySettings): Promise<ReadKeys> {
  const { platform, timing } = settings;
  const rows = await listSigningKeys(db, platform);
  const readAt = timing.now ? timing.now() : await readDatabaseTime(db);
  if (planKeySteps(rows, policyOf(settings), readAt).length === 0) {
    return { rows, readAt };
  }
  return db.transaction().execute(async (trx) => {
    const isMine = await tryLockSigningKeys(trx, platform);
    const now = await readTime(trx, settings);
    if (isMine) await advanceKeys({ trx, settings, now });
    return { rows: await listSigningKeys(trx, platform), readAt: now };
  });
}

/** Gives the waiting key the algorithm of the configuration. A key that an operator imported is left alone. */
async function replaceNextKey(locked: LockedKeys): Promise<KeyChange[]> {
  const { trx, settings, now } = locked;
  const rows = await listSigningKeys(trx, settings.platform);
  const next = rows.find(({ state }) => state === 'next');
  const algorithm = settings.signingAlgorithm;
  if (!next || next.imported || !algorithm || next.algorithm === algorithm) {
    return [];
  }
  // It has never signed, so no token depends on it.
  await retireKey(trx, next.kid, now);
  const made = await makeKey(locked, 'next', algorithm);
  await wakeSigners(trx);
  return [{ kid: next.kid, state: 'retired' }, made];
}
