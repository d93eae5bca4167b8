import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '@signet/schema/contract';
import { type Revocation, RevocationSet, type RevocationSource } from './revocation-set.ts';

/** `mark` stands for the transactions that were finished at the read; the next read takes those that were not. */
export type RevocationRead = {
  rows: readonly (Revocation & { ageSeconds: number })[];
  mark: string;
};

/** A connection to the revocations. Any failure ends it; then a new one is made. */
export type RevocationConnection = {
  /** Without a mark: all rows. With one: the rows of every transaction that was not finished at that mark. */
  read(mark: string | undefined): Promise<RevocationRead>;
  close(): Promise<void>;
};

export type RevocationConnector = (events: {
  /** There may be something to read. The signal needs no trust: a false one costs a read. */
  onWake(): void;
  onLost(error: unknown): void;
  /** It was tried whether notifications arrive. Reading works in any case. */
  onNotifications(areReceived: boolean): void;
}) => Promise<RevocationConnection>;

/** In seconds. `read`: since the last read began. `delivery`: of the newest revocation, from its row to this process. */
export type RevocationLag = { read: number | undefined; delivery: number | undefined };

export type RevocationFeed = RevocationSource & {
  /** The reason why no token can be judged yet, or undefined. A stale feed is no reason: customers' tokens are still accepted. */
  checkReady(): string | undefined;
  /** What works less well than it should, or undefined: the revocations are not read any more, or late. Reads them, to know it now. */
  findLack(): Promise<string | undefined>;
  lag(): RevocationLag;
  /** Calls `listener` with the seconds that each revocation took, from its row to this process. */
  onDelivery(listener: (seconds: number) => void): void;
  size(): number;
  /** Resolves after the first full read, or after `timeoutMs`. */
  waitUntilRead(timeoutMs: number): Promise<void>;
  stop(): Promise<void>;
};

export type RevocationFeedOptions = {
  connect: RevocationConnector;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  pollSeconds?: number;
  staleSeconds?: number;
  onFailure?: (error: unknown) => void;
  onRecovery?: () => void;
  /** The connection receives no notifications, or receives them again. */
  onNotifications?: (areReceived: boolean) => void;
};

/** The shortest time between two reads, however many wake-ups come. */
const minGapMs = 50;
const minPauseMs = 100;
const maxPauseMs = 1000;
/** Where nothing wakes the reader. A revocation must have its effect within a second. */
const unwokenPollMs = 500;
/** Who asks about the feed gets the state of a read that began this long ago at most. */
const checkAgeSeconds = 0.5;
/** How long the answer to such a read may take. Shorter than a readiness check may take. */
const checkMs = 800;

/**
 * Follows the revocations: reads all, then the new ones when woken and every `pollSeconds`; all again on a new connection. What
 * was read is kept, so that no revoked token is accepted again while the connection is down.
 */
export function startRevocationFeed(options: RevocationFeedOptions): RevocationFeed {
  const { connect, now = () => performance.now(), pollSeconds = 5, staleSeconds = 30 } = options;
  const revoked = new RevocationSet();
  const signal = new WakeSignal();
  const firstRead = Promise.withResolvers<void>();
  const keyListeners: ((platform: Platform, kid: string) => void)[] = [];
  const deliveryListeners: ((seconds: number) => void)[] = [];
  let readAt: number | undefined;
  let deliverySeconds: number | undefined;
  let isFailing = false;
  let areReceived = true;
  let isStopped = false;
  let awaitingRead: (() => void)[] = [];
  const endRead = () => {
    const waiting = awaitingRead;
    awaitingRead = [];
    for (const resolve of waiting) resolve();
  };

  const accept = (rows: RevocationRead['rows'], startedAt: number) => {
    for (const row of rows) {
      if (!revoked.add(row)) continue;
      if (readAt !== undefined) {
        deliverySeconds = row.ageSeconds;
        for (const listener of deliveryListeners) listener(Math.max(0, row.ageSeconds));
      }
      if (row.kind === 'signing_key')
        for (const listener of keyListeners) listener(row.platform, row.subject);
    }
    revoked.sweep(Date.now());
    readAt = startedAt;
    firstRead.resolve();
    if (isFailing) options.onRecovery?.();
    isFailing = false;
    endRead();
  };

  const noteNotifications = (areReceivedNow: boolean) => {
    if (areReceivedNow === areReceived) return;
    areReceived = areReceivedNow;
    options.onNotifications?.(areReceived);
    signal.raise(); // From now on it reads more often, or less.
  };

  /** Reads until stopped. Throws when the connection is lost. */
  const follow = async () => {
    let lost: { error: unknown } | undefined;
    const connection = await connect({
      onWake: () => signal.raise(),
      onNotifications: noteNotifications,
      onLost: (error) => {
        lost ??= { error };
        signal.raise();
      },
    });
    try {
      for (let mark: string | undefined; !isStopped; ) {
        signal.clear();
        if (lost) throw lost.error;
        const startedAt = now();
        const read = await connection.read(mark);
        accept(read.rows, startedAt);
        mark = read.mark;
        await sleep(minGapMs);
        await signal.wait(areReceived ? pollSeconds * 1000 : Math.min(unwokenPollMs, pollSeconds * 1000));
      }
    } finally {
      await connection.close();
    }
  };

  const run = async () => {
    for (let pauseMs = minPauseMs; !isStopped; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
      const startedAt = now();
      try {
        await follow();
      } catch (error) {
        if (isStopped) return;
        if (!isFailing) options.onFailure?.(error);
        isFailing = true;
        endRead();
        if (readAt !== undefined && readAt >= startedAt) pauseMs = minPauseMs; // It had worked.
        signal.clear();
        await signal.wait(pauseMs);
      }
    }
  };
  const running = run();

  const readAge = () => (readAt === undefined ? undefined : (now() - readAt) / 1000);
  const isRecent = () => (readAge() ?? Number.POSITIVE_INFINITY) <= checkAgeSeconds + checkMs / 1000;
  /** Resolves when a read has ended, well or not, or after `checkMs`. */
  const readNow = async () => {
    const ended = new Promise<void>((resolve) => awaitingRead.push(resolve));
    signal.raise();
    await Promise.race([ended, sleep(checkMs, undefined, { ref: false })]);
  };
  return {
    isSessionRevoked: (platform, sessionId) => revoked.has('session', platform, sessionId),
    isKeyRevoked: (platform, kid) => revoked.has('signing_key', platform, kid),
    state() {
      const age = readAge();
      if (age === undefined) return 'unread';
      return age > staleSeconds ? 'stale' : 'current';
    },
    onKeyRevoked: (listener) => void keyListeners.push(listener),
    checkReady: () => (readAt === undefined ? 'the revocations were not read yet' : undefined),
    async findLack() {
      if (!isFailing && (readAge() ?? Number.POSITIVE_INFINITY) > checkAgeSeconds) await readNow();
      if (isFailing || !isRecent()) {
        const age = readAge();
        return `can not be read${age === undefined ? '' : `; what was read ${age.toFixed(1)} s ago stays in use`}`;
      }
      return areReceived
        ? undefined
        : 'the connection receives no NOTIFY, so the table is read twice a second: is a pooler in transaction mode between? REVOCATIONS_DATABASE_URL must go to the server itself';
    },
    lag: () => ({ read: readAge(), delivery: deliverySeconds }),
    onDelivery: (listener) => void deliveryListeners.push(listener),
    size: () => revoked.size,
    waitUntilRead: (timeoutMs) => {
      const stopWaiting = new AbortController();
      const timeout = sleep(timeoutMs, undefined, { signal: stopWaiting.signal }).catch(() => {});
      return Promise.race([firstRead.promise, timeout]).finally(() => stopWaiting.abort());
    },
    async stop() {
      isStopped = true;
      signal.raise();
      await running;
    },
  };
}

/** Lets one loop sleep until it is woken. A wake-up while it is awake counts for its next sleep. */
class WakeSignal {
  #isRaised = false;
  #wake: (() => void) | undefined;

  raise(): void {
    this.#isRaised = true;
    this.#wake?.();
  }

  clear(): void {
    this.#isRaised = false;
  }

  /** Resolves when raised, at once if it was raised since `clear`, or after `timeoutMs`. */
  async wait(timeoutMs: number): Promise<void> {
    if (this.#isRaised) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
