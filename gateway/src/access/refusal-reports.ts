import type { GraphQLDataSource } from '@apollo/gateway';
import {
  findReason,
  isTenantSlug,
  type Platform,
  type RefusingPlace,
  type ReportedRefusal,
  refusingPlaces,
} from '@signet/schema/contract';
import { createSampler, type Logger, parseSignetContext, type SamplerOptions } from '@signet/service';
import { anonymousSession, type Session } from '@signet/session';
import { networkOf } from '../admission/client-address.ts';
import type { Entrance } from '../entrance/entrances.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import { createReportQueue, type ReportQueue, sendReport } from './report-queue.ts';

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

/** What was refused to whom, as the entrance met it. */
export type HeardRefusal = {
  reason: string;
  place: RefusingPlace;
  /** `Query.portalMe`, where it was a field. */
  field?: string | undefined;
  /** Without one that holds: nobody. */
  session?: Session | undefined;
  signetContext: string;
};

/** `caller`: under whom it is counted. */
export type DescribedRefusal = {
  caller: string;
  platform: Platform;
  refusal: Omit<ReportedRefusal, 'count'>;
};

/** What honest clients meet every day, since tokens expire: only how many there were is of interest. */
const everyday = new Set(['auth.failure.expired', 'auth.failure.missing_token']);
const refusingCodes = new Set<unknown>(['UNAUTHENTICATED', 'FORBIDDEN']);

/** Undefined for what is no refusal of a caller: bad input, an outage. */
export function describeRefusal(
  { reason, place, field, session = anonymousSession, signetContext }: HeardRefusal,
  platforms: readonly Platform[],
): DescribedRefusal | undefined {
  if (!refusingCodes.has(findReason(reason)?.code)) {
    return undefined;
  }
  const platform = session.platform === 'none' ? platformOf(field, platforms) : session.platform;
  const told = { reason, place, ...(field && { field }) };
  const { clientAddress, tenant: named = '', requestId } = parseSignetContext(signetContext) ?? {};
  const tenant = isTenantSlug(named) ? named : undefined;
  const ofNobody = { ...told, ...(tenant && { tenant }) };
  if (everyday.has(reason)) {
    return { caller: `${platform} ${tenant ?? ''}`, platform, refusal: { ...ofNobody, ofMany: true } };
  }
  if (session.platform === 'none') {
    // Says less of a person, and as much of a machine, than the whole address.
    const address = networkOf(clientAddress);
    const refusal = { ...ofNobody, ...(address && { address }), requestId };
    return { caller: `${platform} ${tenant ?? ''} ${address}`, platform, refusal };
  }
  const { sessionId: id, tenantId } = session;
  const accountId = session.platform === 'user' ? session.userId : session.staffId;
  const refusal = { ...told, session: { id, accountId, tenantId }, address: clientAddress, requestId };
  return { caller: id, platform, refusal };
}

/** The side on which it happened: that of the entrance, or of the field that somebody without a session asked for. */
function platformOf(field: string | undefined, platforms: readonly Platform[]): Platform {
  const [only, another] = platforms;
  if (only && !another) return only;
  return field?.split('.')[1]?.startsWith('portal') ? 'portal' : 'user';
}

/** A subgraph's source whose refusals are heard; as it is where the subgraph writes its own into the audit log. */
export function hearSubgraph(
  source: GraphQLDataSource,
  subgraph: string,
  reports: Pick<RefusalReports, 'hear'>,
): GraphQLDataSource {
  const place = refusingPlaces.find((known) => known === subgraph);
  return place
    ? { process: (options) => hearAnswer(source.process(options), place, options.context, reports) }
    : source;
}

async function hearAnswer<A extends Awaited<ReturnType<GraphQLDataSource['process']>>>(
  answering: Promise<A>,
  place: RefusingPlace,
  context: unknown,
  reports: Pick<RefusalReports, 'hear'>,
): Promise<A> {
  const answer = await answering;
  const { session, signetContext } = context as GatewayContext;
  // Fifty refused items of a list are one refusal.
  const reasons = new Set((answer.errors ?? []).map(({ extensions }) => extensions?.reason));
  for (const reason of reasons) {
    if (typeof reason === 'string') reports.hear({ reason, place, session, signetContext });
  }
  return answer;
}
