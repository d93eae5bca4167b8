import { RefusalError } from '@signet/service';
import type { ClientNetwork } from '../throttle/client-networks.ts';
import { createRecentUse, type RecentUse } from './recent-use.ts';
import { createWaitingLine, type WaitingLine } from './waiting-line.ts';

/**
 * Who asks for a compare. A text: the id of an account, asked for by somebody who signed in to it before, so by a known device or
 * with a token. Else a stranger, known by the networks alone.
 */
export type PasswordCaller = string | readonly ClientNetwork[];

/** Runs some jobs at a time. Strangers and known callers wait apart, so that strangers cannot fill the queue for those who are known. */
export type PasswordQueue = {
  /** @throws {RefusalError} auth.throttled when there is no room, or its turn did not come in time. */
  run<T>(caller: PasswordCaller, job: () => Promise<T>): Promise<T>;
  /** Jobs that wait. */
  readonly length: number;
};

export type PasswordQueueOptions = {
  /** Jobs that run at the same time. */
  concurrency: number;
  /** Jobs of strangers that may wait beside them, and as many of known callers. */
  maxWaiting: number;
  maxWaitMs: number;
  /** Called with the ms that a job waited, when it begins. */
  onWait?: ((waitedMs: number) => void) | undefined;
  /** Called for each job that is refused. */
  onRefused?: (() => void) | undefined;
  now?: () => number;
};

type Waiting = { start(): void; refuse(): void };
type Line = { use: RecentUse; waiting: WaitingLine<Waiting> };

/** Known callers come first, but each job after this many of theirs is a stranger's: people must be able to become known. */
const knownInARow = 3;

export function createPasswordQueue(options: PasswordQueueOptions): PasswordQueue {
  const { concurrency, maxWaiting, maxWaitMs, onWait, onRefused, now } = options;
  const createLine = (): Line => {
    const use = createRecentUse(now && { now });
    return { use, waiting: createWaitingLine(maxWaiting, use) };
  };
  const [known, strangers] = [createLine(), createLine()];
  let running = 0;
  let inARow = 0;

  const takeNext = () => {
    const isTurnOfKnown = inARow < knownInARow || strangers.waiting.length === 0;
    const next = isTurnOfKnown ? known.waiting.take() : undefined;
    inARow = next && strangers.waiting.length > 0 ? inARow + 1 : 0;
    return next ?? strangers.waiting.take();
  };
  const waitForTurn = ({ waiting }: Line, networks: readonly ClientNetwork[]) =>
    new Promise<void>((resolve, reject) => {
      const job: Waiting = {
        start() {
          clearTimeout(timer);
          resolve();
        },
        refuse() {
          clearTimeout(timer);
          waiting.remove(job);
          onRefused?.();
          reject(new RefusalError('auth.throttled', { retryAfterSeconds: Math.ceil(maxWaitMs / 1000) }));
        },
      };
      const timer = setTimeout(job.refuse, maxWaitMs);
      waiting.push(networks, job)?.refuse();
    });
  return {
    get length() {
      return known.waiting.length + strangers.waiting.length;
    },
    async run(caller, job) {
      const askedAt = onWait && performance.now();
      const isKnown = typeof caller === 'string';
      const line = isKnown ? known : strangers;
      const networks = isKnown ? [{ prefix: caller, share: 1 }] : caller;
      if (running < concurrency) running += 1;
      else await waitForTurn(line, networks); // Whoever gives up its place does not count it down.
      if (askedAt !== undefined) onWait?.(performance.now() - askedAt);
      line.use.add(networks);
      try {
        return await job();
      } finally {
        const next = takeNext();
        if (next) next.start();
        else running -= 1;
      }
    },
  };
}
