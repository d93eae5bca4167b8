import { type CompiledOperation, createExecutor, type ExecutorOptions } from '../src/execute/executor.ts';
import { readAnswer } from '../src/execute/fetch-answer.ts';
import { prefixFor } from '../src/execute/response-names.ts';
import { asHttp } from './apollo-runner.ts';
import { createPlans } from './plan.ts';
import type { Runner } from './runner.ts';

/** Our executor. An answer is parsed from its text; both ways to an answer, as text and as objects, must agree. */
export function createSignetRunner(options: { isMerged: boolean }): Runner {
  return (supergraphSdl, subgraphs) => {
    const prefix = prefixFor(supergraphSdl);
    const plan = createPlans(supergraphSdl, { renames: true });
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
    return {
      async run({ query, variables = {}, operationName }) {
        const key = `${operationName} ${query}`;
        const operation = compiled.get(key) ?? executor.compile({ ...plan(query, operationName), prefix });
        compiled.set(key, operation);
        const given = variables as Record<string, unknown>;
        const { coerced, errors } = operation.coerce(given);
        if (errors) return { errors };
        const { text } = await operation.run({ variables: given, coerced, context: undefined });
        const answer = JSON.parse(text);
        // A key twice, or a number that JSON writes otherwise, would be lost by reading.
        if (`${JSON.stringify(answer)}\n` !== text)
          throw new Error(`the text is not what it reads as: ${text}`);
        return answer;
      },
      stop: async () => {},
    };
  };
}
