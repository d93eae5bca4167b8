import type { IncomingMessage, ServerResponse } from 'node:http';
import { endWith } from '@signet/flow';
import { type AskedRequest, createRequestValue, errorBody, noteRefusal, RefusalError } from '@signet/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { AdmissionLog } from './admission-log.ts';
import type { ClientAddressReader } from './client-address.ts';
import { createShares, type Held, type Member, membersOf } from './shares.ts';

export type AdmissionOptions = {
  /** The only path that costs much: everything else is answered from memory. */
  path: string;
  /** Operations under way at a time. */
  maxInFlight: number;
  /** Bytes of request bodies, from the headers on until the work that they ask for has ended. */
  maxBodyBytes: number;
  readClientAddress: ClientAddressReader;
  log: AdmissionLog;
};

export type Admission = {
  /** Reserves room for the body of a request that is for `path`. Gives the kind of room that is full; undefined where there was enough. */
  reserve(request: AskedRequest, response: ServerResponse): 'operations' | 'bodies' | undefined;
  /** The groups of a request's client. Behind a trusted proxy this is the client that the proxy names. */
  clientOf(request: AskedRequest): readonly Member[];
  /**
   * Runs the work of a request in a place of its own, which it holds until the work has ended, also when the client leaves.
   *
   * @param options `isReported`: whether the log counts a refusal. Default: yes.
   * @throws {RefusalError} `service.unavailable` where the client may have no place now.
   */
  run<T>(request: AskedRequest, work: () => Promise<T>, options?: { isReported?: boolean }): Promise<T>;
};

/** `body`: of a request whose work has not begun. */
type Admitted = { client: readonly Member[]; body: Held | undefined };

const retryAfterSeconds = 1;
const maxKnownAddresses = 1000;

/**
 * Refuses requests while as many are under way as the process can answer in time. It does so before a body is read or a
 * token is checked, since a refusal must cost next to nothing. There is no queue: it would only make everybody wait. The bytes of
 * a body are reserved before any of them is read. A request takes its place when its body has arrived, so that clients that send
 * slowly hold none, and gives it back when its work has ended: what a client does with its connection changes nothing.
 */
export function registerAdmission(server: FastifyInstance, options: AdmissionOptions): Admission {
  const { path, readClientAddress, log } = options;
  const slots = createShares(options.maxInFlight);
  const bodies = createShares(options.maxBodyBytes);
  const bodyLimit = server.initialConfig.bodyLimit ?? 0;
  const membersByAddress = new LRUCache<string, readonly Member[]>({ max: maxKnownAddresses });
  const groupsOf = (address = '') => {
    let known = membersByAddress.get(address);
    if (!known) {
      known = membersOf(address);
      membersByAddress.set(address, known);
    }
    return known;
  };
  // By what Fastify's request and that of the direct route have in common: one may become the other.
  const admitted = createRequestValue<Admitted>('admitted');
  const admittedOf = ({ raw, headers }: AskedRequest): Admitted => {
    let known = admitted.of(raw);
    if (!known) {
      known = { client: groupsOf(readClientAddress(raw.socket.remoteAddress, headers)), body: undefined };
      admitted.set(raw, known);
    }
    return known;
  };
  const clientOf = (request: AskedRequest) => admittedOf(request).client;
  const takeReserved = (one: Admitted) => {
    const { body } = one;
    one.body = undefined;
    return body;
  };
  // Compares the route, not the text of the target: `http://this.host/graphql` is the same route.
  const isLimited = ({ routeOptions }: FastifyRequest) => routeOptions.url === path;

  const reserveBody = (request: AskedRequest, response: ServerResponse) => {
    const bytes = announcedBytes(request.raw, bodyLimit);
    const one = admittedOf(request);
    // Nothing would give back what is reserved for a client that has left.
    if (bytes === 0 || one.body || response.destroyed) return undefined;
    one.body = bodies.take(one.client, bytes);
    if (!one.body) return 'bodies';
    response.on('close', () => takeReserved(one)?.giveBack());
    return undefined;
  };
  const reserve: Admission['reserve'] = (request, response) =>
    slots.findFull(clientOf(request)) === undefined ? reserveBody(request, response) : 'operations';

  server.addHook('onRequest', (request, reply, done) => {
    const full = (isLimited(request) ? reserve : reserveBody)(request, reply.raw);
    if (full === undefined) return done();
    log.add(full, clientOf(request));
    noteRefusal(request.raw, { check: 'ROOM' });
    refuse(reply);
  });

  return {
    clientOf,
    reserve,
    run(request, work, { isReported = true } = {}) {
      const one = admittedOf(request);
      const { client } = one;
      // Nobody would get the answer, and nothing has been done yet.
      if (request.raw.socket.destroyed) return Promise.reject(busy);
      const slot = slots.take(client);
      if (!slot) {
        if (isReported) log.add('operations', client);
        return Promise.reject(busy);
      }
      const body = takeReserved(one);
      const giveBack = () => {
        slot.giveBack();
        body?.giveBack();
      };
      return endWith(work, giveBack);
    },
  };
}

/** What the body will take at most. A body without a length may have any that is allowed; one that is too long is not read. */
function announcedBytes({ headers }: IncomingMessage, bodyLimit: number): number {
  if (headers['transfer-encoding'] !== undefined) return bodyLimit;
  return Math.min(Number(headers['content-length'] ?? 0) || 0, bodyLimit);
}

const busy = new RefusalError('service.unavailable', { retryAfterSeconds, check: 'PLACE' });

/** Its errors, as every refusal for lack of room has them. */
export const busyErrors = errorBody(busy.message, busy.code, busy.reason).errors;

/** The body of every refusal for lack of room. */
export function busyBodyOf({ id }: Pick<AskedRequest, 'id'>): string {
  return JSON.stringify(errorBody(busy.message, busy.code, busy.reason, id));
}

function refuse(reply: FastifyReply): void {
  void reply
    .code(busy.httpStatus)
    .header('retry-after', String(retryAfterSeconds))
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(busy.message, busy.code, busy.reason)));
}
