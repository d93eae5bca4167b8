import { HeaderMap } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { readAuthorization } from './authorization-header.ts';
import { RefusalError } from './errors.ts';
import type { ErrorTranslation } from './format-error.ts';
import { mountGraphql } from './graphql-endpoint.ts';
import { createHttpServer, type HttpServerOptions, listen } from './http-server.ts';
import { parseSignetContext, type SignetContext, signetContextHeader } from './signet-context.ts';

/** What a subgraph's context is built from. */
export type SubgraphRequest = { authorization: string | undefined; signetContext: SignetContext };

/** A process, or a part of the launcher, that serves HTTP. `stop` answers what is under way, then closes. */
export type RunningServer = { url: string; stop(): Promise<void> };

export type SubgraphOptions<C extends object> = HttpServerOptions & {
  host: string;
  port: number;
  portVariable?: string;
  schema: GraphQLSchema;
  introspection: boolean;
  createContext(request: SubgraphRequest): Promise<C>;
  translateError?: ErrorTranslation;
  /** More routes beside /graphql (auth's JWKS). */
  addRoutes?(server: ReturnType<typeof createHttpServer>): void;
  /** Closes what the subgraph opened: its database pool. */
  onStop?(): Promise<void>;
};

/** Serves a subgraph at /graphql. A refusal in `createContext` is the answer's HTTP status too. */
export async function startSubgraph<C extends object>(options: SubgraphOptions<C>): Promise<RunningServer> {
  const server = createHttpServer(options);
  options.addRoutes?.(server);
  await mountGraphql<C>({
    server,
    logger: options.logger,
    path: '/graphql',
    introspection: options.introspection,
    source: { schema: options.schema },
    ...(options.translateError && { translateError: options.translateError }),
    context: async (request) => withHttpStatus(() => options.createContext(readRequest(request))),
  });
  server.addHook('onClose', async () => options.onStop?.());
  const url = await listen(server, options);
  return { url, stop: () => server.close() };
}

function readRequest(request: FastifyRequest): SubgraphRequest {
  const header = request.headers[signetContextHeader];
  return {
    authorization: readAuthorization(request.raw),
    signetContext: parseSignetContext(typeof header === 'string' ? header : undefined) ?? {
      requestId: request.id,
    },
  };
}

/** Runs `create`; a refusal becomes the status of the whole answer, with the headers that RFC 6750 and RFC 9110 ask for. */
export async function withHttpStatus<T>(create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    if (error instanceof RefusalError) {
      error.extensions.http = { status: error.httpStatus, headers: new HeaderMap(refusalHeaders(error)) };
    }
    throw error;
  }
}

function refusalHeaders(error: RefusalError): [string, string][] {
  if (error.httpStatus === 401) {
    return [['www-authenticate', 'Bearer error="invalid_token"']];
  }
  return error.httpStatus === 503 || error.httpStatus === 429 ? [['retry-after', '2']] : [];
}
