import { setTimeout as sleep } from 'node:timers/promises';
import type { Span } from '@signet/telemetry/tracing';
import type { Kysely } from 'kysely';
import { createDatabase, pingDatabase } from './database.ts';
import { type DatabaseErrorReason, databaseErrorToReason } from './database-errors.ts';
import { DatabaseSilentError, PoolBusyError } from './pool/pool-errors.ts';
import { poolOf } from './pool/pooled-dialect.ts';
import { findSpan, identifyCaller, inRequest, type RequestScope } from './request-scope.ts';
import type { Database } from './tables.ts';

type Log = { warn(fields: object, message: string): void };

/** The database as one process's role sees it, with what its server asks of it: tenants by slug, readiness, an end. */
export type ProcessDatabase = {
  db: Kysely<Database>;
  findTenantId(slug: string): Promise<string | undefined>;
  /** The reason why the server cannot be used, found within a second, or undefined. */
  checkReady(): Promise<string | undefined>;
  classifyError(error: unknown): DatabaseErrorReason | undefined;
  requests: RequestScopes;
  close(): Promise<void>;
};

/** How the server tells the pool for whom it works. */
export type RequestScopes = {
  /** Runs what serves a request: its queries end at its deadline, and its connections count as its caller's. */
  inRequest<T>(scope: RequestScope, fn: () => T): T;
  identifyCaller(caller: string, actor?: string): void;
  /** What the request under way is traced with. */
  findSpan(): Span | undefined;
};
export const requestScopes: RequestScopes = { inRequest, identifyCaller, findSpan };

export type ProcessDatabaseOptions = {
  name: string;
  log: Log;
  maxConnections?: number;
  /** As `DatabaseOptions` has it. */
  statementTimeoutMs?: number;
  onQuery?: (sql: string) => void;
  replicas?: readonly string[];
};

/** Opens a pool for a process. Nothing connects before the first query. */
export function openProcessDatabase(
  url: string,
  { name, log, ...options }: ProcessDatabaseOptions,
): ProcessDatabase {
  const db = createDatabase(url, {
    ...options,
    applicationName: `signet-${name}`,
    log: (line) => log.warn({ database: name }, line),
  });
  return {
    db,
    findTenantId: createTenantDirectory(db),
    checkReady: () => checkServer(db),
    classifyError: databaseErrorToReason,
    requests: requestScopes,
    close: () => db.destroy(),
  };
}

/** Shorter than a readiness check may take. */
const pingMs = 800;

/** A pool whose connections are all in use is busy, and no reason: callers who ask for slow things must not close a process to all others. */
async function checkServer(db: Kysely<Database>): Promise<string | undefined> {
  let isSent = false;
  const wasFull = poolOf(db).isFull;
  const ping = db
    .connection()
    .execute((connection) => {
      isSent = true;
      return pingDatabase(connection);
    })
    .then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof PoolBusyError) return undefined;
        return error instanceof DatabaseSilentError
          ? 'the database gives no sign of life'
          : 'the database does not answer';
      },
    );
  const timeout = sleep(pingMs, undefined, { ref: false }).then(() =>
    wasFull && !isSent ? undefined : `the database does not answer within ${pingMs} ms`,
  );
  return Promise.race([ping, timeout]);
}

const slugForm = /^[a-z0-9][a-z0-9-]{0,62}$/;
const maxKnownTenants = 10_000;

/**
 * Finds a tenant's id by its slug. A slug never changes its id and tenants are never deleted, so a found one is kept;
 * an unknown one is asked for anew each time.
 */
export function createTenantDirectory(db: Kysely<Database>): (slug: string) => Promise<string | undefined> {
  const known = new Map<string, string>();
  return async (slug) => {
    if (!slugForm.test(slug)) {
      return undefined;
    }
    const id = known.get(slug) ?? (await findTenantId(db, slug));
    if (id !== undefined && known.size < maxKnownTenants) {
      known.set(slug, id);
    }
    return id;
  };
}

async function findTenantId(db: Kysely<Database>, slug: string): Promise<string | undefined> {
  const row = await db.selectFrom('auth.tenant').select('id').where('slug', '=', slug).executeTakeFirst();
  return row?.id;
}
