import { createHmac } from 'node:crypto';
import { createDatabase, type Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import { RateLimiterPostgres } from 'rate-limiter-flexible';

/** By name, what is counted and how long the row lasts. */
export type ThrottleRows = ReadonlyMap<string, { points: number; msLeft: number }>;

/** Holds the counters: shared by all replicas of a platform's process, and kept over a restart. */
export type ThrottleStore = {
  /** `prefix` keeps the keys of different limits apart. */
  createLimiter(prefix: string, limit: { points: number; durationSeconds: number }): RateLimiterPostgres;
  /** Those of the named rows that are there and have not expired, in one statement. */
  read(names: readonly string[]): Promise<ThrottleRows>;
  /** Takes a point from the row, and the row away where none is left. */
  giveBack(name: string): Promise<void>;
  /** Adds a point to those of the named rows that are there. Makes none. */
  addPoint(names: readonly string[]): Promise<void>;
  /**
   * Deletes expired rows, and beyond `maxRows` those with the fewest failures, and last the known addresses. A pause that runs and what
   * it counts are never deleted: a flood of other rows must not end it.
   */
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
  const table = sql.table(`auth.${platform}_throttle`);
  const prune = () => pruneTable(db, table, maxRows);
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
    async read(names) {
      const now = Date.now();
      const { rows } = await sql<{ key: string; points: number; expire: string | number }>`
        select key, points, expire from ${table} where key = any(${names}::text[]) and expire > ${now}
      `.execute(db);
      return new Map(rows.map(({ key, points, expire }) => [key, { points, msLeft: Number(expire) - now }]));
    },
    async giveBack(name) {
      await sql`update ${table} set points = points - 1 where key = ${name}`.execute(db);
      await sql`delete from ${table} where key = ${name} and points <= 0`.execute(db);
    },
    async addPoint(names) {
      await sql`
        update ${table} set points = points + 1 where key in (
          select key from ${table} where key = any(${names}::text[]) and expire > ${Date.now()} order by key for update
        )`.execute(db);
    },
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

async function pruneTable(db: Kysely<Database>, table: RawBuilder<unknown>, maxRows: number): Promise<void> {
  for (let deleted = pruneBatch; deleted === pruneBatch; ) {
    const { numAffectedRows = 0n } = await sql`
      delete from ${table} where key in (
        select key from ${table} where expire <= ${Date.now()} order by expire limit ${pruneBatch}
      )`.execute(db);
    deleted = Number(numAffectedRows);
  }
  const { rows } = await sql<{ excess: number }>`
    select count(*) - ${maxRows} as excess from ${table}`.execute(db);
  for (let excess = rows[0]?.excess ?? 0; excess > 0; excess -= pruneBatch) {
    const { numAffectedRows = 0n } = await sql`
      delete from ${table} where key in (
        select key from ${table} t where key not like '%-pause:%' and not exists (
          select from ${table} pause where pause.key = replace(t.key, '-count:', '-pause:') and pause.key <> t.key
        )
        order by key like 'known:%', points, expire limit ${Math.min(excess, pruneBatch)}
      )`.execute(db);
    if (numAffectedRows === 0n) return;
  }
}

/** Names of counters. A reader of the table learns neither an e-mail nor an address, not even by trying all of them. */
export type ThrottleKeys = (...parts: readonly string[]) => string;

/** @param key of this platform alone, and kept outside the database: another one begins all counters anew. */
export function createThrottleKeys(key: Uint8Array): ThrottleKeys {
  // Every part has its length before it: no two lists of parts give the same text.
  return (...parts) =>
    createHmac('sha256', key)
      .update(parts.map((part) => `${part.length}:${part}`).join(''))
      .digest('base64url');
}
