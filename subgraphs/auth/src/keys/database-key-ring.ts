import { createDatabase, listenForWakes } from '@signet/db';
import { type Logger, RefusalError } from '@signet/service';
import type { KeySettings } from './change-keys.ts';
import type { KeyRing } from './key-ring.ts';
import { addSeconds } from './key-timing.ts';
import { prepareSigningKeys, type ReadKeys, readSigningKeys } from './load-signing-keys.ts';
import { createKeyOpener, type StoredKey } from './open-keys.ts';
import { signingKeyChannel } from './signing-key.queries.ts';

type DatabaseKeyRingOptions = { databaseUrl: string; settings: KeySettings; logger: Logger };

/** What was read, and when: by the database's clock, and by one here that nobody sets. */
type Snapshot = { keys: readonly StoredKey[]; readAt: Date; readAtMs: number };

/**
 * The keys of the database, read every few seconds and whenever somebody changed them. Each process does what is due (a
 * rotation by interval, a retirement); the first one to see it takes the lock, the others pick it up.
 *
 * On connections of its own: a sign-in that holds the pool's last one may have to wait for a key.
 *
 * @throws {ConfigError} when the key-encryption key does not open what is stored.
 */
export async function openDatabaseKeyRing(options: DatabaseKeyRingOptions): Promise<KeyRing> {
  const { databaseUrl, settings, logger } = options;
  const { platform, timing } = settings;
  const applicationName = `signet-auth-${platform}-keys`;
  const db = createDatabase(databaseUrl, { maxConnections: 1, applicationName });
  const openKeys = createKeyOpener(settings);

  const toSnapshot = async ({ rows, readAt, changes }: ReadKeys): Promise<Snapshot> => {
    for (const { kid, state } of changes) {
      logger.info({ platform, kid, state }, `signing key: ${state} now`);
    }
    return { keys: await openKeys(rows), readAt, readAtMs: performance.now() };
  };
  let snapshot: Snapshot;
  try {
    snapshot = await toSnapshot(await prepareSigningKeys(db, settings, openKeys));
  } catch (error) {
    await db.destroy();
    throw error;
  }

  const isFresh = () => performance.now() - snapshot.readAtMs < timing.staleSeconds * 1000;
  const refresh = createSingleFlight(async () => {
    try {
      snapshot = await toSnapshot(await readSigningKeys(db, settings));
    } catch (error) {
      logger.error({ err: error, platform }, 'the signing keys could not be read; those at hand stay in use');
    }
  });
  const timer = setInterval(refresh, timing.pollSeconds * 1000);
  timer.unref();
  const listener = listenForWakes(databaseUrl, {
    channel: signingKeyChannel,
    onWake: refresh,
    applicationName,
  });

  return {
    platform,
    variable: `${platform.toUpperCase()}_DATABASE_URL`,
    async getSigningKey() {
      if (!isFresh()) {
        await refresh();
      }
      const active = isFresh() ? snapshot.keys.find(({ row }) => row.state === 'active') : undefined;
      if (!active) {
        throw new RefusalError('auth.unavailable');
      }
      return active.key;
    },
    listPublished() {
      const now =
        timing.now?.() ?? addSeconds(snapshot.readAt, (performance.now() - snapshot.readAtMs) / 1000);
      return snapshot.keys
        .filter(({ row }) => row.state !== 'retiring' || row.retire_at === null || row.retire_at > now)
        .map(({ key }) => key);
    },
    checkReady: async () => (isFresh() ? undefined : 'the signing keys can not be read'),
    async stop() {
      clearInterval(timer);
      await listener.stop();
      await refresh.settled();
      await db.destroy();
    },
  };
}

/** One run at a time. A call during a run starts another after it, since that one may have read already. */
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
