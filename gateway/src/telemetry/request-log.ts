import { isTenantSlug } from '@signet/schema/contract';
import { type Logger, openInfoLines } from '@signet/service';
import { accountIdOf, isImpersonated, platformOf, type Session } from '@signet/session';
import type { OperationIdentity } from './operation-identity.ts';
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
  const write = logged === 'none' ? undefined : openInfoLines(logger, 'request');
  if (!write) return undefined;
  return (request) => {
    if (logged === 'all' || request.outcome !== 'ok') write(describeRequest(request));
  };
}

/** The members of a JSON object. What has no value is left out. */
function describeRequest(request: RequestTelemetry): string {
  const { operation, session, reasons, planMs, headers } = request;
  const client = readClient(headers);
  const described =
    `"requestId":"${request.id}"` +
    word('traceId', request.span?.traceId) +
    text('entrance', request.entrance) +
    word('lane', request.lane) +
    text('method', request.method) +
    text('route', request.route) +
    number('status', request.status) +
    word('outcome', request.outcome) +
    text('code', request.code) +
    (reasons === undefined ? '' : `,"reasons":${JSON.stringify(reasons)}`) +
    (operation === undefined ? '' : describeOperation(operation)) +
    text('client', client.name) +
    text('clientVersion', client.version) +
    describeCaller(session, request.tenantSlug);
  return (
    described +
    number('cost', request.cost) +
    number('fetches', request.fetches) +
    word('plan', request.plan) +
    (planMs === undefined ? '' : milliseconds('planMs', planMs)) +
    milliseconds('durationMs', request.durationMs)
  );
}

function describeOperation({ name, type, hash }: OperationIdentity): string {
  return word('operation', name) + word('operationType', type) + word('operationHash', hash);
}

function describeCaller(session: Session, slug: string | undefined): string {
  const tenantSlug = slug !== undefined && isTenantSlug(slug) ? slug : undefined;
  if (session.platform === 'none') return word('tenantSlug', tenantSlug);
  return (
    word('platform', platformOf(session)) +
    text('account', accountIdOf(session)) +
    text('act', isImpersonated(session) ? session.actor.staffId : undefined) +
    text('tenant', session.tenantId) +
    word('tenantSlug', tenantSlug)
  );
}

/** A value that nothing in JSON would have to be escaped in: a name of GraphQL, a hash, a word of ours. */
function word(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":"${value}"`;
}

/** Nothing to escape: an id, nearly always. */
const plain = /^[\w.:@/-]*$/;

function text(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  return plain.test(value) ? word(name, value) : `,"${name}":${JSON.stringify(value)}`;
}

function number(name: string, value: number | undefined): string {
  return value === undefined ? '' : `,"${name}":${Number.isFinite(value) ? value : null}`;
}

/** With two places. From whole numbers: V8 takes 0.2 µs longer to write a fraction. */
function milliseconds(name: string, value: number): string {
  const hundredths = Math.round(value * 100);
  const rest = hundredths % 100;
  return `,"${name}":${(hundredths - rest) / 100}.${rest < 10 ? '0' : ''}${rest}`;
}
