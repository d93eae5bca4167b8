import type { GraphQLDataSource } from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import { type OperationDefinitionNode, parse } from 'graphql';
import { createApolloGateway } from '../src/execute/apollo-gateway.ts';
import {
  describeOutage,
  type GatewayResponse,
  placeErrors,
  readAnswer,
} from '../src/execute/fetch-answer.ts';
import { createPlans, type PlannedDocument } from './plan.ts';
import type { Runner } from './runner.ts';

/** @apollo/gateway's executor, with our handling of answers that are none. */
export const apolloRunner: Runner = (supergraphSdl, subgraphs) => {
  const plan = createPlans(supergraphSdl, { renames: false });
  const planned = new Map<string, PlannedDocument>();
  const plans = new WeakMap<OperationDefinitionNode, QueryPlan>();
  const sourceOf = (name: string): GraphQLDataSource => ({
    async process(options) {
      const { query = '', variables } = options.request;
      const path = 'pathInIncomingRequest' in options ? (options.pathInIncomingRequest ?? []) : [];
      const place = { subgraph: name, variables, path };
      const document = () => parse(query, { noLocation: true });
      try {
        const answer = await subgraphs.get(name)?.({ query, ...(variables && { variables }) });
        const result = readAnswer(asHttp(answer)) as GatewayResponse;
        return result.data ? result : placeErrors(result, document(), place);
      } catch {
        return describeOutage(document(), place);
      }
    },
  });
  const gateway = createApolloGateway({
    supergraphSdl,
    planning: { planOf: (operation) => plans.get(operation), introspectedFor: () => undefined },
    sourceOf,
    maxAnswerBytes: Number.POSITIVE_INFINITY,
  });
  const loading = gateway.load({ apollo: {}, logger: console } as never);
  let schema: unknown;
  gateway.onSchemaLoadOrUpdate?.((loaded) => {
    schema = loaded.apiSchema;
  });

  return {
    async run({ query, variables = {}, operationName }) {
      const { executor } = await loading;
      const key = `${operationName} ${query}`;
      const known = planned.get(key) ?? plan(query, operationName);
      planned.set(key, known);
      const { document, operation } = known;
      plans.set(operation, known.plan);
      const request = {
        request: { query, variables, operationName },
        document,
        operation,
        operationName: operation.name?.value ?? null,
        schema,
        context: {},
        metrics: {},
        logger: console,
      };
      return (await executor?.(request as never)) as never;
    },
    stop: async () => {},
  };
};

/** An answer as it would have arrived. */
export function asHttp(answer: unknown) {
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(answer) ?? ''),
  };
}
