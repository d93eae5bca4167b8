import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { outsideRequests } from '@signet/db';
import type { Logger } from '@signet/service';

/**
 * Work that a request asks for and whose answer does not wait for it: the time of the answer then says nothing about what there was to
 * do. One job after the other, each begun a random time after its request: at once, it would slow down the request that the same client
 * sends next, and so tell.
 */
export type LaterWork = {
  /** What fails is logged under the name. Where too much waits already, the job is dropped and the log says so. */
  add(name: string, job: () => Promise<void>): void;
  /** Ends when all that was added is done. */
  stop(): Promise<void>;
};

/** A job takes some milliseconds. */
const maxWaiting = 1000;
/** No job begins later than this after its request, unless it waits for another job. */
export const maxPauseMs = 250;

export function createLaterWork(log: Pick<Logger, 'warn' | 'error'>): LaterWork {
  let waiting = 0;
  let last = Promise.resolve();
  const jobs = new Set<Promise<void>>();
  return {
    add(name, job) {
      if (waiting >= maxWaiting) {
        log.warn({ job: name, waiting }, 'too much is to be done after answers: this was dropped');
        return;
      }
      waiting += 1;
      const done = outsideRequests(() => setTimeout(randomInt(maxPauseMs)))
        .then(() => {
          last = last.then(job).catch((err: unknown) => {
            log.error({ err, job: name }, 'what was to be done after an answer failed');
          });
          return last;
        })
        .finally(() => {
          waiting -= 1;
          jobs.delete(done);
        });
      jobs.add(done);
    },
    async stop() {
      await Promise.all(jobs);
    },
  };
}
