import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import { type DocumentNode, type GraphQLSchema, getOperationAST, parse } from 'graphql';
import { type CompiledOperation, createExecutor, type ExecutorOptions } from '../src/execute/executor.ts';
import { readAnswer } from '../src/execute/fetch-answer.ts';
import { prefixFor, renameForPlanning } from '../src/execute/response-names.ts';
import { asHttp } from './apollo-runner.ts';
import type { Runner } from './runner.ts';

/** Our executor. An answer is parsed from its text; both ways to an answer, as text and as objects, must agree. */
export function createSignetRunner(options: { isMerged: boolean }): Runner {
  return (supergraphSdl, subgraphs) => {
    const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
    const api = supergraph.apiSchema();
    const planner = new QueryPlanner(supergraph);
    const prefix = prefixFor(supergraphSdl);
    const send: ExecutorOptions<undefined>['send'] = async ({ subgraph, body }) => {
      const answer = await subgraphs.get(subgraph)?.(JSON.parse(body));
      return readAnswer(asHttp(answer)) as never;
    };
    const executor = createExecutor<undefined>({
      supergraphSdl,
      send,
      formatError: (formatted) => formatted,
      ...(!options.isMerged && { unmerged: new Set(subgraphs.keys()) }),
    });
    const compiled = new Map<string, CompiledOperation<undefined>>();
    const compile = (query: string, operationName: string | undefined) => {
      const document = parse(query);
      const operation = getOperationAST(document, operationName);
      if (!operation) throw new Error('There is no such operation.');
      const renamed = renameForPlanning(
        document,
        executor.apiSchema as GraphQLSchema,
        prefix,
      ) as DocumentNode;
      const asked = operationFromDocument(api, renamed, operationName ? { operationName } : {});
      const plan = JSON.parse(JSON.stringify(planner.buildQueryPlan(asked))) as QueryPlan;
      return executor.compile({ document, operation, plan, prefix });
    };
    return {
      async run({ query, variables = {}, operationName }) {
        const key = `${operationName} ${query}`;
        const operation = compiled.get(key) ?? compile(query, operationName);
        compiled.set(key, operation);
        const given = variables as Record<string, unknown>;
        const { coerced, errors } = operation.coerce(given);
        if (errors) return { errors };
        const { text } = await operation.run({ variables: given, coerced, context: undefined });
        const answer = JSON.parse(text);
        // A key twice, or a number that JSON writes otherwise, would be lost by reading.
        if (JSON.stringify(answer) !== text) throw new Error(`the text is not what it reads as: ${text}`);
        return answer;
      },
      stop: async () => {},
    };
  };
}
