import {
  createHttpServer,
  type EndpointPlugin,
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
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';

/** A request with its cookies. Only auth reads and sets them, and believes nothing else of theirs. */
export type SubgraphHttpRequest = SubgraphRequest & {
  cookie: string | undefined;
  /** Adds a Set-Cookie line to the answer, also where the operation fails later. */
  setCookie(line: string): void;
};

export type SubgraphServerOptions<C extends object> = HttpServerOptions & {
  host: string;
  port: number;
  portVariable?: string;
  schema: GraphQLSchema;
  introspection: boolean;
  createContext(request: SubgraphHttpRequest): Promise<C>;
  translateError?: ErrorTranslation;
  plugins?: readonly EndpointPlugin[];
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
    ...(options.plugins && { plugins: [...options.plugins] }),
    context: async (request, reply) =>
      withHttpStatus(async () => options.createContext(readRequest(request, reply))),
  });
  const url = await listen(server, options);
  return { url, stop: () => server.close() };
}

function readRequest(request: FastifyRequest, reply: FastifyReply): SubgraphHttpRequest {
  const header = request.headers[signetContextHeader];
  return {
    authorization: readAuthorization(request.raw),
    signetContext: parseSignetContext(typeof header === 'string' ? header : undefined) ?? {
      requestId: request.id,
    },
    cookie: request.headers.cookie,
    setCookie: (line) => void reply.header('set-cookie', line),
  };
}
