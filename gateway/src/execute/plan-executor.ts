import { Supergraph } from '@apollo/federation-internals';
import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway';
import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import { checkCustomScalars } from '@signet/service/custom-scalars';
import { type ConstDirectiveNode, type DocumentNode, getVariableValues, Kind, visit } from 'graphql';
import type { GatewayContext } from '../entrance/request-context.ts';
import type { EntrancePlanning } from '../planning/entrance-planning.ts';
import { takePart } from '../planning/introspection.ts';

type Gateway = NonNullable<ApolloServerOptions<BaseContext>['gateway']>;
type Executor = NonNullable<Awaited<ReturnType<Gateway['load']>>['executor']>;

/** Enough errors to fix a request. Each error is built with its place in the document and the value: fifty take 60 ms and more. */
const maxVariableErrors = 3;

export type PlanExecutorOptions = {
  /** The supergraph without federation's access rules. */
  supergraphSdl: string;
  planning: Pick<EntrancePlanning, 'planOf' | 'introspectedFor'>;
  /** Throws for an unknown subgraph. */
  sourceOf(subgraph: string): GraphQLDataSource;
};

/**
 * What Apollo Server needs from a gateway: the API schema, and the execution of planned operations by @apollo/gateway.
 * Apollo's own ApolloGateway would plan in this thread, where nothing can stop it.
 */
export function createPlanExecutor({ supergraphSdl, planning, sourceOf }: PlanExecutorOptions): Gateway {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const api = supergraph.apiSchema();
  const apiSchema = checkCustomScalars(api.toGraphQLJSSchema());
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
    const answer = await executeQueryPlan(plan, sources, request, context, supergraphSchema, api);
    return introspected && answer.data ? { ...answer, data: putInto(answer.data, introspected) } : answer;
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

/** @apollo/gateway refuses to start on these rules of federation. */
const strippedSpecifications = ['authenticated', 'requiresScopes', 'policy'];

/**
 * Removes federation's access rules from a supergraph: their links, definitions, scalars and uses. For the copy that
 * @apollo/gateway loads. The rules themselves are read from the whole supergraph.
 */
export function stripRules(supergraph: DocumentNode): DocumentNode {
  return visit(supergraph, {
    Directive: (node) => (isStripped(node as ConstDirectiveNode) ? null : undefined),
    DirectiveDefinition: (node) => (strippedSpecifications.includes(node.name.value) ? null : undefined),
    ScalarTypeDefinition: (node) =>
      strippedSpecifications.some((name) => node.name.value.startsWith(`${name}__`)) ? null : undefined,
  });
}

function isStripped(directive: ConstDirectiveNode): boolean {
  const { value: name } = directive.name;
  if (name !== 'link') {
    return strippedSpecifications.includes(name);
  }
  const url = directive.arguments?.find((argument) => argument.name.value === 'url')?.value;
  return url?.kind === Kind.STRING && strippedSpecifications.some((name) => url.value.includes(`/${name}/v`));
}
