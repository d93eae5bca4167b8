import { Supergraph } from '@apollo/federation-internals';
import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway';
import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import { getVariableValues } from 'graphql';
import type { OperationPlanner } from './planning/index.ts';

type Gateway = NonNullable<ApolloServerOptions<BaseContext>['gateway']>;
type Executor = NonNullable<Awaited<ReturnType<Gateway['load']>>['executor']>;

/** Enough to mend a request by. Each error is made with its place in the document: fifty take 60 ms. */
const maxVariableErrors = 10;

export type PlanExecutorOptions = {
  /** Without federation's access rules. */
  supergraphSdl: string;
  planOf: OperationPlanner['planOf'];
  /** Throws for a subgraph that nobody knows. */
  sourceOf(subgraph: string): GraphQLDataSource;
};

/**
 * What Apollo Server needs of a gateway: the API schema, and the execution of operations that have a plan, by
 * @apollo/gateway. Its own ApolloGateway would plan here, where nothing can stop it.
 */
export function createPlanExecutor({ supergraphSdl, planOf, sourceOf }: PlanExecutorOptions): Gateway {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const api = supergraph.apiSchema();
  const apiSchema = api.toGraphQLJSSchema();
  const sources = Object.fromEntries(
    [...supergraph.subgraphsMetadata()].map(({ name }) => [name, sourceOf(name)]),
  );
  const execute: Executor = async (request) => {
    const { operation } = request;
    const { errors } = getVariableValues(
      request.schema,
      operation.variableDefinitions ?? [],
      request.request.variables ?? {},
      { maxErrors: maxVariableErrors },
    );
    if (errors) {
      return { errors };
    }
    const plan = planOf(operation);
    if (!plan) {
      throw new Error('An operation was to be executed before it was planned.');
    }
    const context = buildOperationContext({
      schema: request.schema,
      operationDocument: request.document,
      ...(operation.name && { operationName: operation.name.value }),
    });
    return executeQueryPlan(plan, sources, request, context, supergraphSchema, api);
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
