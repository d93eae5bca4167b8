import { sessionHeader } from '@signet/schema/contract';
import { type DirectHandler, type GraphqlHandler, RefusalError } from '@signet/service';
import { type Admission, busyBodyOf } from '../admission/admission.ts';
import type { ProxyCheck } from '../admission/client-address.ts';
import { isFromUnlistedProxy } from '../admission/unlisted-proxies.ts';
import type { WaitForClient } from '../admission/waiting-answers.ts';
import type { SourceCheck } from '../limits/operation-limits.ts';
import { telemetryOf } from '../telemetry/request-telemetry.ts';
import type { CorsHeaders } from './cors.ts';

export type DirectOperationsOptions = {
  corsHeadersFor: CorsHeaders;
  isTrustedProxy: ProxyCheck;
  admission: Pick<Admission, 'reserve' | 'run'>;
  waitForClient: WaitForClient;
  checkSource: SourceCheck;
  answerFast: GraphqlHandler<object>['answerFast'];
};

/**
 * Takes operations that the entrance knows past Fastify. It makes the checks that are registered on the server, in their order. What fails
 * one, and what has to be reported, goes Fastify's way, where it is refused and reported once.
 */
export function createDirectOperations(options: DirectOperationsOptions): DirectHandler {
  const { corsHeadersFor, isTrustedProxy, admission, waitForClient, checkSource, answerFast } = options;
  return {
    open(request, reply) {
      const { headers } = request;
      if (headers[sessionHeader] !== undefined || isFromUnlistedProxy(request, isTrustedProxy)) return false;
      const telemetry = telemetryOf(request.raw);
      if (telemetry) telemetry.kind = 'graphql';
      const corsHeaders = corsHeadersFor(headers);
      if (!corsHeaders || admission.reserve(request, reply.raw) !== undefined) return false;
      for (let at = 0; at < corsHeaders.length; at += 2) {
        reply.header(corsHeaders[at] as string, corsHeaders[at + 1] as string);
      }
      return true;
    },
    async answer(request, reply) {
      let text: string | undefined;
      try {
        const work = () => {
          const query = queryOf(request.body);
          if (typeof query === 'string') checkSource(query);
          return answerFast(request, reply);
        };
        text = await admission.run(request, work, { isReported: false });
      } catch (error) {
        // Nothing has run: the fast lane answers what is thrown in it.
        if (error instanceof RefusalError) return undefined;
        throw error;
      }
      if (text === undefined || reply.raw.destroyed) return text;
      if (waitForClient(request, reply.raw, Buffer.byteLength(text))) return text;
      reply.code(503);
      reply.header('retry-after', '1');
      reply.header('content-type', 'application/json; charset=utf-8');
      return busyBodyOf(request);
    },
  };
}

function queryOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'query' in body ? body.query : undefined;
}
