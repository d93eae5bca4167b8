import { errorBody, RefusalError } from '@signet/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ClientAddressReader, networkOf } from './client-address.ts';

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

const refusal = new RefusalError('service.unavailable');
const refusalBody = JSON.stringify(errorBody(refusal.message, refusal.code, refusal.reason));

function refuse(reply: FastifyReply): void {
  void reply
    .code(refusal.httpStatus)
    .header('retry-after', String(retryAfterSeconds))
    .type('application/json; charset=utf-8')
    .send(refusalBody);
}

/** Places for requests that are under way at one entrance. */
export type Slots = {
  /** Takes a place for a client of this address; undefined when it may have none now. Give each back once. */
  take(address: string | undefined): Slot | undefined;
  /** Whether `take` would give one. */
  hasFor(address: string | undefined): boolean;
};

export type Slot = { giveBack(): void };

/**
 * `max` places. No address holds more than are still free, so that one client alone gets half of them, two a third each, and
 * there is always one for somebody new (the dynamic threshold of shared packet buffers; Choudhury and Hahne, 1998).
 */
export function createSlots(max: number): Slots {
  const held = new Map<string | undefined, number>();
  let taken = 0;
  const isFreeFor = (client: string | undefined) => (held.get(client) ?? 0) < max - taken;
  return {
    hasFor: (address) => isFreeFor(networkOf(address)),
    take(address) {
      const client = networkOf(address);
      if (!isFreeFor(client)) {
        return undefined;
      }
      taken += 1;
      held.set(client, (held.get(client) ?? 0) + 1);
      return {
        giveBack() {
          taken -= 1;
          const left = (held.get(client) ?? 1) - 1;
          if (left > 0) held.set(client, left);
          else held.delete(client);
        },
      };
    },
  };
}
