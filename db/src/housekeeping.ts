import { setTimeout as sleep } from 'node:timers/promises';
import { createFaultLog } from '@signet/flow';
import { type Kysely, sql } from 'kysely';
import type { Database } from './tables.ts';

/**
 * Something that expires. `prune` deletes at most `most` of it and says how many. One that takes more than a statement for it ends
 * early where `signal` says so: the process stops.
 */
export type HousekeepingJob = {
  name: string;
  prune(db: Kysely<Database>, most: number, signal?: AbortSignal): Promise<number>;
};

export type HousekeepingOptions = {
  /** At least two connections: one holds the lock. */
  db: Kysely<Database>;
  /** Replicas with the same name take turns. */
  name: string;
  jobs: readonly HousekeepingJob[];
  batchSize?: number;
  /** Between two statements, so that nobody else has to wait for long. */
  pauseMs?: number;
  signal?: AbortSignal;
};

/** A job that a function of the database does, which takes how many at most and returns how many there were. */
export function pruneWith(name: string, functionName: string): HousekeepingJob {
  return {
    name,
    async prune(db, most) {
      const { rows } = await sql<{ pruned: number }>`
        select ${sql.raw(functionName)}(${most}::integer) as pruned
      `.execute(db);
      return rows[0]?.pruned ?? 0;
    },
  };
}

/**
 * Does every job until there is nothing left to delete, a batch a statement. Returns how many rows each deleted; undefined
 * where another replica does it. A job that fails does not keep the others from theirs.
 *
 * @throws {AggregateError} what failed, after all were tried.
 */
export function runHousekeeping(options: HousekeepingOptions): Promise<Record<string, number> | undefined> {
  // Literals: with parameters, the server would keep the statement and its snapshot until the transaction ends.
  const lock = sql`hashtextextended(${sql.lit(`signet housekeeping ${options.name}`)}, 0)`;
  // A lock of the connection would stay behind on a pooler's. This transaction has no snapshot between its statements, so it keeps no dead
  // row of any table, however long the jobs take on other connections.
  return options.db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ locked: boolean }>`
      select set_config('transaction_timeout', '0', true), pg_try_advisory_xact_lock(${lock}) as locked
    `.execute(trx);
    return rows[0]?.locked ? runJobs(options.db, options) : undefined;
  });
}

async function runJobs(db: Kysely<Database>, options: HousekeepingOptions): Promise<Record<string, number>> {
  const { jobs, batchSize = 1000, pauseMs = 50, signal } = options;
  const counts: Record<string, number> = {};
  const errors: unknown[] = [];
  for (const { name, prune } of jobs) {
    counts[name] = 0;
    try {
      while (!signal?.aborted) {
        const pruned = await prune(db, batchSize, signal);
        counts[name] += pruned;
        if (pruned < batchSize) break;
        await sleep(pauseMs);
      }
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'housekeeping failed in part');
  return counts;
}

type Log = { info(fields: object, message: string): void; warn(fields: object, message: string): void };
type StartOptions = Omit<HousekeepingOptions, 'signal'> & {
  log: Log;
  everyMs?: number;
  random?: () => number;
};

const hourMs = 3_600_000;

/**
 * Runs the jobs about once an hour: at a random moment of each, so that the replicas of a process, started together, do not
 * all come at once. `stop` ends after the statement that runs.
 */
export function startHousekeeping(options: StartOptions): { stop(): Promise<void> } {
  const { log, name, everyMs = hourMs, random = Math.random } = options;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  const faultLog = createFaultLog({
    failing: (err) => log.warn({ err, housekeeping: name }, 'not all that had expired is gone; next time'),
  });
  const run = async () => {
    try {
      const counts = await runHousekeeping({ ...options, signal: stopping.signal });
      if (counts && Object.values(counts).some((count) => count > 0)) {
        log.info({ housekeeping: name, ...counts }, 'what had expired is gone');
      }
      faultLog.worked();
    } catch (err) {
      faultLog.failed(err);
    }
  };
  const schedule = () => {
    timer = setTimeout(
      () => {
        running = run().finally(() => {
          running = undefined;
          if (!stopping.signal.aborted) schedule();
        });
      },
      everyMs * (0.5 + random()),
    ).unref();
  };
  schedule();
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
