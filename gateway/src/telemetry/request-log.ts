import { isTenantSlug } from '@signet/schema/contract';
import { flatten, type Logger, openInfoLines } from '@signet/service';
import { accountIdOf, isImpersonated, type KnownSession, platformOf } from '@signet/session';
import type { OperationIdentity } from './operation-identity.ts';
import type { RequestTelemetry } from './request-telemetry.ts';

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
  const operationOf = createOperationDescriber();
  const callers = new WeakMap<KnownSession, string>();
  /** A session is the same object in each of its requests. */
  const callerOf = (session: KnownSession) => {
    let description = callers.get(session);
    if (description === undefined) {
      description = flatten(describeCaller(session));
      callers.set(session, description);
    }
    return description;
  };
  return (request: RequestTelemetry): string => {
    const { operation, session, reasons, planMs, tenantSlug, client, span } = request;
    return (
      `"requestId":"${request.id}"` +
      (span === undefined ? '' : `,"traceId":"${span.traceId}"`) +
      (operation === undefined ? describeAnswer(request) : operationOf(operation, request)) +
      (session.platform === 'none' ? '' : callerOf(session)) +
      text('route', request.route) +
      text('code', request.code) +
      (reasons === undefined ? '' : `,"reasons":${JSON.stringify(reasons)}`) +
      text('client', client.name) +
      text('clientVersion', client.version) +
      word('tenantSlug', tenantSlug !== undefined && isTenantSlug(tenantSlug) ? tenantSlug : undefined) +
      (planMs === undefined ? '' : milliseconds('planMs', planMs)) +
      milliseconds('durationMs', request.durationMs)
    );
  };
}

type Answer = Pick<
  RequestTelemetry,
  'entrance' | 'lane' | 'method' | 'status' | 'outcome' | 'cost' | 'fetches' | 'plan'
>;

function describeAnswer(answer: Answer): string {
  return (
    text('entrance', answer.entrance) +
    word('lane', answer.lane) +
    text('method', answer.method) +
    number('status', answer.status) +
    word('outcome', answer.outcome) +
    number('cost', answer.cost) +
    number('fetches', answer.fetches) +
    word('plan', answer.plan)
  );
}

/** An operation is the same object in each of its requests, and nearly always answered as it was the last time. */
function createOperationDescriber() {
  const latest = new WeakMap<OperationIdentity, { answer: Answer; description: string }>();
  return (operation: OperationIdentity, request: RequestTelemetry): string => {
    const known = latest.get(operation);
    if (known && isSameAnswer(known.answer, request)) return known.description;
    const { name, type, hash } = operation;
    const { entrance, lane, method, status, outcome, cost, fetches, plan } = request;
    const description = flatten(
      describeAnswer(request) +
        word('operation', name) +
        word('operationType', type) +
        word('operationHash', hash),
    );
    latest.set(operation, {
      answer: { entrance, lane, method, status, outcome, cost, fetches, plan },
      description,
    });
    return description;
  };
}

function isSameAnswer(one: Answer, other: Answer): boolean {
  return (
    one.cost === other.cost &&
    one.fetches === other.fetches &&
    one.outcome === other.outcome &&
    one.status === other.status &&
    one.plan === other.plan &&
    one.lane === other.lane &&
    one.method === other.method &&
    one.entrance === other.entrance
  );
}

function describeCaller(session: KnownSession): string {
  return (
    word('platform', platformOf(session)) +
    text('account', accountIdOf(session)) +
    text('act', isImpersonated(session) ? session.actor.staffId : undefined) +
    text('tenant', session.tenantId)
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
