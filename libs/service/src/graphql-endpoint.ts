import {
  ApolloServer,
  type ApolloServerOptions,
  type ApolloServerPlugin,
  type BaseContext,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { type ApolloFastifyContextFunction, fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLErrorExtensions } from 'graphql';
import { chooseAnswerType } from './answer-type.ts';
import { errorBody } from './errors.ts';
import { createErrorFormatter, type ErrorTranslation } from './format-error.ts';
import { withHttpStatus } from './http-status.ts';
import type { Logger } from './logger.ts';
import { refuseUnrunnableOperation } from './unrunnable-operation.ts';

/** Looks at operations of any endpoint, whatever its context. */
export type EndpointPlugin = ApolloServerPlugin;

export type GraphqlEndpointOptions<C extends BaseContext> = {
  server: FastifyInstance;
  logger: Logger;
  path: string;
  introspection: boolean;
  /** Keeps names that the client did not send out of the texts of errors. Where introspection is off unless said. */
  hideSchemaDetails?: boolean;
  context: ApolloFastifyContextFunction<C>;
  translateError?: ErrorTranslation;
  /** `plugins`: one of them validates documents, so that Apollo Server doesn't. */
  validatedBy?: 'plugins';
  /** True where errors come from subgraphs of ours. */
  isGateway?: boolean;
} & Pick<ApolloServerOptions<C>, 'plugins' | 'documentStore' | 'parseOptions'> & {
    source: Pick<ApolloServerOptions<C>, 'schema' | 'gateway'>;
  };

/** Puts Apollo Server on a Fastify server: GET and POST at `path`, one error format, statuses of GraphQL over HTTP. */
export async function mountGraphql<C extends BaseContext>(
  options: GraphqlEndpointOptions<C>,
): Promise<ApolloServer<C>> {
  const { server, logger, path, introspection, hideSchemaDetails = !introspection } = options;
  const context: typeof options.context = (request, reply) =>
    withHttpStatus(() => options.context(request, reply), options.translateError);
  const apollo = new ApolloServer<C>({
    ...(options.source as ApolloServerOptions<C>),
    logger,
    introspection,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: hideSchemaDetails,
    stopOnTerminationSignals: false,
    csrfPrevention: true,
    // The gateway has its own (gateway/src/documents); a subgraph's only client sends texts.
    persistedQueries: false,
    ...(options.documentStore && { documentStore: options.documentStore }),
    ...(options.parseOptions && { parseOptions: options.parseOptions }),
    dangerouslyDisableValidation: options.validatedBy === 'plugins',
    formatError: createErrorFormatter({
      logger,
      ...(options.translateError && { translate: options.translateError }),
      trustsExtensions: options.isGateway ?? false,
      hideSchemaDetails,
    }),
    plugins: [
      // Every answer is `private, no-store`; see surface-headers.ts.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      emptyNameIsNone as ApolloServerPlugin<C>,
      refuseUnrunnableOperation as ApolloServerPlugin<C>,
      formOfAnswers as ApolloServerPlugin<C>,
      ...(options.plugins ?? []),
    ],
  });
  await apollo.start();
  server.route({
    method: ['GET', 'POST'],
    url: path,
    // Executing an operation to throw its answer away is nothing for HEAD.
    exposeHeadRoute: false,
    preHandler: refuseUnacceptable,
    handler: fastifyApolloHandler(apollo, { context }),
  });
  server.addHook('onClose', () => apollo.stop());
  return apollo;
}

/** Before anything runs: a mutation must not have happened where the client then can't be told. */
async function refuseUnacceptable(request: FastifyRequest, reply: FastifyReply) {
  if (chooseAnswerType(request.headers.accept)) return;
  const text = 'Answers are application/json or application/graphql-response+json.';
  return reply.code(406).send(errorBody(text, 'BAD_REQUEST'));
}

/** GraphQL over HTTP: an empty operationName, as forms and URLs of tools have it, is as good as none. */
const emptyNameIsNone: ApolloServerPlugin = {
  async requestDidStart({ request }) {
    if (request.operationName === '') delete request.operationName;
  },
};

const statusOkUnderJson = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
]);

/** Faults that the specification names. What this server does not want to run, however well-formed, is 400 under any type. */
function isFaultOfDocument({ code, reason }: GraphQLErrorExtensions = {}): boolean {
  return statusOkUnderJson.has(String(code)) && !String(reason).startsWith('request.');
}

/**
 * GraphQL over HTTP: under an explicit `Accept: application/json` a well-formed request answers 200 even where the
 * operation fails to parse, validate or coerce; everywhere else Apollo's 400 stays. The type is ours to say: Apollo Server
 * would compare parameters such as a charset too, and answer 406 when all is done.
 */
const formOfAnswers: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async willSendResponse({ request, response }) {
        if (response.body.kind !== 'single') {
          return;
        }
        const answer = chooseAnswerType(request.http?.headers.get('accept'));
        const type = answer?.type ?? 'application/json';
        response.http.headers.set('content-type', `${type}; charset=utf-8`);
        const errors = response.body.singleResult.errors ?? [];
        const isRequestError = errors.every((error) => isFaultOfDocument(error.extensions));
        if (
          response.http.status === 400 &&
          isRequestError &&
          type === 'application/json' &&
          answer?.isNamed
        ) {
          response.http.status = 200;
        }
      },
    };
  },
};
