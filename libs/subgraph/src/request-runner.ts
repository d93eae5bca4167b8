import type { IncomingMessage, ServerResponse } from 'node:http';
import { readClientPrefix } from '@signet/flow';
import { createRequestValue, RefusalError, runAsRequest } from '@signet/service';
import type { Span, Tracing } from '@signet/telemetry/tracing';
import type { FastifyInstance } from 'fastify';
import { type ContextReader, createContextReader } from './context-reader.ts';
import { createRequestSpans } from './request-spans.ts';

/** How the server tells the database for whom it works, as `@signet/db` has it: this package needs no database. */
export type RequestScopes = {
  /** Runs what serves a request; its queries end at the deadline, by `performance.now()`. */
  inRequest<T>(
    scope: { deadline: number | undefined; caller: string; span?: Span | undefined },
    fn: () => T,
  ): T;
  /** The request counts as this caller's from now on. `actor`: the member of staff who acts as a customer. */
  identifyCaller(caller: string, actor?: string): void;
  /** What the request under way is traced with. */
  findSpan(): Span | undefined;
};

/** Serves requests for as long as the gateway waits for them, at first as ones of their client's address. */
export type RequestRunner = {
  /** The time of a request counts from now on. By default from when Fastify gets it. */
  begin(request: ScopedRequest): void;
  /** Runs what serves a request. Undefined, and nothing has run, where its time is up. */
  run<T>(request: ScopedRequest, reply: ScopedReply, fn: () => T): T | undefined;
};

type ScopedRequest = { raw: IncomingMessage };
type ScopedReply = { raw: ServerResponse };

export function createRequestRunner(
  { inRequest }: RequestScopes,
  readContext: ContextReader = createContextReader(),
  tracing?: Tracing | undefined,
): RequestRunner {
  const begun = createRequestValue<number>('begun');
  const spanOf = tracing && createRequestSpans(tracing, readContext);
  return {
    begin({ raw }) {
      // One that was handed over has begun before.
      if (begun.of(raw) === undefined) begun.set(raw, performance.now());
    },
    run(request, reply, fn) {
      const { timeoutMs, clientAddress = null, requestId } = readContext(request) ?? {};
      const now = performance.now();
      const deadline = timeoutMs === undefined ? undefined : (begun.of(request.raw) ?? now) + timeoutMs;
      if (deadline !== undefined && deadline <= now) return undefined;
      const caller = `address ${readClientPrefix(clientAddress).site}`;
      const span = spanOf?.(request.raw, reply.raw);
      const scope = { deadline, caller, span };
      if (requestId === undefined) return inRequest(scope, fn);
      const ids = { requestId, ...(span && { traceId: span.traceId }) };
      return runAsRequest(ids, reply.raw, () => inRequest(scope, fn));
    },
  };
}

/** Runs the requests of `scope` by it. One whose time is up already is refused. */
export function registerRequestRunner(scope: FastifyInstance, requestRunner: RequestRunner): void {
  scope.addHook('onRequest', (request, _reply, done) => {
    requestRunner.begin(request);
    done();
  });
  scope.addHook('preHandler', (request, reply, done) => {
    const isServed = requestRunner.run(request, reply, () => {
      done();
      return true;
    });
    if (!isServed) done(new RefusalError('service.unavailable'));
  });
}
