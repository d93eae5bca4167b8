import { outsideRequests } from '@signet/db';
import type { Logger } from '@signet/service';

/**
 * Work that a request asks for and whose answer does not wait for it: the time of the answer then says nothing about what there was to
 * do. One job after the other, in the order in which they came.
 */
export type LaterWork = {
  /** What fails is logged under the name. Where too much waits already, the job is dropped and the log says so. */
  add(name: string, job: () => Promise<void>): void;
  /** Ends when all that was added is done. */
  stop(): Promise<void>;
};

/** A job takes some milliseconds. */
const maxWaiting = 1000;

export function createLaterWork(log: Pick<Logger, 'warn' | 'error'>): LaterWork {
  let waiting = 0;
  let last = Promise.resolve();
  return {
    add(name, job) {
      if (waiting >= maxWaiting) {
        log.warn({ job: name, waiting }, 'too much is to be done after answers: this was dropped');
        return;
      }
      waiting += 1;
      last = outsideRequests(() =>
        last
          .then(job)
          .catch((err: unknown) =>
            log.error({ err, job: name }, 'what was to be done after an answer failed'),
          )
          .finally(() => {
            waiting -= 1;
          }),
      );
    },
    stop: () => last,
  };
}
