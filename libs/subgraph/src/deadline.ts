import { parseSignetContext, RefusalError, signetContextHeader } from '@signet/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Runs what serves a request; its queries end at the deadline, by `performance.now()`. */
export type UntilDeadline = <T>(deadline: number, fn: () => T) => T;

/** Serves each request for as long as the gateway waits for it. One whose time is up already is refused. */
export function registerDeadline(scope: FastifyInstance, untilDeadline: UntilDeadline): void {
  scope.addHook('preHandler', (request, reply, done) => {
    const timeoutMs = readTimeout(request);
    if (timeoutMs === undefined) {
      return done();
    }
    const left = timeoutMs - reply.elapsedTime;
    if (left <= 0) {
      return done(new RefusalError('service.unavailable'));
    }
    untilDeadline(performance.now() + left, done);
  });
}

function readTimeout({ headers }: FastifyRequest): number | undefined {
  const header = headers[signetContextHeader];
  return parseSignetContext(typeof header === 'string' ? header : undefined)?.timeoutMs;
}
