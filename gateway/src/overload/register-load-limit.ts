import { errorBody, RefusalError } from '@signet/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
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
 * since a refusal must cost next to nothing. Queues would only make all wait until nobody waits any more. A place is taken
 * when the body is there: clients that send theirs in drops hold none.
 */
export function registerLoadLimit(server: FastifyInstance, options: LoadLimitOptions): void {
  const { path, maxInFlight, readClientAddress } = options;
  const slots = createSlots(maxInFlight);
  const addressOf = ({ raw, headers }: FastifyRequest) =>
    readClientAddress(raw.socket.remoteAddress, headers);
  // By the route, not by the text of the target: `http://this.host/graphql` comes to the same.
  const isLimited = ({ routeOptions }: FastifyRequest) => routeOptions.url === path;
  server.addHook('onRequest', (request, reply, done) => {
    if (!isLimited(request) || slots.hasFor(addressOf(request))) {
      return done();
    }
    refuse(reply);
  });
  server.addHook('preHandler', (request, reply, done) => {
    if (!isLimited(request)) {
      return done();
    }
    const slot = slots.take(addressOf(request));
    if (!slot) {
      return refuse(reply);
    }
    // Also where the client goes before it has its answer.
    reply.raw.once('close', slot.giveBack);
    done();
  });
}

const refusal = new RefusalError('auth.unavailable');
const refusalBody = JSON.stringify(errorBody(refusal.message, refusal.code, refusal.reason));

function refuse(reply: FastifyReply): void {
  void reply
    .code(refusal.httpStatus)
    .header('retry-after', String(retryAfterSeconds))
    .type('application/json; charset=utf-8')
    .send(refusalBody);
}
