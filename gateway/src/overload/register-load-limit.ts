import { errorBody, RefusalError } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import type { ClientAddressReader } from '../client-address.ts';
import { createSlots } from './slots.ts';

type LoadLimitOptions = {
  /** The one path that costs: everything else is answered from memory. */
  path: string;
  maxInFlight: number;
  readClientAddress: ClientAddressReader;
};

const retryAfterSeconds = 1;

/**
 * Refuses what comes while as much is under way as the process can do in time: before a body is read or a token looked at,
 * since a refusal must cost next to nothing. Queues would only make all wait until nobody waits any more.
 */
export function registerLoadLimit(server: FastifyInstance, options: LoadLimitOptions): void {
  const { path, maxInFlight, readClientAddress } = options;
  const slots = createSlots(maxInFlight);
  const { message, code, reason, httpStatus } = new RefusalError('auth.unavailable');
  const body = JSON.stringify(errorBody(message, code, reason));
  server.addHook('onRequest', (request, reply, done) => {
    if (pathOf(request.url) !== path) {
      return done();
    }
    const slot = slots.take(readClientAddress(request.raw.socket.remoteAddress, request.headers));
    if (!slot) {
      void reply
        .code(httpStatus)
        .header('retry-after', String(retryAfterSeconds))
        .type('application/json; charset=utf-8')
        .send(body);
      return;
    }
    // Also where the client goes before it has its answer.
    reply.raw.once('close', slot.giveBack);
    done();
  });
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
