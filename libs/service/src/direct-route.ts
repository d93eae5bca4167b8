import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { internalErrorBody } from './errors.ts';
import type { Logger } from './logger.ts';
import { valuesOfHeader } from './request-checks.ts';
import { type RequestFollower, requestIdHeader, requestIdOf } from './request-follower.ts';

/** What answering an operation reads of a request: of Fastify's, or of one that takes the direct route. */
export type AskedRequest = Pick<
  FastifyRequest,
  'raw' | 'id' | 'method' | 'url' | 'headers' | 'hostname' | 'body'
>;

/** What answering an operation does to a reply: to Fastify's, or to one of the direct route. */
export type AskedReply = {
  readonly raw: ServerResponse;
  code(status: number): unknown;
  header(name: string, value: string): unknown;
};

/**
 * A way past Fastify, its hooks and routes, for the one kind of request that nearly every client sends: a POST to `path` with a JSON body of
 * a known length. Passing Fastify and its hooks costs as much as the rest of a known operation.
 *
 * It refuses nothing. Whatever is unusual or wrong goes Fastify's way from its beginning, where the same checks are made again, and refuse.
 */
export type DirectRoute = {
  /** The exact target. */
  readonly path: string;
  /** Undefined: every request goes Fastify's way. */
  handler?: DirectHandler | undefined;
};

export type DirectHandler = {
  /** Called before the body is read. False: the request goes Fastify's way. */
  open(request: AskedRequest, reply: AskedReply): boolean;
  /**
   * Called before anything reads the bytes of the body. Who throws sends the request Fastify's way. Without it, the bytes are believed to be
   * the client's.
   */
  check?(request: AskedRequest, bytes: Buffer): void;
  /**
   * The text of the answer's body. Undefined: the request goes Fastify's way, and nothing has been done that would be done twice.
   */
  answer(request: AskedRequest, reply: AskedReply): Promise<string | undefined>;
};

/** Runs what serves a request so that its lines in the log have the request's ids. */
export type AsRequest = <T>(request: IncomingMessage, response: ServerResponse, fn: () => T) => T;

type DirectRouteOptions = {
  logger: Logger;
  bodyLimitBytes: number;
  /** Headers of every answer, which a handler doesn't set. */
  headers: Readonly<Record<string, string>>;
  /** With one, answers carry the id of their request. */
  follower: Pick<RequestFollower, 'refused'> | undefined;
  asRequest: AsRequest;
  /** False from when the server begins to close: no connection is kept alive any longer. */
  isServing(): boolean;
  /** Whether nothing speaks against the request before its body is read. */
  isUsual(request: IncomingMessage): boolean;
  /** @throws {Error} for what is no JSON, or has two meanings */
  readJson(bytes: Buffer): unknown;
};

export type OpenDirectRoute = {
  /** Wraps Fastify's listener. */
  before(fastify: RequestListener): RequestListener;
  /** The body of a request that was handed over to Fastify, to be read again. */
  bodyOf(request: IncomingMessage): Readable | undefined;
};

export function openDirectRoute(
  route: DirectRoute,
  { logger, bodyLimitBytes, headers, follower, asRequest, isServing, isUsual, readJson }: DirectRouteOptions,
): OpenDirectRoute {
  const usualHeaders = Object.entries(headers).flat();
  const handedOver = new WeakMap<IncomingMessage, Buffer>();
  const send = (text: string, { raw, status, headers: own }: DirectReply) => {
    // The client may have left.
    if (raw.destroyed) return;
    if (follower) own.push(requestIdHeader, requestIdOf(raw.req));
    if (!isServing()) own.push('connection', 'close');
    const bytes = Buffer.byteLength(text);
    raw.writeHead(status, [...usualHeaders, ...own, 'content-length', String(bytes)]);
    // A text of ASCII is written faster as what it is.
    raw.end(text, bytes === text.length ? 'latin1' : 'utf8');
  };
  /** It may have changed something, so it is not tried again. */
  const answerFault = (error: unknown, request: DirectRequest, reply: DirectReply) => {
    logger.error({ err: error, requestId: request.id }, 'a request failed');
    reply.code(500);
    reply.header('content-type', 'application/json; charset=utf-8');
    const body = internalErrorBody(follower && request.id);
    follower?.refused(request.raw, body.errors, 500);
    return JSON.stringify(body);
  };
  return {
    before: (fastify) => (raw, response) => {
      const { handler } = route;
      const isDirect =
        handler && raw.url === route.path && isServing() && isPlainPost(raw, bodyLimitBytes) && isUsual(raw);
      if (!isDirect) return fastify(raw, response);
      const request = new DirectRequest(raw);
      const reply = new DirectReply(response);
      if (!handler.open(request, reply)) return fastify(raw, response);
      const take = async (bytes: Buffer) => {
        request.body = tryTo((body) => {
          handler.check?.(request, body);
          return readJson(body);
        }, bytes);
        let text: string | undefined;
        if (request.body !== undefined) {
          try {
            text = await asRequest(raw, response, () => handler.answer(request, reply));
          } catch (error) {
            text = asRequest(raw, response, () => answerFault(error, request, reply));
          }
        }
        if (text !== undefined) return send(text, reply);
        handedOver.set(raw, bytes);
        fastify(raw, response);
      };
      readBody(raw, (bytes) =>
        take(bytes).catch((error: unknown) => {
          // A header that cannot be written, for instance.
          logger.error({ err: error, requestId: request.id }, 'a request failed');
          response.destroy();
        }),
      );
    },
    bodyOf(raw) {
      const bytes = handedOver.get(raw);
      return bytes && Readable.from([bytes], { objectMode: false });
    },
  };
}

class DirectRequest implements AskedRequest {
  readonly id: string;
  readonly method = 'POST';
  readonly raw: IncomingMessage;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  body: unknown;

  constructor(raw: IncomingMessage) {
    this.raw = raw;
    this.id = requestIdOf(raw);
    this.url = raw.url as string;
    this.headers = raw.headers;
  }

  /** The host without its port, as Fastify reads it. */
  get hostname(): string {
    const { host = '' } = this.headers;
    return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : (host.split(':', 1)[0] as string);
  }
}

class DirectReply implements AskedReply {
  readonly raw: ServerResponse;
  readonly headers: string[] = [];
  status = 200;

  constructor(raw: ServerResponse) {
    this.raw = raw;
  }

  code(status: number): void {
    this.status = status;
  }

  /** Sets a header (in lower case) in place of an earlier value, but Set-Cookie, of which there may be several (RFC 6265, section 3). */
  header(name: string, value: string): void {
    const { headers } = this;
    for (let at = 0; at < headers.length; at += 2) {
      if (headers[at] === name && name !== 'set-cookie') {
        headers[at + 1] = value;
        return;
      }
    }
    headers.push(name, value);
  }
}

/** Node's parser has found that a length is a number, stands once and beside no transfer coding, and is that of the body. */
function isPlainPost(request: IncomingMessage, bodyLimitBytes: number): boolean {
  const { method, headers } = request;
  const length = Number(headers['content-length'] ?? 0);
  return (
    method === 'POST' &&
    headers['content-type'] === 'application/json' &&
    headers['content-encoding'] === undefined &&
    headers.expect === undefined &&
    length > 0 &&
    length <= bodyLimitBytes &&
    valuesOfHeader(request, 'content-type').length === 1
  );
}

/** A client that leaves before all of its body has come causes no further event. */
function readBody(request: IncomingMessage, onEnd: (bytes: Buffer) => unknown): void {
  const chunks: Buffer[] = [];
  // What a listener returns, Node looks at: these return nothing.
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
  });
  request.on('end', () => {
    onEnd(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
  });
}

function tryTo<A, R>(fn: (argument: A) => R, argument: A): R | undefined {
  try {
    return fn(argument);
  } catch {
    return undefined;
  }
}
