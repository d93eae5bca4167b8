import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerSign } from './ask-server.ts';
import { DatabaseSilentError } from './pool-errors.ts';

/** A connection of the pool. */
export type WatchedConnection = {
  /** Of its backend; null until it is known. */
  readonly pid: number | null;
  /** Ends it. What waits on it fails with this error, and the pool replaces it. */
  giveUp(error: DatabaseSilentError): void;
};

export type SilenceWatch = {
  readonly isSilent: boolean;
  /** A connection exists from now on until `remove`. */
  add(connection: WatchedConnection): void;
  remove(connection: WatchedConnection): void;
  /** An answer to so many statements is waited for from now on until `rest`. */
  wait(connection: WatchedConnection, statements?: number): void;
  /** `isAnswered`: the server answered, be it with an error. */
  rest(connection: WatchedConnection, isAnswered: boolean): void;
  stop(): void;
};

export type SilenceWatchOptions = {
  /** Asks the server on a connection of its own. */
  ask(question: { pids: readonly number[]; firstByteMs: number; answerMs: number }): Promise<ServerSign>;
  /** How long the answer to a statement may take at most; infinite where the server has no limit either. */
  answerMs: number;
  onChange(isSilent: boolean): void;
};

type Wait = { since: number; mostMs: number };
type Suspect = [WatchedConnection, Wait];

const tickMs = 250;
/** A statement that takes longer is a reason to ask the server what became of it. */
const suspectMs = 1000;
/** While nothing is known. A busy machine needs a part of it to start a backend. */
const firstByteMs = 2000;
const answerMs = 3000;
/** The server's limit of a transaction is four times that of a statement, however many statements it has. */
const maxStatements = 4;
/** Between two questions while the server is silent. One that was sent before the path came back may never be answered. */
const repeatMs = 500;

/**
 * Watches the answers of one pool, since a path that loses bytes gives no error: everybody would wait on connections that
 * nobody answers, for a quarter of an hour if TCP notices and for ever if it does not.
 *
 * An answer that takes a second raises a suspicion, and one question on a new connection decides. The server gives no sign: it
 * is silent, every connection is given up, and nothing is begun until it answers such a question. The server has nothing to do
 * for a connection: its answer was lost, and that connection is given up. The server is at work: the statement is slow.
 */
export function createSilenceWatch({
  ask,
  answerMs: answerLimitMs,
  onChange,
}: SilenceWatchOptions): SilenceWatch {
  const connections = new Set<WatchedConnection>();
  /** Since when an answer is waited for, and how long it may take, by `performance.now()`. */
  const waiting = new Map<WatchedConnection, Wait>();
  let heardAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let isAsking = false;
  let isSilent = false;
  const stopping = new AbortController();

  const listSuspects = () => {
    const before = performance.now() - suspectMs;
    return [...waiting].filter(([, { since }]) => since < before);
  };
  const giveUpLost = (suspects: readonly Suspect[], idlePids: readonly number[]) => {
    for (const [connection, wait] of suspects) {
      // It may have got its answer meanwhile, and wait for the next one.
      if (waiting.get(connection) !== wait || connection.pid === null) continue;
      if (idlePids.includes(connection.pid)) {
        connection.giveUp(new DatabaseSilentError('The answer of the database was lost.'));
      }
    }
  };
  const untilAlive = async () => {
    const alive = Promise.withResolvers<boolean>();
    for (let isAlive = false; !isAlive && !stopping.signal.aborted; ) {
      void ask({ pids: [], firstByteMs: answerMs, answerMs }).then(
        ({ kind }) => kind === 'alive' && alive.resolve(true),
      );
      isAlive = await Promise.race([alive.promise, sleep(repeatMs, false, { ref: false })]);
    }
  };
  const declareSilent = async () => {
    isSilent = true;
    onChange(true);
    const error = new DatabaseSilentError('The database gives no sign of life.');
    // Also those at rest: whether the path still knows them is not known.
    for (const connection of [...connections]) connection.giveUp(error);
    await untilAlive();
    isSilent = false;
    if (!stopping.signal.aborted) onChange(false);
  };
  const investigate = async (suspects: readonly Suspect[]) => {
    const askedAt = performance.now();
    const pids = suspects.flatMap(([{ pid }]) => pid ?? []);
    const sign = await ask({ pids, firstByteMs, answerMs });
    if (stopping.signal.aborted) return;
    if (sign.kind === 'alive') giveUpLost(suspects, sign.idlePids);
    else if (heardAt < askedAt) await declareSilent();
    await sleep(suspectMs, undefined, { ref: false });
  };
  const tick = () => {
    const now = performance.now();
    for (const [connection, { since, mostMs }] of waiting) {
      if (now - since > mostMs) {
        connection.giveUp(new DatabaseSilentError(`No answer within ${mostMs} ms.`));
      }
    }
    if (isAsking) return;
    const suspects = listSuspects();
    if (suspects.length === 0) return;
    isAsking = true;
    void investigate(suspects).finally(() => {
      isAsking = false;
    });
  };
  const forget = (connection: WatchedConnection) => {
    waiting.delete(connection);
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  return {
    get isSilent() {
      return isSilent;
    },
    add: (connection) => void connections.add(connection),
    remove(connection) {
      connections.delete(connection);
      forget(connection);
    },
    wait(connection, statements = 1) {
      const mostMs = answerLimitMs * Math.min(statements, maxStatements);
      waiting.set(connection, { since: performance.now(), mostMs });
      timer ??= setInterval(tick, tickMs).unref();
    },
    rest(connection, isAnswered) {
      if (isAnswered) heardAt = performance.now();
      forget(connection);
    },
    stop() {
      stopping.abort();
      clearInterval(timer);
    },
  };
}
