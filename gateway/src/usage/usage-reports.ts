import { maxReportedUsage, type UsageReport, usageReportPath } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import { createReportSender } from '../access/report-queue.ts';
import type { Entrance } from '../entrance/entrances.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import type { FieldUsage } from './field-usage.ts';

export type UsageReportsOptions = {
  entrance: Pick<Entrance, 'name' | 'kind'>;
  usage: FieldUsage;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Without these URLs there is no auth, and what was counted stays in memory. */
  config: { AUTH_USER_URL?: string | undefined; AUTH_PORTAL_URL?: string | undefined };
  logger: Pick<Logger, 'warn' | 'info'>;
  everyMs?: number;
};

const minuteMs = 60_000;

/**
 * Passes what an entrance was asked for on to auth, which adds up what all gateways report, about once a minute and at the end. No request
 * waits for that. A report that gets no answer is sent again, the same, before what was counted since: auth counts it once.
 */
export function startUsageReports(options: UsageReportsOptions): { stop(): Promise<void> } {
  const { entrance, usage, proof, config, logger, everyMs = minuteMs } = options;
  const sign = proof.signerFor('auth');
  const { AUTH_USER_URL: user, AUTH_PORTAL_URL: portal = user } = config;
  const authUrl = entrance.kind === 'portal' ? portal : user;
  if (!sign || authUrl === undefined) {
    logger.info(
      { entrance: entrance.name },
      'the usage of fields stays in memory: there is no auth that keeps it',
    );
    return { async stop() {} };
  }
  const send = createReportSender(usageReportPath, { entrance: entrance.kind, authUrl, sign });
  let isFailing = false;
  const unanswered: UsageReport[] = [];
  const sendUnanswered = async () => {
    for (let report = unanswered[0]; report; report = unanswered[0]) {
      try {
        const isTaken = await send(report);
        unanswered.shift();
        if (!isTaken) {
          logger.warn({ entrance: entrance.name }, 'auth does not take the usage of fields, and it is lost');
        } else if (isFailing) {
          isFailing = false;
          logger.info({ entrance: entrance.name }, 'the usage of fields is reported again');
        }
      } catch (err) {
        if (!isFailing) {
          logger.warn({ err, entrance: entrance.name }, 'the usage of fields could not be reported yet');
        }
        isFailing = true;
        return;
      }
    }
  };
  const sendAll = async () => {
    await sendUnanswered();
    if (unanswered.length > 0) return;
    const rows = usage.take();
    for (let at = 0; at < rows.length; at += maxReportedUsage) {
      unanswered.push({ usage: rows.slice(at, at + maxReportedUsage) });
    }
    await sendUnanswered();
  };
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= sendAll().finally(() => {
      running = undefined;
    });
  }, everyMs).unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
      // If auth did not answer the last time, stopping does not wait for it.
      if (!isFailing) await sendAll();
      const rows = unanswered.flatMap((report) => report.usage).length + usage.take().length;
      if (rows > 0) {
        logger.warn(
          { entrance: entrance.name, rows },
          'the usage of fields that was not reported is lost: the process ends',
        );
      }
    },
  };
}
