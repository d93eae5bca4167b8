import { readClientPrefix } from '@signet/flow';
import { parseSignetContext, RefusalError, signetContextHeader } from '@signet/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** For whom the database works. */
export type RequestScopes = {
  /** Runs what serves a request; its queries end at the deadline, by `performance.now()`. */
  inRequest<T>(scope: { deadline: number | undefined; caller: string }, fn: () => T): T;
  /** The request counts as this caller's from now on. */
  identifyCaller(caller: string): void;
};

/**
 * Serves each request for as long as the gateway waits for it, at first as one of its client's address. One whose time is up
 * already is refused.
 */
export function registerRequestScope(scope: FastifyInstance, { inRequest }: RequestScopes): void {
  scope.addHook('preHandler', (request, reply, done) => {
    const { timeoutMs, clientAddress = null } = readContext(request);
    const left = timeoutMs === undefined ? undefined : timeoutMs - reply.elapsedTime;
    if (left !== undefined && left <= 0) {
      return done(new RefusalError('service.unavailable'));
    }
    const deadline = left === undefined ? undefined : performance.now() + left;
    inRequest({ deadline, caller: `address ${readClientPrefix(clientAddress).site}` }, done);
  });
}

function readContext({ headers }: FastifyRequest): { timeoutMs?: number; clientAddress?: string } {
  const header = headers[signetContextHeader];
  return parseSignetContext(typeof header === 'string' ? header : undefined) ?? {};
}
