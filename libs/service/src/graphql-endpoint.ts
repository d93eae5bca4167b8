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
import type { DocumentNode } from 'graphql';
import { type ErrorTranslation, withHttpStatus } from './errors.ts';
import { createErrorFormatter, type ErrorFormatter } from './format-error.ts';
import { applyAnswerType, refuseUnacceptable, refuseUnrunnableOperation } from './graphql-over-http.ts';
import type { Logger } from './logger.ts';
import { type OperationHooks, toPlugin } from './operation-hooks.ts';
import { alignParameters } from './operation-parameters.ts';

/** A plugin that works for any endpoint, whatever its context. */
export type EndpointPlugin = ApolloServerPlugin;

/** A way through an endpoint beside Apollo Server's, for the requests that it knows how to answer. A client can't tell the two apart. */
export type Lane = {
  /** The body of the answer; status and headers are set on `reply`. Undefined leaves the request to Apollo Server. */
  answer(request: FastifyRequest, reply: FastifyReply): Promise<string | undefined>;
  /** A document that Apollo Server has found valid, by its text. */
  learn(text: string, document: DocumentNode): void;
};

/** What a lane needs of its endpoint to answer as Apollo Server does. */
export type LaneParts<C> = {
  logger: Logger;
  /** Makes a request's context once: Apollo Server gets the same one, or the same error, if the lane leaves the request to it. */
  createContext(request: FastifyRequest, reply: FastifyReply): Promise<C>;
  formatError: ErrorFormatter;
  translateError: ErrorTranslation | undefined;
  hooks: readonly OperationHooks[];
};

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
  /** True at the gateway, whose errors come from our subgraphs. */
  isGateway?: boolean;
  hooks?: readonly OperationHooks[];
  /** Answers what it can before Apollo Server is asked. */
  createLane?(parts: LaneParts<C>): Lane;
} & Pick<ApolloServerOptions<C>, 'plugins' | 'documentStore' | 'parseOptions'> & {
    source: Pick<ApolloServerOptions<C>, 'schema' | 'gateway'>;
  };

/** With one of these a GET is no link: browsers ask before they let a page send it (Apollo Server's CSRF prevention). */
export const preflightHeaders = ['x-apollo-operation-name', 'apollo-require-preflight'];

/** Mounts Apollo Server on a Fastify server: GET and POST at `path`, one error format, the statuses of GraphQL over HTTP. */
export async function mountGraphql<C extends BaseContext>(
  options: GraphqlEndpointOptions<C>,
): Promise<ApolloServer<C>> {
  const { server, logger, path, introspection, hideSchemaDetails = !introspection, hooks = [] } = options;
  const { translateError } = options;
  const contexts = new WeakMap<FastifyRequest, Promise<C>>();
  const createContext: typeof options.context = (request, reply) =>
    withHttpStatus(() => options.context(request, reply), translateError);
  const formatError = createErrorFormatter({
    logger,
    ...(translateError && { translate: translateError }),
    trustsExtensions: options.isGateway ?? false,
    hideSchemaDetails,
  });
  const lane = options.createLane?.({
    logger,
    createContext(request, reply) {
      const context = createContext(request, reply);
      contexts.set(request, context);
      return context;
    },
    formatError,
    translateError,
    hooks,
  });
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
    formatError,
    plugins: [
      // Every answer is `private, no-store`; see surfaceHeaders in http-server.ts.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      refuseUnrunnableOperation as ApolloServerPlugin<C>,
      applyAnswerType as ApolloServerPlugin<C>,
      ...(lane ? [createTeacher(lane)] : []),
      ...(hooks.length > 0 ? [toPlugin(hooks, translateError)] : []),
      ...(options.plugins ?? []),
    ],
  });
  await apollo.start();
  const { admit = (_request, work) => work() } = options;
  const askApollo = fastifyApolloHandler(apollo, {
    context: (request, reply) => contexts.get(request) ?? createContext(request, reply),
  });
  server.route({
    method: ['GET', 'POST'],
    url: path,
    // A HEAD request would run the operation and discard its answer.
    exposeHeadRoute: false,
    preHandler: [refuseUnacceptable, alignParameters],
    async handler(request, reply) {
      return admit(
        request,
        async () => (await lane?.answer(request, reply)) ?? askApollo.call(this, request, reply),
      );
    },
  });
  server.addHook('onClose', () => apollo.stop());
  return apollo;
}

/** Shows a lane the documents that Apollo Server has validated. */
function createTeacher({ learn }: Lane): EndpointPlugin {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ source, document }) {
          learn(source, document);
        },
      };
    },
  };
}
