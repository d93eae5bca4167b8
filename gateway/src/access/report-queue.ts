import { formatReportNumber, maxReportedRefusals, type ReportedRefusal } from '@signet/schema/contract';
import { formatSignetContext, type Logger, signetContextHeader } from '@signet/service';
import type { FetchMessage, FetchSigner } from '../subgraphs/entrance-proof.ts';

/** Reports that wait to be sent to one process. No request waits for them. */
export type ReportQueue = {
  add(refusal: ReportedRefusal): void;
  /** Sends the waiting reports, if auth answers. */
  stop(): Promise<void>;
};

export type ReportQueueOptions = {
  /** Resolves to false where sending them again is useless. Rejects where it may help: then the next call is with the same reports. */
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

/**
 * Sends the reports about once a second, in order. After a failed attempt it waits 1, 2, 4 … 30 s and sends the same batch: auth may have
 * taken it in, and knows it by its number.
 */
export function createReportQueue(options: ReportQueueOptions): ReportQueue {
  const { send, logger, everyMs = 1000, maxWaiting = defaultMaxWaiting } = options;
  const waiting: ReportedRefusal[] = [];
  let unanswered: ReportedRefusal[] = [];
  let failures = 0;
  let ticksToSkip = 0;
  let running: Promise<void> | undefined;
  const waitingNow = () => unanswered.length + waiting.length;
  const dropBeyond = (most: number, why: string) => {
    const dropped = waiting.splice(0, Math.max(0, waiting.length - most));
    if (dropped.length > 0) logDropped(dropped, why);
  };
  const logDropped = (dropped: readonly ReportedRefusal[], why: string) => {
    const refusals = dropped.reduce((sum, { count }) => sum + count, 0);
    logger.error({ rows: dropped.length, refusals }, `refusals will not be in the audit log: ${why}`);
  };
  const sendBatch = async (): Promise<boolean> => {
    if (unanswered.length === 0) unanswered = waiting.splice(0, maxReportedRefusals);
    try {
      if (!(await send(unanswered))) logDropped(unanswered, 'auth does not take the report');
      unanswered = [];
      failures = 0;
      return true;
    } catch (err) {
      failures += 1;
      ticksToSkip = Math.min(2 ** (failures - 1), maxPauseMs / everyMs);
      logger.warn({ err, waiting: waitingNow() }, 'refusals could not be reported to auth yet');
      return false;
    }
  };
  const sendAll = async () => {
    while (waitingNow() > 0 && (await sendBatch()));
    dropBeyond(maxWaiting, 'too many wait for auth');
  };
  const timer = setInterval(() => {
    if (running || waitingNow() === 0) return;
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
      waiting.unshift(...unanswered.splice(0));
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

/** Resolves to false where auth will never accept the report. Rejects where it may have accepted it, or may do so later. */
export type ReportSender = (report: object) => Promise<boolean>;

/**
 * Sends reports to a path of auth, one after the other, under the entrance's proof and signed anew at each call. After a call that rejects, the
 * next one has to be with the same report: it has the same number, and auth takes in a number once.
 */
export function createReportSender(path: string, sending: Sending): ReportSender {
  const sender = crypto.randomUUID();
  let number = 1;
  return async (report) => {
    const isTaken = await sendReport(path, formatReportNumber({ sender, number }), report, sending);
    number += 1;
    return isTaken;
  };
}

/** Sends a report once. `query` is its number; a report that may be taken in twice has none. */
export async function sendReport(
  path: string,
  query: string,
  report: object,
  { entrance, authUrl, sign }: Sending,
): Promise<boolean> {
  const body = JSON.stringify(report);
  const message: FetchMessage = {
    method: 'POST',
    path,
    query,
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
  const { request } = await import('@signet/session/light-undici');
  const answer = await request(new URL(`${path}${query}`, authUrl), {
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
