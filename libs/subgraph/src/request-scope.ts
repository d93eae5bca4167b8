import { readClientPrefix } from '@signet/flow';
import { RefusalError } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { type ContextReader, createContextReader } from './context-reader.ts';

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
export function registerRequestScope(
  scope: FastifyInstance,
  { inRequest }: RequestScopes,
  readContext: ContextReader = createContextReader(),
): void {
  scope.addHook('preHandler', (request, reply, done) => {
    const { timeoutMs, clientAddress = null } = readContext(request) ?? {};
    const left = timeoutMs === undefined ? undefined : timeoutMs - reply.elapsedTime;
    if (left !== undefined && left <= 0) {
      return done(new RefusalError('service.unavailable'));
    }
    const deadline = left === undefined ? undefined : performance.now() + left;
    inRequest({ deadline, caller: `address ${readClientPrefix(clientAddress).site}` }, done);
  });
}
