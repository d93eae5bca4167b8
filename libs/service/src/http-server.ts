import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FastifyError, type FastifyInstance, type FastifyReply, fastify, LogController } from 'fastify';
import { type AsRequest, type DirectRoute, openDirectRoute } from './direct-route.ts';
import {
  errorBody,
  internalErrorBody,
  MalformedRequestError,
  RefusalError,
  refusalHeaders,
} from './errors.ts';
import { createHealth, type Health, type ReadinessCheck, registerHealth } from './health.ts';
import { createJsonReader, createPlainJsonReader } from './json-body.ts';
import type { Logger } from './logger.ts';
import {
  createClientErrorHandler,
  createRawRefusal,
  followUnusedConnections,
  limitPipelining,
} from './raw-connections.ts';
import { noteRefusal } from './refusal-notes.ts';
import { createRefusedHosts } from './refused-hosts.ts';
import {
  assertReadableBody,
  createTargetCheck,
  followAllowedMethods,
  hasUnknownCoding,
  nothingHere,
  otherHost,
} from './request-checks.ts';
import {
  beginRequest,
  type RequestFollower,
  requestIdHeader,
  requestIdOf,
  stampErrors,
} from './request-follower.ts';
import { runAsRequest } from './request-ids.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The media type of the bodies that the route takes. Default: application/json. */
    bodyType?: string;
  }
  interface FastifyInstance {
    /** Of a server that `createHttpServer` made. */
    health: Health;
  }
}

export type HttpServerOptions = {
  logger: Logger;
  /** Host names, beside those of loopback, by which clients may call this server. */
  allowedHosts?: readonly string[];
  bodyLimitBytes?: number;
  headerLimitBytes?: number;
  /** Whether clients use https, usually through a proxy. */
  isHttps?: boolean;
  /** How long a client may take to send, and how often this is checked. */
  timeoutsMs?: { headers: number; request: number; check: number; silence?: number };
  readiness?: readonly ReadinessCheck[];
  /** Whether strangers can reach this server. Then `/health/ready` keeps its reasons to itself. */
  isPublic?: boolean;
  /** How long to serve on after `close`, while load balancers learn that this server is not ready. */
  drainMs?: number;
  /** The way of usual requests, past all that is registered on the server. */
  direct?: DirectRoute;
  /** Learns of every request, and gives it its id. Without it, requests have ids that nobody is told. */
  follower?: RequestFollower;
};

const defaultBodyLimitBytes = 256 * 1024;
/**
 * What a subgraph reads of a fetch: more than an entrance reads of a client, since fragments and default values are written out,
 * and entities are asked for by their keys. The gateway splits a fetch of entities that would be longer.
 */
export const subgraphBodyLimitBytes = 1024 * 1024;
/** The most that the headers of a connection's request take. */
export const maxHeaderBytes = 16 * 1024;
/** What a subgraph reads of them: to those of a client, its gateway adds the Signet-Context and a signature. */
export const subgraphHeaderLimitBytes = maxHeaderBytes + 8 * 1024;
/** Against clients that hold connections by sending a byte at a time. Node's default checks every 30 s. */
const defaultTimeoutsMs = { headers: 10_000, request: 30_000, check: 5000 };
/**
 * Time without a byte in either direction. Against clients that never read: each would hold its answer and its connection
 * forever. Longer than any operation may take.
 */
const defaultSilenceMs = 120_000;
const drainTimeoutMs = 2000;
/** Requests of one connection that are answered at a time. */
const maxPipelined = 16;

function noSchemas(): never {
  throw new Error('Routes have no JSON schemas here.');
}

/** A Fastify server with what all processes share: Host check, JSON only, one error format, security headers, health. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { logger, timeoutsMs = defaultTimeoutsMs, drainMs = 0, follower } = options;
  const headers = surfaceHeaders(options.isHttps ?? false);
  const refuse = createRawRefusal(headers, follower);
  const earlyAnswers = new WeakMap<Socket, IncomingMessage>();
  // Draining: reports not ready, and closes each connection with its next answer. Stopping: takes no new connection either. What comes on
  // the old ones is answered until they are closed: its sender could not know.
  let phase: 'serving' | 'draining' | 'stopping' = 'serving';
  const server = fastify({
    loggerInstance: logger,
    // Nothing here logs by `request.log`. A logger of its own for each request cost more than its routing.
    childLoggerFactory: (shared) => shared,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimitBytes ?? defaultBodyLimitBytes,
    requestTimeout: timeoutsMs.request,
    connectionTimeout: options.timeoutsMs?.silence ?? defaultSilenceMs,
    forceCloseConnections: 'idle',
    // Node and Fastify would answer some faults in other forms. The hook below answers them.
    http: {
      requireHostHeader: false,
      maxHeaderSize: options.headerLimitBytes ?? maxHeaderBytes,
      headersTimeout: timeoutsMs.headers,
      connectionsCheckingInterval: timeoutsMs.check,
    },
    return503OnClosing: false,
    // No route has a JSON schema. Without these, Fastify loads Ajv and a serializer for them.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    clientErrorHandler: createClientErrorHandler(headers, earlyAnswers),
    genReqId: (raw) => requestIdOf(raw as IncomingMessage),
    routerOptions: {
      onBadUrl: (_path, _request, response) => refuse(response, 400, 'The URL is malformed.'),
    },
  }) as unknown as FastifyInstance;
  const [fastifyListener] = server.server.listeners('request') as [RequestListener];
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, createJsonReader(server));
  // RFC 9110, section 10.1.1: Node handles 100-continue, and would answer any other expectation without our headers.
  server.server.on('checkExpectation', (request, response) => {
    if (follower) beginRequest(follower, request, response);
    refuse(response, 417, 'This server knows no such expectation.');
  });
  const closeUnusedConnections = followUnusedConnections(server.server);
  const isOfFlood = limitPipelining(server.server, maxPipelined);
  const findTargetFault = createTargetCheck(options.allowedHosts ?? []);
  const refusedHosts = createRefusedHosts(logger);
  server.addHook('onClose', async () => refusedHosts.stop());
  const asRequest: AsRequest = (raw, response, fn) => {
    if (!follower) return fn();
    const requestId = requestIdOf(raw);
    const traceId = follower.traceIdOf?.(raw);
    return runAsRequest(traceId === undefined ? { requestId } : { requestId, traceId }, response, fn);
  };
  const direct =
    options.direct &&
    openDirectRoute(options.direct, {
      logger,
      bodyLimitBytes: options.bodyLimitBytes ?? defaultBodyLimitBytes,
      headers,
      follower,
      asRequest,
      isServing: () => phase === 'serving',
      isUsual: (raw) => !isOfFlood(raw) && findTargetFault(raw) === undefined,
      readJson: createPlainJsonReader(server),
    });
  const answering = direct?.before(fastifyListener) ?? fastifyListener;
  const listener: RequestListener = follower
    ? (raw, response) => {
        beginRequest(follower, raw, response);
        answering(raw, response);
      }
    : answering;
  server.server.off('request', fastifyListener).on('request', listener);
  server.addHook('onRequest', (request, reply, done) => {
    if (isOfFlood(request.raw)) reply.hijack();
    else done();
  });
  server.addHook('preClose', async () => {
    phase = 'draining';
    if (drainMs > 0) await sleep(drainMs);
    phase = 'stopping';
    closeUnusedConnections();
  });
  const allowedMethodsOf = followAllowedMethods(server);
  const health = createHealth({
    checks: options.readiness ?? [],
    isStarted: () => server.server.listening || phase !== 'serving',
    isStopping: () => phase !== 'serving',
    logger,
  });
  server.decorate('health', health);
  registerHealth(server, health, options.isPublic ?? false);
  // Hooks that pass nearly every request on take a callback: a promise for each would cost more than what they do.
  server.addHook('onRequest', (request, reply, done) => {
    const fault = findTargetFault(request.raw);
    if (fault) {
      if (fault === otherHost) refusedHosts.add(request.raw.headers.host ?? '');
      noteRefusal(request.raw, { check: 'HOST' });
      return void reply.code(fault.status).send(errorBody(fault.text, fault.code));
    }
    if (hasUnknownCoding(request.raw)) {
      noteRefusal(request.raw, { check: 'HOST' });
      reply.header('connection', 'close').code(501);
      const body = errorBody('This server knows no such transfer coding.', 'BAD_REQUEST');
      // Node's parser refuses some of them right after this, and answers.
      return void setImmediate(() => reply.send(body));
    }
    done();
  });
  server.addHook('preParsing', ({ method, is404, raw, routeOptions }, _reply, payload, done) => {
    try {
      if (method === 'POST' && !is404) assertReadableBody(raw, routeOptions.config?.bodyType);
    } catch (error) {
      return done(error as Error);
    }
    done(null, direct?.bodyOf(raw) ?? payload);
  });
  // Not before: what reads the body goes on where Node read the bytes, and is bound to no request.
  server.addHook('preValidation', ({ raw }, reply, done) => asRequest(raw, reply.raw, done));
  const usualHeaders = Object.entries(headers);
  // A connection that is kept alive would keep the server from closing.
  server.addHook('onSend', ({ raw, id }, reply, payload, done) => {
    if (!raw.complete) earlyAnswers.set(raw.socket, raw);
    const stamped = follower && typeof payload === 'string' ? stampErrors(payload, id) : undefined;
    if (follower) reply.header(requestIdHeader, id);
    if (stamped) {
      follower?.refused(raw, stamped.errors, reply.statusCode);
      reply.removeHeader('content-length');
    }
    for (const [name, value] of usualHeaders) {
      if (!reply.hasHeader(name)) reply.header(name, value);
    }
    if (phase !== 'serving') {
      reply.header('connection', 'close');
    }
    done(null, stamped?.body ?? payload);
  });
  server.setNotFoundHandler((request, reply) => {
    noteRefusal(request.raw, { check: 'ROUTE' });
    const allowed = allowedMethodsOf(request);
    if (allowed === undefined) {
      return reply.code(nothingHere.status).send(errorBody(nothingHere.text, nothingHere.code));
    }
    reply.header('allow', allowed);
    return request.method === 'OPTIONS'
      ? reply.code(204).send()
      : reply.code(405).send(errorBody(`This path takes ${allowed}.`, 'BAD_REQUEST'));
  });
  server.setErrorHandler(async (error: Partial<FastifyError> | undefined, request, reply) => {
    if (error instanceof RefusalError) {
      const { check, reason, excess } = error;
      if (check || excess) noteRefusal(request.raw, { check, reason, limit: excess });
      return sendRefusal(reply, error);
    }
    const status = error?.statusCode ?? 500;
    if (status < 400 || status >= 500) {
      logger.error({ err: error, requestId: request.id }, 'a request failed');
      return reply.code(500).send(internalErrorBody());
    }
    // Before the parameters are looked at.
    if (request.method === 'POST' && (request.body ?? null) === null)
      noteRefusal(request.raw, { check: 'BODY' });
    await drain(request.raw);
    // RFC 9110, section 12.5.3: says which coding is accepted.
    if (status === 415) reply.header('accept-encoding', 'identity');
    const text = error instanceof MalformedRequestError ? error.message : textOf(status);
    return reply.code(status).send(errorBody(text, 'BAD_REQUEST'));
  });
  return server;
}

function sendRefusal(reply: FastifyReply, refusal: RefusalError) {
  return reply
    .code(refusal.httpStatus)
    .headers(Object.fromEntries(refusalHeaders(refusal)))
    .send(errorBody(refusal.message, refusal.code, refusal.reason));
}

const statusTexts: Readonly<Record<number, string>> = {
  400: 'The request is malformed. Send a JSON object with the operation in "query".',
  413: 'The body is too large.',
  415: 'Send the operation as application/json, in UTF-8 and not compressed.',
};

function textOf(status: number): string {
  return statusTexts[status] ?? 'The request can not be handled.';
}

/** A client that is still sending a body may get a reset and no answer: read the rest first, for a limited time. */
async function drain(request: IncomingMessage): Promise<void> {
  if (!request.complete) {
    request.resume();
    await finished(request, { signal: AbortSignal.timeout(drainTimeoutMs) }).catch(() => {});
  }
}

/**
 * Headers of every answer, including answers that no route gives: no page may frame, sniff, embed or run an answer of an API.
 * Headers that a route sets stay: browser pages have other policies, and key sets may be cached.
 *
 * Strict-Transport-Security is sent over https only (RFC 6797, section 7.2), and for this host only: other services may use
 * other names of the domain.
 */
function surfaceHeaders(isHttps: boolean): Readonly<Record<string, string>> {
  return {
    'cache-control': 'private, no-store',
    'content-security-policy':
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(isHttps && { 'strict-transport-security': 'max-age=31536000' }),
  };
}
