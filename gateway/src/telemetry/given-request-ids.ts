import { randomInt } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createRequestId, type LogWriter, requestIdHeader } from '@signet/service';
import type { ProxyCheck } from '../admission/client-address.ts';

const form = /^[A-Za-z0-9._-]{1,64}$/;
/** As createRequestId makes them. */
const ownForm = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** How far the clocks of a proxy and of this machine may differ, and how long a request may be on its way. */
const ownFreshMs = 60_000;
/** A power of two. 1 MB; an id is remembered until about as many others have come. */
const slots = 2 ** 17;
const saidEveryMs = 60_000;

export type GivenRequestIds = {
  logger: Pick<LogWriter, 'warn'>;
  isTrustedProxy: ProxyCheck;
  now?: () => number;
};

/**
 * Names requests. From a proxy that is trusted the id is its `X-Request-Id`; from anybody else that is the word of a stranger. A proxy that passes on what
 * its client sent would let the client write lines of the log, audit rows and refusals under the id of another request. So an id is
 * good for one request: one that was given before gets an id of ours, and so does one that only an entrance can have made, earlier.
 */
export function createRequestNaming({ logger, isTrustedProxy, now = Date.now }: GivenRequestIds) {
  const isRepeated = rememberIds();
  let saidAt = Number.NEGATIVE_INFINITY;
  let refused = 0;
  return ({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): string => {
    if (!isTrustedProxy(socket.remoteAddress)) return createRequestId();
    const given = headers[requestIdHeader];
    if (typeof given !== 'string' || !form.test(given)) {
      const requestId = createRequestId();
      isRepeated(requestId);
      return requestId;
    }
    const time = now();
    if (!isRepeated(given) && !isOwnOfBefore(given, time)) return given;
    const requestId = createRequestId();
    refused += 1;
    if (time - saidAt >= saidEveryMs) {
      logger.warn(
        { proxy: socket.remoteAddress, given, requestId, requests: refused },
        'a trusted proxy gave X-Request-Id of another request, so this one got an id of its own: the proxy must make a new id for each request (docs/metrics.md)',
      );
      saidAt = time;
      refused = 0;
    }
    return requestId;
  };
}

function isOwnOfBefore(id: string, time: number): boolean {
  if (!ownForm.test(id)) return false;
  const madeAt = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  return Math.abs(time - madeAt) > ownFreshMs;
}

/**
 * Whether an id was asked about before. It keeps 64 bits of a hash in a place that the same hash names, and no text: strings that live for minutes
 * cost the garbage collector more than all of this. The seeds keep a client from choosing an id that takes another's place.
 */
function rememberIds(): (id: string) => boolean {
  const kept = new Uint32Array(2 * slots);
  const seeds = [randomInt(2 ** 32 - 1), randomInt(2 ** 32 - 1), randomInt(2 ** 32 - 1)] as const;
  return (id) => {
    const slot = 2 * (hash(id, seeds[0]) & (slots - 1));
    const [high, low] = [hash(id, seeds[1]), hash(id, seeds[2])];
    const isKnown = kept[slot] === high && kept[slot + 1] === low;
    kept[slot] = high;
    kept[slot + 1] = low;
    return isKnown;
  };
}

/** MurmurHash3's mixing of 32 bits, a character at a time. */
function hash(text: string, seed: number): number {
  let state = seed;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ Math.imul(text.charCodeAt(index), 0xcc9e2d51), 0x1b873593);
    state = (state << 13) | (state >>> 19);
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
