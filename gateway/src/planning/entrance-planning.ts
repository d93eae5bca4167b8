import { type ApolloServerPlugin, type GraphQLResponse, HeaderMap } from '@apollo/server';
import { ApolloServerErrorCode } from '@apollo/server/errors';
import { readClientPrefix } from '@signet/flow';
import { internalErrorText, type Reason } from '@signet/schema/contract';
import {
  createErrorFormatter,
  type ErrorFormatter,
  type GraphqlEndpointOptions,
  type Logger,
  RefusalError,
  refusalHeaders,
} from '@signet/service';
import { ScalarFault } from '@signet/service/custom-scalars';
import { type DocumentNode, GraphQLError, type GraphQLFormattedError, Source } from 'graphql';
import type { DocumentMark } from '../documents/document-mark.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import { coercionOf } from '../execute/coercion.ts';
import {
  createOperationPlanner,
  type IntrospectedData,
  type OperationPlanner,
  type OperationPlannerOptions,
  type Unplanned,
} from './operation-planner.ts';
import type { DocumentFault } from './planner.ts';

export type EntrancePlanningOptions<P> = Pick<OperationPlannerOptions<P>, 'pool' | 'schema' | 'compile'> & {
  /** How the log names the entrance. Default: the name of the schema. */
  entrance?: string;
  hideSchemaDetails: boolean;
  /** How the log names a document that could not be planned. */
  markOf: DocumentMark;
  logger: Logger;
};

export type EntrancePlanning<P> = Pick<
  OperationPlanner<P>,
  'planOf' | 'ready' | 'plan' | 'documentOf' | 'documentOfText' | 'stop'
> & {
  /** The part of the answer that comes from the schema, for a request that asks for data too. */
  introspectedFor(context: GatewayContext): IntrospectedData | undefined;
  plugin: ApolloServerPlugin<GatewayContext>;
  /** Options for Apollo Server: not to validate, and where to find parsed documents. */
  endpoint: Pick<GraphqlEndpointOptions<GatewayContext>, 'documentStore' | 'parseOptions' | 'validatedBy'>;
};

/**
 * Some 20 ms to parse. LIMIT_TOKENS is lower. This limit holds where it has been raised, since nothing can stop the
 * parser.
 */
const maxTokens = 20_000;

/** Sets up validation and planning for the operations of one entrance. */
export function createEntrancePlanning<P>(options: EntrancePlanningOptions<P>): EntrancePlanning<P> {
  const { pool, schema, compile, hideSchemaDetails, markOf, logger, entrance = schema.name } = options;
  const planner = createOperationPlanner({
    pool,
    schema,
    compile,
    onRefused: ({ hash, operation, caller }, why) =>
      logger.warn(
        { entrance, operation: operation.name?.value, hash: markOf(hash), caller, why },
        'an operation could not be planned',
      ),
  });
  const formatError = createErrorFormatter({ logger, hideSchemaDetails });
  const introspected = new WeakMap<GatewayContext, IntrospectedData>();
  return {
    planOf: planner.planOf,
    plan: planner.plan,
    documentOf: planner.documentOf,
    documentOfText: planner.documentOfText,
    ready: planner.ready,
    stop: planner.stop,
    introspectedFor: (context) => introspected.get(context),
    plugin: createPlanning({
      planner,
      formatError,
      onIntrospected: (context, data) => introspected.set(context, data),
    }),
    endpoint: {
      documentStore: createDocumentStore(planner),
      parseOptions: { maxTokens },
      validatedBy: 'plugins',
    },
  };
}

/**
 * Apollo Server's own store keeps every document that it parses, and writes it as JSON to learn its size: 160 ms for
 * 256 KB of fields. Here the planner keeps a document together with its plans, once it has planned one of its
 * operations.
 */
function createDocumentStore({ documentOf }: Pick<OperationPlanner<unknown>, 'documentOf'>) {
  return {
    get: async (key: string): Promise<DocumentNode | undefined> =>
      documentOf(key.slice(key.indexOf(':') + 1)),
    set: async () => {},
    delete: async () => false,
  };
}

export type PlanningOptions = {
  planner: Pick<OperationPlanner<unknown>, 'plan' | 'introspect'>;
  /** The formatter that also formats the errors of Apollo Server. */
  formatError: ErrorFormatter;
  /**
   * Called before execution with the part of the answer that comes from the schema, for a request that asks for data
   * too.
   */
  onIntrospected(context: GatewayContext, data: IntrospectedData): void;
};

type Answer = Pick<GraphQLResponse, 'http' | 'body'>;

/**
 * Has each operation validated and planned before any of it runs, and answers those that cannot be. Replaces Apollo
 * Server's own validation. Must stand after the limits and before the plugins that expect valid operations: Apollo
 * Server calls this hook of its plugins in order, and after the one of operation-plugins.ts.
 */
export function createPlanning({
  planner,
  formatError,
  onIntrospected,
}: PlanningOptions): ApolloServerPlugin<GatewayContext> {
  const refuse = (unplanned: Unplanned, source: string) => answerUnplanned(unplanned, source, formatError);
  return {
    async requestDidStart() {
      return {
        async responseForOperation({
          request,
          schema,
          document,
          operation,
          contextValue,
          queryHash,
          source,
        }) {
          if (queryHash === undefined) {
            throw new TypeError('Apollo Server runs no operation without a hash of its text.');
          }
          const { telemetry } = contextValue;
          const caller = callerOf(contextValue);
          const asked = { hash: queryHash, source, document, operation, caller, telemetry };
          const planned = await planner.plan(asked);
          if (planned.kind === 'planned' && !planned.asksForSchema) {
            return null;
          }
          if (planned.kind !== 'planned' && planned.kind !== 'introspection') {
            return refuse(planned, source);
          }
          const { coerced } = coercionOf(schema, document, operation)(request.variables ?? {});
          if (!coerced) {
            // Bad input is refused when the operation is executed.
            return null;
          }
          const introspected = await planner.introspect(asked, coerced);
          if (introspected.kind !== 'introspected') {
            return refuse(introspected, source);
          }
          const { data } = introspected;
          if (planned.kind === 'introspection') {
            return { http: { headers: new HeaderMap() }, body: singleResult({ data }) };
          }
          onIntrospected(contextValue, data);
          return null;
        },
      };
    },
  };
}

function answerUnplanned(unplanned: Unplanned, source: string, formatError: ErrorFormatter): Answer {
  switch (unplanned.kind) {
    case 'invalid':
      return answerErrors(400, describeFaults(unplanned.faults, source, formatError));
    case 'refused':
      return refuseFor('request.planning');
    case 'no-room':
      return refuseFor('service.unavailable');
    case 'failed':
      return answerErrors(500, [
        { message: internalErrorText, extensions: { code: 'INTERNAL_SERVER_ERROR' } },
      ]);
  }
}

function refuseFor(reason: Reason): Answer {
  const refusal = new RefusalError(reason);
  const { message, code, httpStatus } = refusal;
  return answerErrors(httpStatus, [{ message, extensions: { code, reason } }], refusalHeaders(refusal));
}

/** Builds new errors for each answer: the planner may remember faults, but never errors. */
function describeFaults(faults: readonly DocumentFault[], text: string, formatError: ErrorFormatter) {
  const source = new Source(text);
  return faults.map(({ message, positions, field }) => {
    const error = new GraphQLError(message, {
      source,
      positions,
      ...(field && { originalError: new ScalarFault(message, undefined, field) }),
      extensions: { code: ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED },
    });
    return formatError(error.toJSON(), error);
  });
}

function answerErrors(
  status: number,
  errors: GraphQLFormattedError[],
  headers: readonly [string, string][] = [],
): Answer {
  return { http: { status, headers: new HeaderMap(headers) }, body: singleResult({ errors }) };
}

function singleResult(result: { data: Record<string, unknown> } | { errors: GraphQLFormattedError[] }) {
  return { kind: 'single' as const, singleResult: result };
}

/**
 * The caller that takes turns with others: an account, since it may open any number of sessions, or, without an
 * account, the network: an IPv4 address or a /48, since nobody can tell how much of that one client has.
 */
export function callerOf({
  session,
  clientAddress,
}: Pick<GatewayContext, 'session' | 'clientAddress'>): string {
  switch (session.platform) {
    case 'user':
      // What staff do as a customer takes none of the customer's turns.
      return session.actor ? `staff ${session.actor.staffId}` : `user ${session.userId}`;
    case 'portal':
      return `staff ${session.staffId}`;
    case 'service':
      return `service ${session.serviceId}`;
    default:
      return readClientPrefix(clientAddress ?? null).network;
  }
}
