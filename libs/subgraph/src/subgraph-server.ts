import {
  createHttpServer,
  type ErrorTranslation,
  type HttpServerOptions,
  listen,
  mountGraphql,
  parseSignetContext,
  type RunningServer,
  readAuthorization,
  signetContextHeader,
  withHttpStatus,
} from '@signet/service';
import type { SubgraphRequest } from '@signet/session';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';

export type SubgraphServerOptions<C extends object> = HttpServerOptions & {
  host: string;
  port: number;
  portVariable?: string;
  schema: GraphQLSchema;
  introspection: boolean;
  createContext(request: SubgraphRequest): Promise<C>;
  translateError?: ErrorTranslation;
  /** More routes beside /graphql (auth's JWKS). */
  addRoutes?(server: FastifyInstance): void;
  /** Closes what the subgraph opened: its database pool. */
  onStop?(): Promise<void>;
};

/** Serves a schema at /graphql. A refusal in `createContext` is the answer's HTTP status too. */
export async function startSubgraphServer<C extends object>(
  options: SubgraphServerOptions<C>,
): Promise<RunningServer> {
  const server = createHttpServer(options);
  server.addHook('onClose', async () => options.onStop?.());
  options.addRoutes?.(server);
  await mountGraphql<C>({
    server,
    logger: options.logger,
    path: '/graphql',
    introspection: options.introspection,
    source: { schema: options.schema },
    ...(options.translateError && { translateError: options.translateError }),
    context: async (request) => withHttpStatus(async () => options.createContext(readRequest(request))),
  });
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
