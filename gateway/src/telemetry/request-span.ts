import type { IncomingMessage } from 'node:http';
import { accountIdOf, isImpersonated, platformOf } from '@signet/session';
import type { Span, Tracing } from '@signet/telemetry/tracing';
import type { ProxyCheck } from '../admission/client-address.ts';
import type { RequestTelemetry } from './request-telemetry.ts';

/**
 * Begins the span of a request. A proxy of TRUSTED_PROXIES decides whether it is recorded. A stranger's trace goes on under its id, and
 * whether it is recorded is for us to say.
 */
export function beginRequestSpan(
  tracing: Tracing,
  { headers, socket }: IncomingMessage,
  isTrustedProxy: ProxyCheck,
): Span {
  // Who sent no trace has decided nothing: the address is not looked at.
  const isTrusted = headers.traceparent !== undefined && isTrustedProxy(socket.remoteAddress);
  return tracing.startRequest({ headers, isTrusted });
}

/**
 * Ends it with what is known of the request by then (OpenTelemetry's conventions for HTTP and GraphQL servers; what they have no name for
 * begins with `signet.`). As in the log line, ids, names of ours and numbers: no path of the client's, no document, no variables.
 */
export function endRequestSpan(request: RequestTelemetry): void {
  const { span, operation, session, status = 0, outcome = 'ok' } = request;
  if (!span?.isRecorded) return;
  span.rename(nameOf(request));
  span.set('http.request.method', knownMethods.has(request.method) ? request.method : '_OTHER');
  span.set('http.response.status_code', status);
  const route = request.kind === 'graphql' ? '/graphql' : request.route;
  const known = {
    'http.route': route,
    'graphql.operation.type': operation?.type,
    'graphql.operation.name': operation?.name,
    'signet.operation.hash': operation?.hash,
    'signet.request.id': request.id,
    'signet.entrance': request.entrance,
    'signet.lane': request.lane,
    'signet.outcome': outcome,
    'signet.error.code': request.code,
    'signet.error.reason': request.reasons?.[0],
    'signet.client.name': request.client.name,
    'signet.client.version': request.client.version,
    'signet.cost': request.cost,
    'signet.fetches': request.fetches,
    'signet.plan': request.plan,
    ...(session.platform !== 'none' && {
      'user.id': accountIdOf(session),
      'signet.platform': platformOf(session),
      'signet.tenant': session.tenantId,
      'signet.actor': isImpersonated(session) ? session.actor.staffId : undefined,
    }),
  };
  for (const [name, value] of Object.entries(known)) if (value !== undefined) span.set(name, value);
  if (outcome === 'failed') span.fail(request.code ?? String(status));
  else if (outcome === 'left') span.fail('client_gone');
  span.end();
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);

/** Of low cardinality: the name of an operation is its client's word. */
function nameOf({ kind, operation, method, route }: RequestTelemetry): string {
  if (kind === 'graphql') return operation?.type ?? 'GraphQL Operation';
  return route === undefined ? 'HTTP' : `${knownMethods.has(method) ? method : 'HTTP'} ${route}`;
}
