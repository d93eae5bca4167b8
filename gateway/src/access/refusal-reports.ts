import {
  everydayRefusals,
  findReason,
  isTenantSlug,
  type Platform,
  type RefusalReport,
  type ReportedRefusal,
  refusalReportPath,
} from '@signet/schema/contract';
import { refusingPlaces } from '@signet/schema/subgraphs';
import { createSampler, type Logger, parseSignetContext, type SamplerOptions } from '@signet/service';
import {
  accountIdOf,
  anonymousSession,
  auditedCaller,
  isImpersonated,
  type KnownSession,
  platformOf,
  type Session,
} from '@signet/session';
import { networkOf } from '../admission/client-address.ts';
import type { Entrance } from '../entrance/entrances.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import type { SubgraphError } from '../execute/executor.ts';
import { reasonOf } from '../execute/fetch-answer.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import type { FieldPlatforms } from './field-platforms.ts';
import { createReportQueue, createReportSender, type ReportQueue } from './report-queue.ts';

/** Reports to auth, which keeps the audit log, what an entrance and the subgraphs behind it refused. */
export type RefusalReports = {
  /** Must be quick: a request waits for this call, and for nothing that follows from it. */
  add(refusal: Refusal): void;
  stop(): Promise<void>;
};

/** One refusal, as the entrance saw it. */
export type Refusal = {
  reason: string;
  /** One of `refusingPlaces`. */
  place: string;
  /** `Query.portalMe`, where a field was refused. */
  field?: string | undefined;
  /** Undefined where there was no valid token. */
  session?: Session | undefined;
  signetContext: string;
};

export type RefusalReportsOptions = {
  entrance: Pick<Entrance, 'kind' | 'platforms'>;
  fieldPlatforms: Pick<FieldPlatforms, 'get'>;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Without these URLs there is no auth, and nothing is reported. */
  config: { AUTH_USER_URL?: string | undefined; AUTH_PORTAL_URL?: string | undefined };
  logger: Logger;
  sampling?: SamplerOptions;
};

/**
 * Sends at most one report a minute for each reason and caller, with the number of refusals: a flood of refusals becomes a few
 * rows. Without a proof (PROOF=off) auth accepts no reports, and none are sent.
 */
export function createRefusalReports(options: RefusalReportsOptions): RefusalReports {
  const { entrance, fieldPlatforms, proof, config, logger, sampling } = options;
  const sign = proof.signerFor('auth');
  const { AUTH_USER_URL: user, AUTH_PORTAL_URL: portal = user } = config;
  if (!sign || user === undefined || portal === undefined) {
    return { add() {}, async stop() {} };
  }
  const urls = { user, portal };
  const openQueue = (platform: Platform): ReportQueue => {
    const send = createReportSender(refusalReportPath, {
      entrance: entrance.kind,
      authUrl: urls[platform],
      sign,
    });
    return createReportQueue({
      logger,
      send: (refusals) => send({ platform, refusals } satisfies RefusalReport),
    });
  };
  const queues = { user: openQueue('user'), portal: openQueue('portal') };
  const sampler = createSampler<DescribedRefusal>(({ platform, refusal }, count, isShared) => {
    queues[platform].add(isShared ? { ...withoutCaller(refusal), count } : { ...refusal, count });
  }, sampling);
  const platformOfField = createPlatformOf(entrance.platforms, fieldPlatforms);
  return {
    add(refusal) {
      const described = describeRefusal(refusal, platformOfField);
      if (described) sampler.add(`${refusal.reason} ${described.caller}`, described);
    },
    async stop() {
      sampler.stop();
      await Promise.all([queues.user.stop(), queues.portal.stop()]);
    },
  };
}

type DescribedRefusal = {
  /** Refusals are counted under this caller. */
  caller: string;
  platform: Platform;
  refusal: Omit<ReportedRefusal, 'count'>;
};

const refusingCodes = new Set<unknown>(['UNAUTHENTICATED', 'FORBIDDEN']);

/** Undefined for an error that refuses no caller: bad input, an outage. */
function describeRefusal(
  { reason, place, field, session = anonymousSession, signetContext }: Refusal,
  platformOfField: (field: string | undefined) => Platform,
): DescribedRefusal | undefined {
  if (!refusingCodes.has(findReason(reason)?.code)) {
    return undefined;
  }
  const platform = session.platform === 'none' ? platformOfField(field) : platformOf(session);
  const what = { reason, place, ...(field && { field }) };
  const { clientAddress, tenant: named = '', requestId } = parseSignetContext(signetContext) ?? {};
  const tenant = isTenantSlug(named) ? named : undefined;
  const anonymous = { ...what, ...(tenant && { tenant }) };
  // Only their number is of interest.
  if (everydayRefusals.has(reason)) {
    return { caller: `${platform} ${tenant ?? ''}`, platform, refusal: { ...anonymous, ofMany: true } };
  }
  const known = session.platform === 'none' ? undefined : describeSession(session);
  if (session.platform === 'none' || known === undefined) {
    // The network says less about a person than the whole address, and as much about a machine.
    const address = networkOf(clientAddress);
    const refusal = { ...anonymous, ...(address && { address }), requestId };
    return { caller: `${platform} ${tenant ?? ''} ${address}`, platform, refusal };
  }
  const refusal = { ...what, session: known, ...auditedCaller(session), address: clientAddress, requestId };
  return { caller: known.id, platform, refusal };
}

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The ids of a session as auth takes them. Those of a configured issuer may have any form; then the caller stays unnamed. */
function describeSession(session: KnownSession): ReportedRefusal['session'] {
  const { sessionId: id = '', tenantId = '' } = session;
  const accountId = accountIdOf(session);
  const actor = isImpersonated(session) ? [session.actor.staffId] : [];
  return [id, accountId, tenantId, ...actor].every((text) => uuidForm.test(text))
    ? { id, accountId, tenantId }
    : undefined;
}

function withoutCaller({ reason, place, tenant }: DescribedRefusal['refusal']) {
  return { reason, place, tenant, ofMany: true };
}

/** The platform of a refusal without a session: the only one of the entrance, or the one that the schema names for the field. */
export function createPlatformOf(
  [only, another]: readonly Platform[],
  fieldPlatforms: Pick<FieldPlatforms, 'get'>,
) {
  return (field = ''): Platform => {
    if (only && !another) return only;
    const [type = ''] = field.split('.');
    return fieldPlatforms.get(field) ?? fieldPlatforms.get(type) ?? 'user';
  };
}

/**
 * Reports what a subgraph refuses, from the errors of an answer. Undefined where the subgraph writes its refusals into the audit
 * log itself.
 */
export function createErrorReport(
  subgraph: string,
  reports: Pick<RefusalReports, 'add'>,
): ((errors: readonly SubgraphError[], context: GatewayContext) => void) | undefined {
  if (!refusingPlaces.includes(subgraph)) {
    return undefined;
  }
  return (errors, { session, signetContext }) => {
    // Fifty refused items of a list are one refusal.
    for (const reason of new Set(errors.map(reasonOf))) {
      if (typeof reason === 'string') reports.add({ reason, place: subgraph, session, signetContext });
    }
  };
}
