import type { Socket } from 'node:net';
import { type FastifyError, type FastifyInstance, fastify, LogController } from 'fastify';
import { ConfigError } from './config.ts';
import { errorBody, internalErrorBody, RefusalError } from './errors.ts';
import { type ReadinessCheck, registerHealth } from './health.ts';
import { createHostCheck } from './host-check.ts';
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

/** A Fastify server with what every process shares: Host check, JSON only, one error format, health. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const server = fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimitBytes ?? defaultBodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerClientError,
    genReqId: () => crypto.randomUUID(),
    routerOptions: { onBadUrl: (_path, _request, response) => refuseBadUrl(response) },
  }) as unknown as FastifyInstance;
  server.removeContentTypeParser('text/plain');
  registerHealth(server, options.readiness ?? []);
  const isOurHost = createHostCheck(options.allowedHosts ?? []);
  server.addHook('onRequest', async (request, reply) => {
    // A probe asks by address; what it learns is nothing that a rebound page could use.
    if (!isOurHost(request.raw.headers.host) && !request.url.startsWith('/health/')) {
      return reply.code(421).send(errorBody('This server does not answer for that host.', 'BAD_REQUEST'));
    }
  });
  server.setNotFoundHandler((_request, reply) => {
    reply.code(404).send(errorBody('There is nothing at this path.', 'NOT_FOUND'));
  });
  server.setErrorHandler((error: FastifyError, _request, reply) => {
    if (error instanceof RefusalError) {
      return reply.code(error.httpStatus).send(errorBody(error.message, error.code, error.reason));
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      options.logger.error({ err: error }, 'a request failed');
      return reply.code(500).send(internalErrorBody());
    }
    return reply.code(status).send(errorBody(textOf(status), 'BAD_REQUEST'));
  });
  return server;
}

/**
 * Starts listening.
 *
 * @returns the base URL, with the port that was given or found.
 * @throws {ConfigError} when the port is taken or the address is not this machine's; `variable` is what to change.
 */
export async function listen(
  server: FastifyInstance,
  { host, port, portVariable = 'PORT' }: { host: string; port: number; portVariable?: string },
): Promise<string> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw describeListenError(error as NodeJS.ErrnoException, { host, port, portVariable });
  }
  const address = server.server.address();
  const boundPort = typeof address === 'object' && address ? address.port : port;
  return `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${boundPort}`;
}

function describeListenError(
  error: NodeJS.ErrnoException,
  { host, port, portVariable }: { host: string; port: number; portVariable: string },
): Error {
  if (error.code === 'EADDRINUSE') {
    return new ConfigError([
      `${portVariable}: port ${port} on ${host} is in use; choose another or stop what listens there`,
    ]);
  }
  if (error.code === 'EACCES') {
    return new ConfigError([
      `${portVariable}: this account may not listen on port ${port}; choose one above 1023`,
    ]);
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new ConfigError([`HOST: ${host} is not an address of this machine`]);
  }
  return error;
}

const statusTexts: Readonly<Record<number, string>> = {
  400: 'The request is malformed. Send a JSON object with the operation in "query".',
  413: 'The body is too large.',
  415: 'Send the operation as application/json.',
};

function textOf(status: number): string {
  return statusTexts[status] ?? 'The request can not be handled.';
}

/** What Node's parser refuses never becomes a request: answer by hand, then let the client finish reading. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const body = JSON.stringify(
    errorBody(tooLarge ? 'The headers are too large.' : 'The request is malformed.', 'BAD_REQUEST'),
  );
  socket.end(
    'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  socket.resume();
  setTimeout(() => socket.destroy(), 1000).unref();
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
