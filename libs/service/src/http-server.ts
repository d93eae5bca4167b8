import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import { type FastifyError, type FastifyInstance, type FastifyReply, fastify, LogController } from 'fastify';
import { createClientErrorHandler } from './client-error.ts';
import { errorBody, internalErrorBody, RefusalError } from './errors.ts';
import { type ReadinessCheck, registerHealth } from './health.ts';
import { createHostCheck } from './host-check.ts';
import { refusalHeaders } from './http-status.ts';
import type { Logger } from './logger.ts';

export type HttpServerOptions = {
  logger: Logger;
  /** Host names, beside loopback's, under which this server may be called. */
  allowedHosts?: readonly string[];
  bodyLimitBytes?: number;
  readiness?: readonly ReadinessCheck[];
};

const defaultBodyLimitBytes = 256 * 1024;
const requestTimeoutMs = 30_000;
const drainTimeoutMs = 2000;

/** A Fastify server with what every process shares: Host check, JSON only, one error format, health. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { logger } = options;
  let isStopping = false;
  const server = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimitBytes ?? defaultBodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: 'idle',
    // Node and Fastify would answer these themselves, in a form of their own. See the hook below.
    http: { requireHostHeader: false },
    return503OnClosing: false,
    clientErrorHandler: createClientErrorHandler(),
    genReqId: () => crypto.randomUUID(),
    routerOptions: { onBadUrl: (_path, _request, response) => refuseBadUrl(response) },
  }) as unknown as FastifyInstance;
  server.removeContentTypeParser('text/plain');
  server.addHook('preClose', (done) => {
    isStopping = true;
    done();
  });
  registerHealth(server, options.readiness ?? [], () => isStopping);
  const isOurHost = createHostCheck(options.allowedHosts ?? []);
  server.addHook('onRequest', async (request, reply) => {
    // A probe asks by address; what it learns is nothing that a rebound page could use.
    if (request.url.startsWith('/health/')) return;
    // RFC 9112, section 3.2: Node keeps the first of several silently.
    if (request.raw.rawHeaders.filter(isHostName).length !== 1) {
      return reply.code(400).send(errorBody('Send one Host header.', 'BAD_REQUEST'));
    }
    if (!isOurHost(request.raw.headers.host)) {
      return reply.code(421).send(errorBody('This server does not answer for that host.', 'BAD_REQUEST'));
    }
    if (isStopping) {
      return sendRefusal(reply, new RefusalError('auth.unavailable'));
    }
  });
  // A connection that is kept alive after its last answer would keep the server from closing.
  server.addHook('onSend', async (_request, reply) => {
    if (isStopping) {
      reply.header('connection', 'close');
    }
  });
  server.setNotFoundHandler((_request, reply) => {
    reply.code(404).send(errorBody('There is nothing at this path.', 'NOT_FOUND'));
  });
  server.setErrorHandler(async (error: Partial<FastifyError> | undefined, request, reply) => {
    if (error instanceof RefusalError) {
      return sendRefusal(reply, error);
    }
    const status = error?.statusCode ?? 500;
    if (status < 400 || status >= 500) {
      logger.error({ err: error }, 'a request failed');
      return reply.code(500).send(internalErrorBody());
    }
    await drain(request.raw);
    return reply.code(status).send(errorBody(textOf(status), 'BAD_REQUEST'));
  });
  return server;
}

/** For raw headers, in which names and values take turns. */
function isHostName(text: string, index: number): boolean {
  return index % 2 === 0 && text.toLowerCase() === 'host';
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
  415: 'Send the operation as application/json.',
};

function textOf(status: number): string {
  return statusTexts[status] ?? 'The request can not be handled.';
}

/** A client that is still sending a body may read no answer, but a reset: take the rest in first, for a limited time. */
async function drain(request: IncomingMessage): Promise<void> {
  if (!request.complete) {
    request.resume();
    await finished(request, { signal: AbortSignal.timeout(drainTimeoutMs) }).catch(() => {});
  }
}

function refuseBadUrl(response: {
  statusCode: number;
  setHeader(name: string, value: string): void;
  end(body: string): void;
}): void {
  response.statusCode = 400;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(errorBody('The URL is malformed.', 'BAD_REQUEST')));
}
