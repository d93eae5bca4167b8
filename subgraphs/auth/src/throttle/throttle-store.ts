import { createHmac, hkdfSync } from 'node:crypto';
import { createDatabase, type Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { CompiledQuery, type Kysely, sql } from 'kysely';
import { RateLimiterPostgres } from 'rate-limiter-flexible';

/** Holds the counters: shared by all replicas of a platform's process, and kept over a restart. */
export type ThrottleStore = {
  /** `prefix` keeps the keys of different limits apart. */
  createLimiter(prefix: string, limit: { points: number; durationSeconds: number }): RateLimiterPostgres;
  /** Deletes expired rows, and beyond `maxRows` those that expire first. */
  prune(): Promise<void>;
  close(): Promise<void>;
};

export type ThrottleStoreOptions = {
  databaseUrl: string;
  platform: Platform;
  log: { warn(fields: object, message: string): void };
  maxRows: number;
};

/** Connections of its own: during a flood of sign-ins, other work still gets one. */
const connections = 3;
const pruneEveryMs = 60_000;
/** A statement of this size takes some milliseconds. */
const pruneBatch = 5000;

export function openThrottleStore(options: ThrottleStoreOptions): ThrottleStore {
  const { databaseUrl, platform, log, maxRows } = options;
  const db = createDatabase(databaseUrl, {
    maxConnections: connections,
    applicationName: `signet-auth-${platform}-throttle`,
    log: (line) => log.warn({ database: `auth-${platform}-throttle` }, line),
  });
  const client = createClient(db);
  const prune = () => pruneTable(db, `auth.${platform}_throttle`, maxRows);
  const timer = setInterval(
    () => prune().catch((err) => log.warn({ err }, 'throttles were not pruned')),
    pruneEveryMs,
  ).unref();
  return {
    createLimiter: (keyPrefix, { points, durationSeconds }) =>
      new RateLimiterPostgres({
        storeClient: client,
        storeType: 'pool',
        schemaName: 'auth',
        tableName: `${platform}_throttle`,
        tableCreated: true, // By a migration: this role may create nothing.
        clearExpiredByTimeout: false, // Its timer cannot be stopped, and deletes without a limit.
        keyPrefix,
        points,
        duration: durationSeconds,
      }),
    prune,
    async close() {
      clearInterval(timer);
      await db.destroy();
    },
  };
}

/** The part of a pg.Pool that the library uses. */
function createClient(db: Kysely<Database>) {
  return {
    async query({ text, values = [] }: { text: string; values?: unknown[] }) {
      const { rows, numAffectedRows } = await db.executeQuery(CompiledQuery.raw(text, values));
      return { rows, rowCount: numAffectedRows === undefined ? rows.length : Number(numAffectedRows) };
    },
  };
}

async function pruneTable(db: Kysely<Database>, name: string, maxRows: number): Promise<void> {
  const table = sql.table(name);
  for (;;) {
    const { rows } = await sql<{
      excess: number;
    }>`select count(*) - ${maxRows} as excess from ${table}`.execute(db);
    const excess = Math.min(Math.max(rows[0]?.excess ?? 0, 0), pruneBatch);
    const { numAffectedRows = 0n } = await sql`
      delete from ${table} where key in (
        (select key from ${table} where expire <= ${Date.now()} order by expire limit ${pruneBatch})
        union (select key from ${table} order by expire limit ${excess})
      )`.execute(db);
    if (numAffectedRows < pruneBatch) {
      return;
    }
  }
}

/** Names of counters. A reader of the table learns neither an e-mail nor an address, not even by trying all of them. */
export type ThrottleKeys = (...parts: readonly string[]) => string;

/** `secret`: the password pepper, which is kept outside the database. */
export function createThrottleKeys(secret: Uint8Array, platform: Platform): ThrottleKeys {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `signet throttle ${platform}`, 32));
  // Every part has its length before it: no two lists of parts give the same text.
  return (...parts) =>
    createHmac('sha256', key)
      .update(parts.map((part) => `${part.length}:${part}`).join(''))
      .digest('base64url');
}
