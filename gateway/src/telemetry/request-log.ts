import { isTenantSlug } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import { accountIdOf, isImpersonated, platformOf, type Session } from '@signet/session';
import { type RequestTelemetry, readClient } from './request-telemetry.ts';

/** `failures`: requests that were not answered with all that they asked for. */
export const loggedRequests = ['all', 'failures', 'none'] as const;
export type LoggedRequests = (typeof loggedRequests)[number];

/**
 * Writes one line for a request. Its fields are the ones listed here and no other, all of them ids, names of ours or numbers. Undefined
 * where no line would be written.
 */
export function createRequestLog(
  logger: Logger,
  logged: LoggedRequests,
): ((request: RequestTelemetry) => void) | undefined {
  if (logged === 'none' || !logger.isLevelEnabled('info')) return undefined;
  // No field can hold a secret, and looking for them in each line costs more than writing it.
  const lines = logger.child({}, { redact: [] });
  return (request) => {
    if (logged === 'failures' && request.outcome === 'ok') return;
    lines.info(describeRequest(request), 'request');
  };
}

function describeRequest(request: RequestTelemetry) {
  const { operation, session } = request;
  const client = readClient(request.headers);
  return {
    requestId: request.id,
    traceId: request.span?.traceId,
    entrance: request.entrance,
    lane: request.lane,
    method: request.method,
    route: request.route,
    status: request.status,
    outcome: request.outcome,
    code: request.code,
    reasons: request.reasons,
    operation: operation?.name,
    operationType: operation?.type,
    operationHash: operation?.hash,
    client: client.name,
    clientVersion: client.version,
    ...describeCaller(session, request.tenantSlug),
    cost: request.cost,
    fetches: request.fetches,
    plan: request.plan,
    planMs: request.planMs && round(request.planMs),
    durationMs: round(request.durationMs),
  };
}

function describeCaller(session: Session, slug: string | undefined) {
  const tenantSlug = slug !== undefined && isTenantSlug(slug) ? slug : undefined;
  if (session.platform === 'none') return { tenantSlug };
  return {
    platform: platformOf(session),
    account: accountIdOf(session),
    act: isImpersonated(session) ? session.actor.staffId : undefined,
    tenant: session.tenantId,
    tenantSlug,
  };
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
