import {
  ApolloServer,
  type ApolloServerOptions,
  type ApolloServerPlugin,
  type BaseContext,
} from '@apollo/server';
import {
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { type ApolloFastifyContextFunction, fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance } from 'fastify';
import { createErrorFormatter, type ErrorTranslation } from './format-error.ts';
import { withHttpStatus } from './http-status.ts';
import type { Logger } from './logger.ts';
import { operationCheck } from './operation-check.ts';

/** Looks at operations of any endpoint, whatever its context. */
export type EndpointPlugin = ApolloServerPlugin;

export type GraphqlEndpointOptions<C extends BaseContext> = {
  server: FastifyInstance;
  logger: Logger;
  path: string;
  introspection: boolean;
  context: ApolloFastifyContextFunction<C>;
  translateError?: ErrorTranslation;
  /** True where errors come from subgraphs of ours. */
  isGateway?: boolean;
} & Pick<ApolloServerOptions<C>, 'plugins'> & { source: Pick<ApolloServerOptions<C>, 'schema' | 'gateway'> };

/** Puts Apollo Server on a Fastify server: GET and POST at `path`, one error format, statuses of GraphQL over HTTP. */
export async function mountGraphql<C extends BaseContext>(
  options: GraphqlEndpointOptions<C>,
): Promise<ApolloServer<C>> {
  const { server, logger, path, introspection } = options;
  const context: typeof options.context = (request, reply) =>
    withHttpStatus(() => options.context(request, reply), options.translateError);
  const apollo = new ApolloServer<C>({
    ...(options.source as ApolloServerOptions<C>),
    logger,
    introspection,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: !introspection,
    stopOnTerminationSignals: false,
    csrfPrevention: true,
    // A cache that any client could fill; trusted documents will take its place.
    persistedQueries: false,
    formatError: createErrorFormatter({
      logger,
      ...(options.translateError && { translate: options.translateError }),
      trustsExtensions: options.isGateway ?? false,
    }),
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      operationCheck as ApolloServerPlugin<C>,
      statusOfRequestErrors as ApolloServerPlugin<C>,
      ...(options.plugins ?? []),
    ],
  });
  await apollo.start();
  server.route({ method: ['GET', 'POST'], url: path, handler: fastifyApolloHandler(apollo, { context }) });
  server.addHook('onClose', () => apollo.stop());
  return apollo;
}

const statusOkUnderJson = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
]);

/**
 * GraphQL over HTTP: under an explicit `Accept: application/json` a well-formed request answers 200 even where the
 * operation fails to parse, validate or coerce; everywhere else Apollo's 400 stays.
 */
const statusOfRequestErrors: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async willSendResponse({ request, response }) {
        if (response.http.status !== 400 || response.body.kind !== 'single') {
          return;
        }
        const accept = request.http?.headers.get('accept') ?? '';
        if (/\bapplication\/graphql-response\+json\b/i.test(accept)) {
          // A client that takes both gets the type to which the status 400 belongs.
          response.http.headers.set('content-type', 'application/graphql-response+json; charset=utf-8');
          return;
        }
        const errors = response.body.singleResult.errors ?? [];
        const isRequestError = errors.every((error) => statusOkUnderJson.has(String(error.extensions?.code)));
        if (isRequestError && /\bapplication\/json\b/i.test(accept)) {
          response.http.status = 200;
        }
      },
    };
  },
};
