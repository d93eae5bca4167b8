import { RefusalError } from '@signet/service';

/** Runs some jobs at a time. Waiting jobs take turns by lane, so that a caller who sends many delays only itself. */
export type FairQueue = {
  /** @throws {RefusalError} auth.throttled when there is no room, or its turn did not come in time. */
  run<T>(lane: string, job: () => Promise<T>): Promise<T>;
};

export type FairQueueOptions = {
  /** Jobs that run at the same time. */
  concurrency: number;
  /** Jobs that may wait beside them. */
  maxWaiting: number;
  maxWaitMs: number;
};

type Waiting = { start(): void; refuse(): void };

/**
 * Lanes take turns, each with one job. A full queue makes room for a lane that has fewer waiting jobs than the longest lane:
 * the last job of the longest lane is refused instead. So a caller who fills the queue closes it only to itself.
 */
export function createFairQueue({ concurrency, maxWaiting, maxWaitMs }: FairQueueOptions): FairQueue {
  /** In the order of their turns. No lane is empty. */
  const lanes = new Map<string, Waiting[]>();
  let waiting = 0;
  let running = 0;

  const remove = (lane: string, job: Waiting) => {
    const jobs = lanes.get(lane) ?? [];
    const index = jobs.indexOf(job);
    if (index < 0) return;
    jobs.splice(index, 1);
    waiting -= 1;
    if (jobs.length === 0) lanes.delete(lane);
  };
  const startNext = () => {
    const [first] = lanes;
    if (!first || running >= concurrency) return;
    const [lane, jobs] = first;
    const job = jobs[0] as Waiting;
    lanes.delete(lane);
    lanes.set(lane, jobs); // Behind all others.
    remove(lane, job);
    job.start();
  };
  const makeRoom = (lane: string): boolean => {
    if (waiting < maxWaiting) return true;
    const longest = [...lanes].reduce((a, b) => (b[1].length > a[1].length ? b : a), ['', []] as [
      string,
      Waiting[],
    ]);
    if (longest[1].length <= (lanes.get(lane)?.length ?? 0) + 1) return false;
    longest[1].at(-1)?.refuse();
    return true;
  };
  const waitForTurn = (lane: string) =>
    new Promise<void>((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        remove(lane, job);
      };
      const job: Waiting = {
        start() {
          leave();
          running += 1;
          resolve();
        },
        refuse() {
          leave();
          reject(tooBusy(maxWaitMs));
        },
      };
      const timer = setTimeout(job.refuse, maxWaitMs);
      lanes.set(lane, [...(lanes.get(lane) ?? []), job]);
      waiting += 1;
    });
  return {
    async run(lane, job) {
      if (running >= concurrency) {
        if (!makeRoom(lane)) throw tooBusy(maxWaitMs);
        await waitForTurn(lane);
      } else {
        running += 1;
      }
      try {
        return await job();
      } finally {
        running -= 1;
        startNext();
      }
    },
  };
}

function tooBusy(maxWaitMs: number): RefusalError {
  return new RefusalError('auth.throttled', { retryAfterSeconds: Math.ceil(maxWaitMs / 1000) });
}
