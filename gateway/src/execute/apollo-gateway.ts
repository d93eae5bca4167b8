import { Supergraph } from '@apollo/federation-internals';
import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import { checkCustomScalars } from '@signet/service/custom-scalars';
import type { GatewayContext } from '../entrance/request-context.ts';
import type { EntrancePlanning } from '../planning/entrance-planning.ts';
import { takePart } from '../planning/introspection.ts';
import { AnswerSize } from './answer-size.ts';
import { coercionOf } from './coercion.ts';
import type { Gateway, GatewayExecutor } from './signet-gateway.ts';

export type ApolloGatewayOptions = {
  /** The supergraph without federation's access rules. */
  supergraphSdl: string;
  planning: Pick<EntrancePlanning<QueryPlan>, 'planOf' | 'introspectedFor'>;
  /** Throws for an unknown subgraph. */
  sourceOf(subgraph: string): GraphQLDataSource;
  maxAnswerBytes: number;
};

/**
 * What Apollo Server needs from a gateway: the API schema, and the execution of planned operations by @apollo/gateway.
 * Apollo's own ApolloGateway would plan in this thread, where nothing can stop it.
 */
export function createApolloGateway(options: ApolloGatewayOptions): Gateway {
  const { supergraphSdl, planning, sourceOf, maxAnswerBytes } = options;
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const api = supergraph.apiSchema();
  const apiSchema = checkCustomScalars(api.toGraphQLJSSchema());
  const sources = Object.fromEntries(
    [...supergraph.subgraphsMetadata()].map(({ name }) => [name, sourceOf(name)]),
  );
  const execute: GatewayExecutor = async (request) => {
    const { operation } = request;
    const coerce = coercionOf(request.schema, request.document, operation);
    const { errors } = coerce(request.request.variables ?? {});
    if (errors) {
      return { errors };
    }
    const plan = planning.planOf(operation);
    if (!plan) {
      throw new Error('An operation was to be executed before it was planned.');
    }
    const introspected = planning.introspectedFor(request.context as GatewayContext);
    const context = buildOperationContext({
      schema: request.schema,
      // Otherwise @apollo/gateway would answer for the schema in this thread, where nothing can stop it either.
      operationDocument: introspected ? takePart('data', request.document, operation) : request.document,
      ...(operation.name && { operationName: operation.name.value }),
    });
    try {
      const answer = await executeQueryPlan(plan, sources, request, context, supergraphSchema, api);
      // Before it is written, as one text.
      new AnswerSize(maxAnswerBytes).addValue(answer.data);
      return introspected && answer.data ? { ...answer, data: putInto(answer.data, introspected) } : answer;
    } finally {
      (request.context as GatewayContext).answers?.end();
    }
  };
  return {
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema, coreSupergraphSdl: supergraphSdl });
      return () => {};
    },
    load: async () => ({ executor: execute }),
    stop: async () => {},
  };
}

/** Replaces the values under the same keys. */
function putInto(data: Record<string, unknown>, part: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Object.hasOwn(part, key) ? part[key] : value]),
  );
}
