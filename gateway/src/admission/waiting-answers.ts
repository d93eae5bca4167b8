import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AskedRequest } from '@signet/service';
import type { FastifyInstance } from 'fastify';
import { type Admission, busyBodyOf } from './admission.ts';
import type { AdmissionLog } from './admission-log.ts';
import { createShares, type Held, type Member } from './shares.ts';

export type WaitingAnswersOptions = Pick<Admission, 'clientOf'> & {
  /** Bytes of answers that clients have not taken yet. */
  maxBytes: number;
  /** The least that a client takes, counted over its whole answer. */
  bytesPerSecond: number;
  /** What a client has beyond that. Longer than a network is slow to begin. */
  graceMs?: number;
  log: AdmissionLog;
  /** Called for a request whose answer was replaced for lack of room. */
  onLost?(request: AskedRequest): void;
};

const defaultGraceMs = 10_000;
/** How late a slow client may be cut. */
const mostLookMs = 1000;
/** They describe the answer that the refusal replaces. */
const headersOfContent = ['content-encoding', 'etag', 'last-modified'];

/** Counts an answer that is about to be sent. False where there is no room for it: then nothing has been counted, and `busyBodyOf` it is to be sent. */
export type WaitForClient = (request: AskedRequest, answer: ServerResponse, bytes: number) => boolean;

type Waiting = { client: readonly Member[]; until: number; held: Held; socket: Socket | undefined };

/**
 * Bounds the answers that wait for their clients, in bytes and in time. A client that has no room left loses its oldest
 * connection whose answer still waits: one that reads always gets the newest.
 */
export function registerWaitingAnswers(
  server: FastifyInstance,
  options: WaitingAnswersOptions,
): { wait: WaitForClient } {
  const { clientOf, maxBytes, bytesPerSecond, graceMs = defaultGraceMs, log } = options;
  const shares = createShares(maxBytes);
  /** In the order in which they began to wait. */
  const waiting = new Set<Waiting>();
  const end = (one: Waiting) => {
    waiting.delete(one);
    one.held.giveBack();
    // The Set's tables may be there for longer (exchange.ts).
    one.socket = undefined;
  };
  const cut = (one: Waiting) => {
    const { socket } = one;
    end(one);
    socket?.destroy();
  };
  const makeRoom = (client: readonly Member[], bytes: number) => {
    if (!shares.couldTake(client, bytes)) return;
    for (const { key } of client) {
      for (const other of waiting) {
        if (shares.findFull(client, bytes) !== key) break;
        if (other.client.some((member) => member.key === key)) {
          log.add('answers', client);
          cut(other);
        }
      }
    }
  };
  // One for all: most answers are taken at once.
  let watch: NodeJS.Timeout | undefined;
  const cutSlow = () => {
    const now = performance.now();
    for (const one of waiting) {
      if (one.until > now) continue;
      log.add('slow reader', one.client);
      cut(one);
    }
    if (waiting.size > 0) return;
    clearInterval(watch);
    watch = undefined;
  };
  const wait: WaitForClient = (request, answer, bytes) => {
    const client = clientOf(request);
    makeRoom(client, bytes);
    const held = shares.take(client, bytes);
    if (!held) {
      log.add('answers', client);
      options.onLost?.(request);
      return false;
    }
    const until = performance.now() + graceMs + (bytes / bytesPerSecond) * 1000;
    const one: Waiting = { client, until, held, socket: request.raw.socket };
    waiting.add(one);
    watch ??= setInterval(cutSlow, Math.min(graceMs / 4, mostLookMs)).unref();
    answer.on('close', () => end(one));
    return true;
  };

  server.addHook('onSend', (request, reply, payload, done) => {
    const bytes = lengthOf(payload);
    // The answer of a client that has left goes nowhere.
    if (bytes === 0 || reply.raw.destroyed || wait(request, reply.raw, bytes)) {
      return done(null, payload);
    }
    for (const name of headersOfContent) reply.removeHeader(name);
    const body = busyBodyOf(request);
    reply
      .code(503)
      .header('retry-after', '1')
      .header('cache-control', 'private, no-store')
      .header('content-length', String(Buffer.byteLength(body)))
      .type('application/json; charset=utf-8');
    done(null, body);
  });
  return { wait };
}

/** Streams are files, which are read as fast as their client takes them. */
function lengthOf(payload: unknown): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return Buffer.isBuffer(payload) ? payload.length : 0;
}
