import { createFairQueue } from '@signet/flow';
import { inSpan } from '@signet/telemetry/tracing';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { findCaller, findSpan, findTimeLeftMs, hasProgress } from '../request-scope.ts';
import { DatabaseSilentError, PoolBusyError } from './pool-errors.ts';
import type { Pooler } from './pooler.ts';
import type { SilenceWatch } from './silence-watch.ts';
import type { StatementRunner } from './watched-client.ts';

type Waiter = { admit(): void; refuse(error: Error): void };

/** A connection, until `release`. With a reason it is ended, not kept. */
export type PooledClient = PostgresPoolClient & StatementRunner;

export type FairPool = Omit<PostgresPool, 'connect'> & {
  /**
   * @throws {DatabaseSilentError} while the server gives no sign of life
   * @throws {PoolBusyError} when no connection becomes free in time
   * @throws {OutOfTimeError} when the request has no time left
   */
  connect(): Promise<PooledClient>;
  /** Its connections now, and the work that waits for one. */
  count(): PoolCount;
  /** Calls `listener` with the ms that work waited for a connection, each time it got one. */
  onConnect(listener: (waitedMs: number) => void): void;
  /** Whether all of its connections are in use. */
  readonly isFull: boolean;
  /** Refuses all that wait. */
  refuseWaiting(error: Error): void;
};

export type PoolCount = { used: number; idle: number; waiting: number };

export type FairPoolOptions = {
  watch: SilenceWatch;
  pooler: Pooler;
  maxConnections: number;
  waitMs: number;
  /** No connection could be made. */
  onRefused(error: unknown): void;
};

const maxWaiting = 1000;
/** Until more connections are tried again. */
const refusedMs = 1000;

/**
 * Shares out the connections of a pool. A caller holds at most as many as are left free, so one alone gets half of them and there
 * is one for the next; what waits is served in turns of callers. A request that has ended a transaction comes before those that
 * have not: an order that is committed must not fail at reading its items, behind a hundred others. The process's own
 * work (no caller) takes what is free. Whatever
 * waits gives up: after `waitMs`, at its request's deadline, or when the server is silent.
 */
export function createFairPool(pool: pg.Pool, options: FairPoolOptions): FairPool {
  const { watch, pooler, maxConnections, waitMs, onRefused } = options;
  /** Connections held, by caller; `own` is the process's own work. */
  const held = new Map<string, number>();
  let total = 0;
  let listener: ((waitedMs: number) => void) | undefined;
  /** Of them, those that are open. */
  let open = 0;
  /** Fewer for a while where the server, or a pooler, refuses more. */
  let most = maxConnections;
  const [finishing, starting] = [createFairQueue<Waiter>(maxWaiting), createFairQueue<Waiter>(maxWaiting)];
  const next = (may?: (caller: string) => boolean) => finishing.take(may) ?? starting.take(may);

  const mayTake = (caller: string) => {
    const free = most - total;
    const share = caller === own ? free : Math.max(1, free);
    return free > 0 && (caller === own || (held.get(caller) ?? 0) < share);
  };
  const take = (caller: string) => {
    total += 1;
    held.set(caller, (held.get(caller) ?? 0) + 1);
  };
  const giveBack = (caller: string) => {
    total -= 1;
    const left = (held.get(caller) ?? 1) - 1;
    if (left > 0) held.set(caller, left);
    else held.delete(caller);
    admitWaiting();
  };
  const admitWaiting = () => {
    for (let turn = next(mayTake); turn; turn = next(mayTake)) {
      take(turn.caller);
      turn.item.admit();
    }
  };
  const manageWithOpen = () => {
    most = open;
    setTimeout(() => {
      most = maxConnections;
      admitWaiting();
    }, refusedMs).unref();
  };
  const waitForTurn = (caller: string) => {
    const queue = hasProgress() ? finishing : starting;
    const left = Math.min(waitMs, findTimeLeftMs() ?? waitMs);
    return new Promise<void>((resolve, reject) => {
      const busy = () => new PoolBusyError(`No connection became free within ${left} ms.`);
      const timer = setTimeout(() => {
        queue.remove(caller, waiter);
        reject(busy());
      }, left);
      const waiter: Waiter = {
        admit() {
          clearTimeout(timer);
          resolve();
        },
        refuse(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      queue.push(caller, waiter)?.refuse(new PoolBusyError('Too many wait for a connection.'));
    });
  };

  const connect = async () => {
    try {
      return await pool.connect();
    } catch (error) {
      if (!pooler.isRefusal(error)) throw error;
      pooler.note();
      return await pool.connect();
    }
  };
  /** What no new connection is made for waits for one that is open. */
  const acquire = async (caller: string) => {
    for (;;) {
      if (mayTake(caller)) take(caller);
      else await inSpan(findSpan(), 'wait for a connection', () => waitForTurn(caller));
      try {
        return await connect();
      } catch (error) {
        onRefused(error);
        const mayWait = error instanceof pg.DatabaseError && open > 0;
        if (mayWait) manageWithOpen();
        giveBack(caller);
        if (!mayWait) throw error;
      }
    }
  };

  return {
    options: pool.options,
    count: () => ({ used: total, idle: pool.idleCount, waiting: finishing.length + starting.length }),
    onConnect: (next) => {
      listener = next;
    },
    get isFull() {
      return total >= most;
    },
    async connect() {
      if (watch.isSilent) throw new DatabaseSilentError('The database gives no sign of life.');
      const askedAt = listener && performance.now();
      const caller = findCaller() ?? own;
      const client = (await acquire(caller)) as pg.PoolClient & PooledClient;
      open += 1;
      if (askedAt !== undefined) listener?.(performance.now() - askedAt);
      const release = client.release.bind(client);
      client.release = (error) => {
        // One in a transaction would carry its tenant to the next caller. Nobody should give one back.
        release(error || client.isLost || client.getTransactionStatus() !== idle);
        open -= 1;
        giveBack(caller);
      };
      return client;
    },
    refuseWaiting(error) {
      for (let turn = next(); turn; turn = next()) turn.item.refuse(error);
    },
    async end() {
      // It waits for the work under way, whose answers may be lost.
      await pool.end().finally(() => watch.stop());
    },
  };
}

const own = '';
/** PostgreSQL manual, 54.7, ReadyForQuery: not in a transaction block. */
const idle = 'I';
