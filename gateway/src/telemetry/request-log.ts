import { isTenantSlug } from '@signet/schema/contract';
import { type Logger, openInfoLines } from '@signet/service';
import { accountIdOf, isImpersonated, type KnownSession, platformOf } from '@signet/session';
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
  const describe = createDescriber();
  return (request) => {
    if (logged === 'all' || request.outcome !== 'ok') write(describe(request));
  };
}

/** Writes the members of a JSON object. What has no value is left out. */
function createDescriber() {
  const operationOf = remember(describeOperation);
  const callerOf = remember(describeCaller);
  return (request: RequestTelemetry): string => {
    const { operation, session, reasons, planMs, tenantSlug, headers } = request;
    const client = readClient(headers);
    return (
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
      (operation === undefined ? '' : operationOf(operation)) +
      text('client', client.name) +
      text('clientVersion', client.version) +
      (session.platform === 'none' ? '' : callerOf(session)) +
      word('tenantSlug', tenantSlug !== undefined && isTenantSlug(tenantSlug) ? tenantSlug : undefined) +
      number('cost', request.cost) +
      number('fetches', request.fetches) +
      word('plan', request.plan) +
      (planMs === undefined ? '' : milliseconds('planMs', planMs)) +
      milliseconds('durationMs', request.durationMs)
    );
  };
}

function describeOperation({ name, type, hash }: OperationIdentity): string {
  return word('operation', name) + word('operationType', type) + word('operationHash', hash);
}

function describeCaller(session: KnownSession): string {
  return (
    word('platform', platformOf(session)) +
    text('account', accountIdOf(session)) +
    text('act', isImpersonated(session) ? session.actor.staffId : undefined) +
    text('tenant', session.tenantId)
  );
}

/** An operation and a session are the same object in each of their requests. */
function remember<K extends object>(describe: (key: K) => string): (key: K) => string {
  const known = new WeakMap<K, string>();
  return (key) => {
    let description = known.get(key);
    if (description === undefined) {
      description = describe(key);
      known.set(key, description);
    }
    return description;
  };
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
