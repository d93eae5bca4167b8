import { maxReportedRefusals, type ReportedRefusal } from '@signet/schema/contract';
import type { Logger } from '@signet/service';

/** Reports that wait to be sent to one process. Nobody waits for them. */
export type ReportQueue = {
  add(refusal: ReportedRefusal): void;
  /** Sends what waits, if auth answers. */
  stop(): Promise<void>;
};

export type ReportQueueOptions = {
  /** Resolves false where sending them again is of no use. Rejects where it may be. */
  send(refusals: readonly ReportedRefusal[]): Promise<boolean>;
  logger: Pick<Logger, 'warn' | 'error'>;
  everyMs?: number;
  /** Beyond them, the oldest are dropped. */
  maxWaiting?: number;
};

/** The sampler before this lets 501 through in a minute: two minutes without auth are not lost, and some 500 KB are held. */
const defaultMaxWaiting = 1000;
const maxPauseMs = 30_000;

/**
 * Sends what was added about once a second, in the order in which it came. A failed attempt is made again after a pause of 1, 2,
 * 4 … 30 s.
 */
export function createReportQueue(options: ReportQueueOptions): ReportQueue {
  const { send, logger, everyMs = 1000, maxWaiting = defaultMaxWaiting } = options;
  const waiting: ReportedRefusal[] = [];
  let failures = 0;
  let ticksToSkip = 0;
  let running: Promise<void> | undefined;
  const dropBeyond = (most: number, why: string) => {
    const dropped = waiting.splice(0, Math.max(0, waiting.length - most));
    if (dropped.length > 0) logDropped(dropped, why);
  };
  const logDropped = (dropped: readonly ReportedRefusal[], why: string) => {
    const refusals = dropped.reduce((sum, { count }) => sum + count, 0);
    logger.error({ rows: dropped.length, refusals }, `refusals will not be in the audit log: ${why}`);
  };
  const sendBatch = async (): Promise<boolean> => {
    const batch = waiting.splice(0, maxReportedRefusals);
    try {
      if (!(await send(batch))) logDropped(batch, 'auth does not take the report');
      failures = 0;
      return true;
    } catch (err) {
      waiting.unshift(...batch);
      failures += 1;
      ticksToSkip = Math.min(2 ** (failures - 1), maxPauseMs / everyMs);
      logger.warn({ err, waiting: waiting.length }, 'refusals could not be reported to auth yet');
      return false;
    }
  };
  const sendAll = async () => {
    while (waiting.length > 0 && (await sendBatch()));
    dropBeyond(maxWaiting, 'too many wait for auth');
  };
  const timer = setInterval(() => {
    if (running || waiting.length === 0) return;
    if (ticksToSkip > 0) ticksToSkip -= 1;
    else {
      running = sendAll().finally(() => {
        running = undefined;
      });
    }
  }, everyMs).unref();
  return {
    add(refusal) {
      waiting.push(refusal);
      // Twice the number: the log tells of many at once, and not of each.
      if (waiting.length >= 2 * maxWaiting) dropBeyond(maxWaiting, 'too many wait for auth');
    },
    async stop() {
      clearInterval(timer);
      await running;
      // Where auth did not answer a moment ago, nobody waits for it at the end.
      if (failures === 0) await sendAll();
      dropBeyond(0, 'the process ends');
    },
  };
}
