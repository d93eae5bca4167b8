import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { databaseErrorToReason } from './database-errors.ts';
import { PoolBusyError } from './pool/pool-errors.ts';
import { poolOf } from './pool/pooled-dialect.ts';
import type { StatementOutcome } from './pool/statement-batch.ts';
import type { Statement } from './pool/watched-client.ts';
import { findRequest, isForPrimary, OutOfTimeError, outsideRequests } from './request-scope.ts';

/** Opens a database of a few connections at another host, or at the primary. */
export type OpenAt = (host: string | undefined, purpose: string, maxConnections?: number) => Kysely<unknown>;

type Log = (line: string) => void;
type State = 'unknown' | 'following' | 'behind' | 'down' | 'promoted' | 'foreign';
type Replica = {
  host: string;
  db: Kysely<unknown>;
  /** For the checks, so that they wait for no read. */
  checkDb: Kysely<unknown>;
  state: State;
  /** When it left `following`, and whether that was said. */
  leftAt: number;
  isLossSaid: boolean;
  /** The answer to the last check, while it has not come. */
  checking: Promise<State> | undefined;
  /** Resolves when it leaves a check without an answer: what reads there goes to the primary. */
  silence: PromiseWithResolvers<void>;
};

const checkEveryMs = 1000;
/** A check reads two rows on a connection of its own. Beside twenty statements at work on two loaded cores its longest answer took 0.25 s. */
const checkLimitMs = 1000;
/** In one process. A request waits for the next question, and they share its answer. */
const questionGapMs = 2;
/** Before the attempts of one request to find a replica where all is replayed: it waits for 30 ms in all. */
const pausesMs = [0, 2, 4, 8, 16];
/** A replica may be behind for a moment. */
const behindSaidAfterMs = 3000;

/**
 * Reads on streaming replicas. A read goes to one only if all that was committed before the read began is there: the primary is asked for
 * the end of its log, and the replica refuses the read unless it has replayed the log up to there. So whoever wrote something sees it,
 * through whichever process, and nothing needs to be remembered about anybody. The primary answers one such question for all reads
 * of a process that wait at the time.
 *
 * Everything that is not sure leads to the primary: a replica that is behind, down, promoted, or of another server.
 */
export class Replicas {
  readonly #replicas: readonly Replica[];
  readonly #primaryDb: Kysely<unknown>;
  readonly #primary: Position;
  readonly #log: Log;
  /** By request: the replica that it reads at, and what that must have replayed. */
  readonly #routes = new WeakMap<object, Promise<Route | undefined>>();
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  #turn = 0;

  constructor(hosts: readonly string[], open: OpenAt, log: Log = () => {}) {
    this.#log = log;
    this.#primaryDb = open(undefined, 'position', 1);
    this.#primary = new Position(this.#primaryDb);
    this.#replicas = hosts.map((host) => ({
      host,
      db: open(host, 'replica'),
      checkDb: open(host, 'replica-check', 1),
      state: 'unknown',
      leftAt: performance.now(),
      isLossSaid: false,
      checking: undefined,
      silence: Promise.withResolvers(),
    }));
  }

  /**
   * Runs reads of the present request as one transaction of a replica. `setup` makes it read-only.
   *
   * @returns as `StatementRunner.run`; undefined where the primary must be asked
   */
  async run(
    statements: readonly Statement[],
    setup: readonly Statement[],
  ): Promise<StatementOutcome[] | undefined> {
    this.#start();
    const request = findRequest();
    if (!request || isForPrimary()) return undefined;
    let choosing = this.#routes.get(request);
    if (!choosing) {
      choosing = this.#choose();
      this.#routes.set(request, choosing);
    }
    const route = await choosing;
    if (!route || isForPrimary() || route.replica.state !== 'following') return undefined;
    for (const pauseMs of pausesMs) {
      if (pauseMs > 0) await sleep(pauseMs);
      const { promise: silence } = route.replica.silence;
      const attempt = this.#attempt(route, statements, setup);
      // A read that is left goes on until its connection is given up. It changes nothing.
      const outcomes = await Promise.race([attempt, silence.then(() => undefined)]);
      if (outcomes !== 'behind') return outcomes;
    }
    return undefined;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#checking;
    const all = this.#replicas.flatMap(({ db, checkDb }) => [db, checkDb]);
    // kysely ends no pool from which it took no connection itself.
    await Promise.all([this.#primaryDb, ...all].map((db) => poolOf(db).end()));
  }

  async #choose(): Promise<Route | undefined> {
    const usable = this.#replicas.filter(({ state }) => state === 'following');
    const replica = usable[this.#turn++ % usable.length];
    if (!replica) return undefined;
    const goal = await this.#primary.ask();
    return goal === undefined ? undefined : { replica, goal };
  }

  async #attempt(route: Route, statements: readonly Statement[], setup: readonly Statement[]) {
    const { replica, goal } = route;
    try {
      const client = await poolOf(replica.db).connect();
      try {
        const [proof, ...outcomes] = await client.run([proofOf(goal), ...statements], setup);
        if (!proof || 'error' in proof) throw proof?.error;
        const last = outcomes.at(-1);
        if (last && 'error' in last && !isAnswer(last.error)) throw last.error;
        // What the request reads next is not older.
        route.goal = Math.max(goal, Number(proof.result.rows[0]?.position));
        return outcomes;
      } finally {
        client.release();
      }
    } catch (error) {
      if (isBehind(error)) return 'behind';
      if (error instanceof OutOfTimeError) throw error;
      if (isLoss(error)) this.#note(replica, 'down');
      return undefined;
    }
  }

  /** Nothing connects before the first read. */
  #start(): void {
    if (this.#timer || this.#isStopped) return;
    const check = () =>
      outsideRequests(async () => {
        const primary = await this.#primary.ask().then((position) => readIdentity(this.#primaryDb, position));
        await Promise.all(
          this.#replicas.map(async (replica) => this.#note(replica, await this.#check(replica, primary))),
        );
      }).catch(() => {}); // The primary does not answer. No replica is asked anything then.
    const schedule = () => {
      this.#checking = check().finally(() => {
        if (!this.#isStopped) this.#timer = setTimeout(schedule, checkEveryMs).unref();
      });
    };
    this.#timer = setTimeout(schedule, 0).unref();
  }

  /** A replica that accepts and says nothing would keep each read for as long as it takes to be sure of a silence (silence-watch.ts). */
  async #check(replica: Replica, primary: Identity): Promise<State> {
    replica.checking ??= readState(replica.checkDb, primary).finally(() => {
      replica.checking = undefined;
    });
    const limit = new AbortController();
    // Where this process itself was held up, the answer may be here and not be read yet.
    const late = sleep(checkLimitMs, undefined, { signal: limit.signal, ref: false }).then(() =>
      setImmediate(),
    );
    const state = await Promise.race([replica.checking, late.catch(() => {})]).finally(() => limit.abort());
    if (state) return state;
    replica.silence.resolve();
    replica.silence = Promise.withResolvers();
    return 'down';
  }

  #note(replica: Replica, state: State): void {
    const now = performance.now();
    if (replica.state === 'following' || replica.state === 'unknown') replica.leftAt = now;
    replica.state = state;
    if (state === 'following') {
      if (replica.isLossSaid) this.#log(`the replica ${replica.host} answers reads again`);
      replica.isLossSaid = false;
    } else if (!replica.isLossSaid && (state !== 'behind' || now - replica.leftAt >= behindSaidAfterMs)) {
      replica.isLossSaid = true;
      this.#log(`the replica ${replica.host} ${faults[state]}: reads go to the primary`);
    }
  }
}

type Route = { replica: Replica; goal: number };

const faults: Readonly<Record<Exclude<State, 'following'>, string>> = {
  unknown: 'was not asked yet',
  behind: 'is behind',
  down: 'does not answer',
  promoted: 'is no replica any more: it was promoted',
  foreign: 'replicates another server',
};

/** Bytes of the log. What is acknowledged as committed is flushed, and replicas are sent nothing else. */
const flushed = sql<number>`(pg_current_wal_flush_lsn() - '0/0')::bigint`;
/** Behind it, replayed transactions can be seen: the position moves on when a record is applied. */
const replayed = `(pg_last_wal_replay_lsn() - '0/0')::bigint`;

/**
 * Fails (22012) where the replica is no replica, or has not replayed so much, and then nothing behind it in the transaction runs. Each statement
 * behind it has a snapshot of its own, which is newer, where the isolation is READ COMMITTED.
 */
function proofOf(goal: number): Statement {
  return {
    text: `select ${replayed} as position,
      1 / (pg_is_in_recovery() and ${replayed} >= $1 and current_setting('transaction_isolation') = 'read committed')::integer`,
    values: [goal],
  };
}

/** Answers the question for the end of the primary's log, once for all who ask at about the same time. */
class Position {
  readonly #db: Kysely<unknown>;
  #next: Promise<number | undefined> | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(db: Kysely<unknown>) {
    this.#db = db;
  }

  /** Of a moment after the call. Undefined where the primary does not say it. */
  ask(): Promise<number | undefined> {
    this.#next ??= outsideRequests(() => this.#askNext());
    return this.#next;
  }

  async #askNext(): Promise<number | undefined> {
    await this.#running;
    const pauseMs = this.#askedAt + questionGapMs - performance.now();
    if (pauseMs > 0) await sleep(pauseMs);
    // Who comes from here on must not have the answer to a question that was sent before.
    this.#next = undefined;
    this.#askedAt = performance.now();
    const answer = sql<{ position: number }>`select ${flushed} as position`.execute(this.#db).then(
      ({ rows }) => rows[0]?.position,
      () => undefined,
    );
    this.#running = answer;
    return answer;
  }
}

type Identity = { system: string; timeline: number; position: number | undefined };

async function readIdentity(primaryDb: Kysely<unknown>, position: number | undefined): Promise<Identity> {
  const { rows } = await sql<{ system: string; timeline: number }>`
    select system_identifier::text as system,
      ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::integer as timeline
    from pg_control_system()`.execute(primaryDb);
  return { ...(rows[0] as { system: string; timeline: number }), position };
}

/** Waits for as long as a request would. */
async function readState(db: Kysely<unknown>, primary: Identity): Promise<State> {
  try {
    const { rows } = await sql<{ isReplica: boolean; system: string; timeline: number }>`
      select pg_is_in_recovery() as "isReplica", system_identifier::text as system, min_recovery_end_timeline as timeline
      from pg_control_system(), pg_control_recovery()`.execute(db);
    const [found] = rows;
    if (!found?.isReplica) return 'promoted';
    // One that follows a server which took over has another history, and its positions mean nothing here.
    if (found.system !== primary.system || ![0, primary.timeline].includes(found.timeline)) return 'foreign';
    for (const pauseMs of pausesMs) {
      if (pauseMs > 0) await sleep(pauseMs);
      const client = await poolOf(db).connect();
      const [proof] = await client
        .run([proofOf(primary.position ?? Number.MAX_SAFE_INTEGER)])
        .finally(client.release);
      if (proof && 'result' in proof) return 'following';
      if (!isBehind(proof?.error)) return 'down';
    }
    return 'behind';
  } catch {
    return 'down';
  }
}

/** division_by_zero */
const isBehind = (error: unknown) => codeOf(error) === '22012';
/** 40001: replayed changes removed rows that the read needs. That is no fault of the replica, nor are too many reads. */
const isLoss = (error: unknown) =>
  databaseErrorToReason(error) === 'unavailable' &&
  !(error instanceof PoolBusyError) &&
  codeOf(error) !== '40001';
/** The primary would say the same: a value that no column can hold, a statement at its time limit. */
const isAnswer = (error: unknown) => /^22|^57014$/.test(codeOf(error));

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? '');
}
