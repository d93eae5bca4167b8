import { maxReportedRefusals, type ReportedRefusal } from '@signet/schema/contract';
import { formatSignetContext, type Logger, signetContextHeader } from '@signet/service';
import type { FetchMessage, FetchSigner } from '../subgraphs/entrance-proof.ts';

/** Reports that wait to be sent to one process. No request waits for them. */
export type ReportQueue = {
  add(refusal: ReportedRefusal): void;
  /** Sends the waiting reports, if auth answers. */
  stop(): Promise<void>;
};

export type ReportQueueOptions = {
  /** Resolves to false where sending them again is useless. Rejects where it may help. */
  send(refusals: readonly ReportedRefusal[]): Promise<boolean>;
  logger: Pick<Logger, 'warn' | 'error'>;
  everyMs?: number;
  /** When more are waiting, the oldest are dropped. */
  maxWaiting?: number;
};

/**
 * The sampler before this queue lets 501 reports a minute through. So two minutes without auth lose nothing, and the
 * queue holds some 500 KB.
 */
const defaultMaxWaiting = 1000;
const maxPauseMs = 30_000;

/** Sends the reports about once a second, in order. After a failed attempt it waits 1, 2, 4 … 30 s. */
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
      // Checked at twice the number, so that the log has one line for many reports.
      if (waiting.length >= 2 * maxWaiting) dropBeyond(maxWaiting, 'too many wait for auth');
    },
    async stop() {
      clearInterval(timer);
      await running;
      // If auth did not answer the last time, stopping does not wait for it.
      if (failures === 0) await sendAll();
      dropBeyond(0, 'the process ends');
    },
  };
}

type Sending = {
  entrance: string;
  /** The URL of the auth process that holds the platform, as fetches use it: the signer chooses the recipient by it. */
  authUrl: string;
  sign: FetchSigner;
};

/** Also the longest time that stopping an entrance waits for auth. */
const timeoutMs = 2000;
/** 401 while proof keys are being replaced; 429 and 5xx pass. Any other status would come again. */
const passing = new Set([401, 408, 429]);

/**
 * Sends a report to a path of auth under the entrance's proof, signed anew at each call. Resolves to false where auth will never accept
 * it.
 *
 * @throws where auth may accept it later
 */
export async function sendReport(
  path: string,
  report: object,
  { entrance, authUrl, sign }: Sending,
): Promise<boolean> {
  const body = JSON.stringify(report);
  const message: FetchMessage = {
    method: 'POST',
    path,
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
  const { request } = await import('undici');
  const answer = await request(new URL(path, authUrl), {
    method: 'POST',
    headers: { ...message.headers, ...sign(message, authUrl) },
    body,
    reset: true,
    signal: AbortSignal.timeout(timeoutMs),
  });
  await answer.body.dump();
  const { statusCode } = answer;
  if (statusCode >= 500 || passing.has(statusCode)) {
    throw new Error(`auth answered ${statusCode} to a report`);
  }
  return statusCode === 202;
}
