import {
  type AskedReply,
  type AskedRequest,
  createErrorFormatter,
  createGraphqlHandler,
  createRequestValue,
  type EndpointPlugin,
  type ErrorTranslation,
  type FastLane,
  type Logger,
  type OperationHooks,
  routeGraphql,
  toPlugin,
  withHttpStatus,
} from '@signet/service';
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { createKnownDocuments, type KnownDocuments } from './known-documents.ts';
import { createSchemaLane } from './schema-lane.ts';

export type SchemaEndpointOptions<C extends object> = {
  logger: Logger;
  schema: GraphQLSchema;
  introspection: boolean;
  createContext(request: AskedRequest, reply: AskedReply): Promise<C>;
  translateError?: ErrorTranslation | undefined;
  hooks?: readonly OperationHooks[] | undefined;
  plugins?: readonly EndpointPlugin[] | undefined;
  /** `apollo`: Apollo Server answers everything. Default: only what is not known yet, unusual or wrong. */
  lane?: 'apollo' | 'both' | undefined;
};

/**
 * Serves a schema at /graphql in two lanes: Apollo Server parses, validates and answers what is new; a document that it found
 * valid runs without it from then on. A plugin of Apollo Server works in its lane only, so with one there is no other.
 *
 * @returns the fast lane, for requests that do not come by a route of Fastify; undefined where there is none
 */
export async function mountSchema<C extends object>(
  server: FastifyInstance,
  options: SchemaEndpointOptions<C>,
): Promise<FastLane | undefined> {
  const { logger, schema, introspection, translateError, hooks = [], plugins = [] } = options;
  const hasFastLane = options.lane !== 'apollo' && plugins.length === 0;
  const formatError = createErrorFormatter({
    logger,
    ...(translateError && { translate: translateError }),
    hideSchemaDetails: !introspection,
  });
  const documents = createKnownDocuments();
  const contexts = createRequestValue<Promise<C>>('resolverContext');
  const createContext = (request: AskedRequest, reply: AskedReply) => {
    const context = withHttpStatus(() => options.createContext(request, reply), translateError);
    contexts.set(request.raw, context);
    return context;
  };
  const handler = await createGraphqlHandler<C>({
    server,
    logger,
    introspection,
    source: { schema },
    formatError,
    ...(translateError && { translateError }),
    // The other lane has what is valid.
    ...(hasFastLane && {
      documentStore: null,
      fastLane: createSchemaLane({ schema, documents, createContext, formatError, translateError, hooks }),
    }),
    // Made once for both lanes: a context that failed in one fails in the other for the same reason.
    context: (request, reply) => contexts.of(request.raw) ?? createContext(request, reply),
    plugins: [createTeacher(documents), toPlugin(hooks, translateError), ...plugins],
  });
  server.addHook('onClose', handler.stop);
  routeGraphql({ server, path: '/graphql', answer: handler.answer });
  return hasFastLane ? handler.answerFast : undefined;
}

/** Remembers each document that Apollo Server has parsed and found valid. */
function createTeacher({ add }: KnownDocuments): EndpointPlugin {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ source, document }) {
          add(source, document);
        },
      };
    },
  };
}
