import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequestValue, type OperationHooks } from '@signet/service';
import type { Span, Tracing } from '@signet/telemetry/tracing';
import type { GraphQLError } from 'graphql';
import type { ContextReader } from './context-reader.ts';

/**
 * The span of a request, which ends with its answer. It continues the trace of the gateway, whose decision to record holds: only ask for
 * a request whose proof was checked.
 */
export function createRequestSpans(tracing: Tracing, readContext: ContextReader) {
  const spans = createRequestValue<Span>('span');
  return (request: IncomingMessage, response: ServerResponse): Span => {
    // One that the direct route handed over has its span.
    const known = spans.of(request);
    if (known) return known;
    const span = tracing.startRequest({ headers: request.headers, isTrusted: true });
    spans.set(request, span);
    if (!span.isRecorded) return span;
    const [path = ''] = (request.url ?? '').split('?');
    span.rename(path === '/graphql' ? 'GraphQL Operation' : `${request.method} ${path}`);
    span.set('http.request.method', request.method ?? '');
    span.set('url.scheme', 'http');
    span.set('url.path', path);
    const { requestId, entrance } = readContext({ raw: request }) ?? {};
    if (requestId !== undefined) span.set('signet.request.id', requestId);
    if (entrance !== undefined) span.set('signet.entrance', entrance);
    response.once('close', () => {
      const { statusCode } = response;
      span.set('http.response.status_code', statusCode);
      if (!response.writableFinished) span.fail('client_gone');
      else if (statusCode >= 500) span.fail(String(statusCode));
      span.end();
    });
    return span;
  };
}

/** Codes that say that this process failed, not that it refused. */
const failures = new Set(['INTERNAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE']);

/**
 * Says in the span of a request which operation it is, and which errors it had: their codes and reasons, never their texts
 * (https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/).
 */
export function createSpanHooks(findSpan: () => Span | undefined): OperationHooks {
  return {
    beforeRun({ operation }) {
      const span = findSpan();
      if (!span?.isRecorded || !operation) return;
      span.rename(operation.operation);
      span.set('graphql.operation.type', operation.operation);
      if (operation.name) span.set('graphql.operation.name', operation.name.value);
    },
    onErrors(errors) {
      const span = findSpan();
      const [first] = errors;
      if (!span?.isRecorded || !first) return;
      span.set('signet.errors', errors.length);
      const { code, reason } = describe(first);
      span.set('signet.error.code', code);
      if (typeof reason === 'string') span.set('signet.error.reason', reason);
      const failed = errors.map((error) => describe(error).code).find((found) => failures.has(found));
      if (failed !== undefined) span.fail(failed);
    },
  };
}

function describe({ extensions, originalError }: GraphQLError): { code: string; reason: unknown } {
  const { code, reason } = extensions;
  if (typeof code === 'string') return { code, reason };
  return { code: originalError ? 'INTERNAL_SERVER_ERROR' : 'BAD_USER_INPUT', reason };
}
