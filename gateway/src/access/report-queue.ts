import {
  maxReportedRefusals,
  type RefusalReport,
  type ReportedRefusal,
  refusalReportPath,
} from '@signet/schema/contract';
import { formatSignetContext, type Logger, signetContextHeader } from '@signet/service';
import { request } from 'undici';
import type { FetchMessage, FetchSigner } from '../subgraphs/entrance-proof.ts';

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

type Sending = {
  entrance: string;
  /** Of the auth process that holds the platform, as fetches know it: what signs chooses the recipient by it. */
  authUrl: string;
  sign: FetchSigner;
};

/** Also what an entrance that stops waits at most. */
const timeoutMs = 2000;
/** The proof is refused while keys are being replaced, and 429 and 5xx pass. Anything else will be refused again. */
const passing = new Set([401, 408, 429]);

/**
 * Sends a report under the entrance's proof, signed anew at each call. Resolves false where auth will never take it.
 *
 * @throws where it may be taken later
 */
export async function sendReport(
  report: RefusalReport,
  { entrance, authUrl, sign }: Sending,
): Promise<boolean> {
  const body = JSON.stringify(report);
  const message: FetchMessage = {
    method: 'POST',
    path: refusalReportPath,
    query: '',
    headers: {
      'content-type': 'application/json',
      [signetContextHeader]: formatSignetContext({
        requestId: crypto.randomUUID(),
        entrance,
        hasToken: false,
      }),
    },
    body,
  };
  const answer = await request(new URL(refusalReportPath, authUrl), {
    method: 'POST',
    headers: { ...message.headers, ...sign(message, authUrl) },
    body,
    reset: true,
    signal: AbortSignal.timeout(timeoutMs),
  });
  await answer.body.dump();
  const { statusCode } = answer;
  if (statusCode >= 500 || passing.has(statusCode)) {
    throw new Error(`auth answered ${statusCode} to a report of refusals`);
  }
  return statusCode === 202;
}
