import { errorBody, RefusalError } from '@signet/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ClientAddressReader, networkOf } from './client-address.ts';

type LoadLimitOptions = {
  /** The only path that costs much: everything else is answered from memory. */
  path: string;
  maxInFlight: number;
  readClientAddress: ClientAddressReader;
};

const retryAfterSeconds = 1;

/**
 * Refuses requests while as many are under way as the process can answer in time. It does so before a body is read or a
 * token is checked, since a refusal must cost next to nothing. There is no queue: it would only make everybody wait. A
 * request takes its place when its body has arrived, so that clients that send slowly hold none.
 */
export function registerLoadLimit(server: FastifyInstance, options: LoadLimitOptions): void {
  const { path, maxInFlight, readClientAddress } = options;
  const slots = createSlots(maxInFlight);
  const addressOf = ({ raw, headers }: FastifyRequest) =>
    readClientAddress(raw.socket.remoteAddress, headers);
  // Compares the route, not the text of the target: `http://this.host/graphql` is the same route.
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
    // This also happens when the client leaves before it has its answer.
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

/** Places for the requests that are under way at one entrance. */
export type Slots = {
  /**
   * Takes a place for a client of this address. Undefined when the client may have none now. Give each place back once.
   */
  take(address: string | undefined): Slot | undefined;
  /** Whether `take` would return a place. */
  hasFor(address: string | undefined): boolean;
};

export type Slot = { giveBack(): void };

/**
 * Creates `max` places. No address holds more places than are still free. So one client alone gets half of them, two
 * get a third each, and there is always a place for a new one (the dynamic threshold of shared packet buffers;
 * Choudhury and Hahne, 1998).
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
