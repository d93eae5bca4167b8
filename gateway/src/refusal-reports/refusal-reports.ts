import type { Platform, ReportedRefusal } from '@signet/schema/contract';
import { createSampler, type Logger, type SamplerOptions } from '@signet/service';
import type { Entrance } from '../entrances.ts';
import type { EntranceProof } from '../proof/index.ts';
import { type DescribedRefusal, describeRefusal, type HeardRefusal } from './describe-refusal.ts';
import { createReportQueue, type ReportQueue } from './report-queue.ts';
import { sendReport } from './send-report.ts';

/** Tells auth, who keeps the audit log, what an entrance and the subgraphs behind it refused. */
export type RefusalReports = {
  /** Must be quick: a request waits for it, and for nothing of what follows. */
  hear(refusal: HeardRefusal): void;
  stop(): Promise<void>;
};

export type RefusalReportsOptions = {
  entrance: Pick<Entrance, 'name' | 'platforms'>;
  proof: Pick<EntranceProof, 'signerFor'>;
  config: { AUTH_USER_URL: string; AUTH_PORTAL_URL: string };
  logger: Logger;
  sampling?: SamplerOptions;
};

/**
 * Of each reason and caller at most one report a minute, with how many there were: a flood of refusals is a few rows. Without a
 * proof (REQUIRE_PROOF=no) auth takes no reports, and there are none.
 */
export function createRefusalReports(options: RefusalReportsOptions): RefusalReports {
  const { entrance, proof, config, logger, sampling } = options;
  const sign = proof.signerFor('auth');
  if (!sign) {
    return { hear() {}, async stop() {} };
  }
  const urls = { user: config.AUTH_USER_URL, portal: config.AUTH_PORTAL_URL };
  const openQueue = (platform: Platform): ReportQueue =>
    createReportQueue({
      logger,
      send: (refusals: readonly ReportedRefusal[]) =>
        sendReport({ platform, refusals }, { entrance: entrance.name, authUrl: urls[platform], sign }),
    });
  const queues = { user: openQueue('user'), portal: openQueue('portal') };
  const sampler = createSampler<DescribedRefusal>(({ platform, refusal }, count, isShared) => {
    queues[platform].add(isShared ? { ...withoutCaller(refusal), count } : { ...refusal, count });
  }, sampling);
  return {
    hear(refusal) {
      const described = describeRefusal(refusal, entrance.platforms);
      if (described) sampler.add(`${refusal.reason} ${described.caller}`, described);
    },
    async stop() {
      sampler.stop();
      await Promise.all([queues.user.stop(), queues.portal.stop()]);
    },
  };
}

function withoutCaller({ reason, place, tenant }: DescribedRefusal['refusal']) {
  return { reason, place, tenant, ofMany: true };
}
