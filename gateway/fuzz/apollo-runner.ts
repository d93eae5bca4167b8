import type { GraphQLDataSource } from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import { type DocumentNode, getOperationAST, type OperationDefinitionNode, parse } from 'graphql';
import { describeOutage, placeErrors, readAnswer } from '../src/execute/fetch-answer.ts';
import { createPlanExecutor } from '../src/execute/plan-executor.ts';
import { createPlanner } from '../src/planning/planner.ts';
import type { Runner } from './runner.ts';

type Prepared = { document: DocumentNode; operation: OperationDefinitionNode; plan: QueryPlan };

/** @apollo/gateway's executor, with our handling of answers that are none. */
export const apolloRunner: Runner = (supergraphSdl, subgraphs) => {
  const planner = createPlanner({ name: 'fuzz', supergraphSdl });
  const prepared = new Map<string, Prepared>();
  const plans = new WeakMap<OperationDefinitionNode, QueryPlan>();
  const sourceOf = (name: string): GraphQLDataSource => ({
    async process(options) {
      const { query = '', variables } = options.request;
      const path = 'pathInIncomingRequest' in options ? (options.pathInIncomingRequest ?? []) : [];
      const place = { subgraph: name, variables, path };
      const document = () => parse(query, { noLocation: true });
      try {
        const answer = await subgraphs.get(name)?.({ query, ...(variables && { variables }) });
        const result = readAnswer(asHttp(answer));
        return result.data ? result : placeErrors(result, document(), place);
      } catch {
        return describeOutage(document(), place);
      }
    },
  });
  const gateway = createPlanExecutor({
    supergraphSdl,
    planning: { planOf: (operation) => plans.get(operation), introspectedFor: () => undefined },
    sourceOf,
  });
  const loading = gateway.load({ apollo: {}, logger: console } as never);
  let schema: unknown;
  gateway.onSchemaLoadOrUpdate?.((loaded) => void (schema = loaded.apiSchema));

  const prepare = (query: string, operationName: string | undefined): Prepared => {
    const key = `${operationName} ${query}`;
    let known = prepared.get(key);
    if (!known) {
      const document = parse(query);
      const operation = getOperationAST(document, operationName);
      if (!operation) throw new Error('There is no such operation.');
      const outcome = planner({ source: query, operationName });
      if (outcome.kind !== 'planned') throw new Error(`not planned: ${JSON.stringify(outcome)}`);
      known = { document, operation, plan: JSON.parse(outcome.plan) as QueryPlan };
      plans.set(operation, known.plan);
      prepared.set(key, known);
    }
    return known;
  };
  return {
    async run({ query, variables = {}, operationName }) {
      const { executor } = await loading;
      const { document, operation } = prepare(query, operationName);
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
    text: JSON.stringify(answer) ?? '',
  } as Parameters<typeof readAnswer>[0];
}
