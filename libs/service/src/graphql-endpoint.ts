import { channel } from 'node:diagnostics_channel';
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
import type { AskedReply, AskedRequest } from './direct-route.ts';
import { type ErrorTranslation, withHttpStatus } from './errors.ts';
import { createErrorFormatter, type ErrorFormatter } from './format-error.ts';
import { applyAnswerType, createAnswerTypes, refuseUnrunnableOperation } from './graphql-over-http.ts';
import type { Logger } from './logger.ts';
import { alignBody, alignParameters } from './operation-parameters.ts';
import { createRequestValue } from './request-value.ts';

/** A plugin that works for any endpoint, whatever its context. */
export type EndpointPlugin = ApolloServerPlugin;

export type GraphqlEndpointOptions<C extends BaseContext> = {
  server: FastifyInstance;
  logger: Logger;
  path: string;
  introspection: boolean;
  /** Removes names that the client did not send from error texts. Default: where introspection is off. */
  hideSchemaDetails?: boolean;
  context: ApolloFastifyContextFunction<C>;
  translateError?: ErrorTranslation;
  /** `plugins`: one of the plugins validates documents, so Apollo Server does not. */
  validatedBy?: 'plugins';
  /** Runs the work of each request, or throws a refusal. Default: runs it. */
  admit?: <T>(request: FastifyRequest, work: () => Promise<T>) => Promise<T>;
  /** Formats the errors of answers. Without it, one is made of the options above. */
  formatError?: ErrorFormatter;
  /**
   * Answers a POST without Apollo Server, with the JSON text of the body, where it can. It sets status and headers as Apollo Server would, but
   * for the content type. Undefined where Apollo Server is to answer: then nothing has been done that would be done twice.
   */
  fastLane?: FastLane;
} & Pick<ApolloServerOptions<C>, 'plugins' | 'documentStore' | 'parseOptions'> & {
    source: Pick<ApolloServerOptions<C>, 'schema' | 'gateway'>;
  };

const nothing = Promise.resolve(undefined);

/** Tells a subscriber in this process which lane answered a request: `{ lane: 'fast' | 'apollo', request }`. */
const answers = channel('signet.answer');

export type FastLane = (request: AskedRequest, reply: AskedReply) => Promise<string | undefined>;

/** With one of these a GET is no link: browsers ask before they let a page send it (Apollo Server's CSRF prevention). */
export const preflightHeaders = ['x-apollo-operation-name', 'apollo-require-preflight'];

/** Apollo Server, started. */
export type GraphqlHandler<C extends BaseContext> = {
  apollo: ApolloServer<C>;
  /** Answers one request. */
  answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
  /**
   * Answers a POST without Apollo Server. Undefined where it cannot: then `answer` is to be called with a request that has the same `raw`, and the fast lane
   * is not asked again.
   */
  answerFast: FastLane;
  stop(): Promise<void>;
};

/** Mounts Apollo Server on a Fastify server: GET and POST at `path`, one error format, the statuses of GraphQL over HTTP. */
export async function mountGraphql<C extends BaseContext>(
  options: GraphqlEndpointOptions<C>,
): Promise<ApolloServer<C>> {
  const { server } = options;
  const { apollo, answer, stop } = await createGraphqlHandler(options);
  routeGraphql({ ...options, answer });
  server.addHook('onClose', stop);
  return apollo;
}

/** Starts Apollo Server without a route, for a server whose graph changes while it runs. */
export async function createGraphqlHandler<C extends BaseContext>(
  options: Omit<GraphqlEndpointOptions<C>, 'path' | 'admit'>,
): Promise<GraphqlHandler<C>> {
  const { server, logger, introspection, hideSchemaDetails = !introspection } = options;
  const context: typeof options.context = (request, reply) =>
    withHttpStatus(() => options.context(request, reply), options.translateError);
  const apollo = new ApolloServer<C>({
    ...(options.source as ApolloServerOptions<C>),
    logger,
    introspection,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: hideSchemaDetails,
    stopOnTerminationSignals: false,
    csrfPrevention: { requestHeaders: preflightHeaders },
    // The gateway has its own implementation; a subgraph's only client is the gateway, which sends texts.
    persistedQueries: false,
    ...(options.documentStore !== undefined && { documentStore: options.documentStore }),
    ...(options.parseOptions && { parseOptions: options.parseOptions }),
    dangerouslyDisableValidation: options.validatedBy === 'plugins',
    formatError:
      options.formatError ??
      createErrorFormatter({
        logger,
        ...(options.translateError && { translate: options.translateError }),
        hideSchemaDetails,
      }),
    plugins: [
      // Every answer is `private, no-store`; see surfaceHeaders in http-server.ts.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      refuseUnrunnableOperation as ApolloServerPlugin<C>,
      applyAnswerType as ApolloServerPlugin<C>,
      ...(options.plugins ?? []),
    ],
  });
  await apollo.start();
  const { fastLane = async () => undefined } = options;
  const answerTypes = createAnswerTypes();
  const answerByApollo = fastifyApolloHandler(apollo, { context });
  const answerFast: FastLane = async (request, reply) => {
    const text = await fastLane(request, reply);
    if (text === undefined) return undefined;
    reply.header('content-type', answerTypes.contentTypeOf(request));
    if (answers.hasSubscribers) answers.publish({ lane: 'fast', request });
    return text;
  };
  /** Requests that the fast lane has been asked for. */
  const tried = createRequestValue<true>('tried');
  return {
    apollo,
    async answer(request, reply) {
      const mayBeFast = request.method === 'POST' && !tried.of(request.raw);
      const text = mayBeFast ? await answerFast(request, reply) : undefined;
      if (text !== undefined) return text;
      if (answers.hasSubscribers) answers.publish({ lane: 'apollo', request });
      return answerByApollo.call(server, request, reply);
    },
    answerFast(request, reply) {
      if (!answerTypes.isAcceptable(request)) return nothing;
      alignBody(request.body);
      tried.set(request.raw, true);
      return answerFast(request, reply);
    },
    stop: () => apollo.stop(),
  };
}

/** Adds the route of operations. `answer` runs within `admit`. */
export function routeGraphql({
  server,
  path,
  admit = (_request, work) => work(),
  answer,
}: Pick<GraphqlEndpointOptions<BaseContext>, 'server' | 'path' | 'admit'> &
  Pick<GraphqlHandler<BaseContext>, 'answer'>): void {
  const { refuseUnacceptable } = createAnswerTypes();
  server.route({
    method: ['GET', 'POST'],
    url: path,
    // A HEAD request would run the operation and discard its answer.
    exposeHeadRoute: false,
    preHandler: [refuseUnacceptable, alignParameters],
    handler: (request, reply) => admit(request, () => answer(request, reply)),
  });
}
