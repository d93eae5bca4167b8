import { createDatabase, type Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { CompiledQuery, type Kysely, sql } from 'kysely';
import { RateLimiterPostgres } from 'rate-limiter-flexible';

/** Where the counters lie: shared by all replicas of a platform's process, and still there after a restart. */
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

/** Apart from the connections that everything else uses: a flood of sign-ins keeps nobody else waiting for one. */
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

/** What the library uses of a pg.Pool. */
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
