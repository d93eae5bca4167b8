import { createFairQueue } from '@signet/flow';
import { RefusalError } from '@signet/service';

/** Runs some jobs at a time. Waiting jobs take turns by lane, so that a caller who sends many delays only itself. */
export type PasswordQueue = {
  /** @throws {RefusalError} auth.throttled when there is no room, or its turn did not come in time. */
  run<T>(lane: string, job: () => Promise<T>): Promise<T>;
};

export type PasswordQueueOptions = {
  /** Jobs that run at the same time. */
  concurrency: number;
  /** Jobs that may wait beside them. */
  maxWaiting: number;
  maxWaitMs: number;
};

type Waiting = { start(): void; refuse(): void };

export function createPasswordQueue(options: PasswordQueueOptions): PasswordQueue {
  const { concurrency, maxWaiting, maxWaitMs } = options;
  const queue = createFairQueue<Waiting>(maxWaiting);
  let running = 0;

  const waitForTurn = (lane: string) =>
    new Promise<void>((resolve, reject) => {
      const job: Waiting = {
        start() {
          clearTimeout(timer);
          running += 1;
          resolve();
        },
        refuse() {
          clearTimeout(timer);
          queue.remove(lane, job);
          reject(new RefusalError('auth.throttled', { retryAfterSeconds: Math.ceil(maxWaitMs / 1000) }));
        },
      };
      const timer = setTimeout(job.refuse, maxWaitMs);
      // A full queue refuses this job, or the newest one of a longer lane.
      queue.push(lane, job)?.refuse();
    });
  return {
    async run(lane, job) {
      if (running >= concurrency) {
        await waitForTurn(lane);
      } else {
        running += 1;
      }
      try {
        return await job();
      } finally {
        running -= 1;
        queue.take()?.item.start();
      }
    },
  };
}
