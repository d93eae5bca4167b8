import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import { ApolloServerErrorCode } from '@apollo/server/errors';
import {
  type ExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getVariableValues,
} from 'graphql';
import type { CompiledOperation, OperationRun, PlannedOperation } from './executor.ts';

type Gateway = NonNullable<ApolloServerOptions<BaseContext>['gateway']>;
type Executor = NonNullable<Awaited<ReturnType<Gateway['load']>>['executor']>;

export type ApolloCompiledOptions = {
  schema: GraphQLSchema;
  execute: Executor;
  formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError;
};

/** An operation that @apollo/gateway runs, in the form of a compiled one. */
export function compileForApollo<C extends BaseContext>(
  { document, operation }: Pick<PlannedOperation, 'document' | 'operation'>,
  { schema, execute, formatError }: ApolloCompiledOptions,
): CompiledOperation<C> {
  const runToResult = ({ variables, context }: OperationRun<C>) =>
    execute({
      schema,
      document,
      operation,
      operationName: operation.name?.value ?? null,
      request: { variables },
      context,
      overallCachePolicy: undefined,
    } as unknown as Parameters<Executor>[0]) as Promise<ExecutionResult>;
  return {
    size: 0,
    coerce: (variables) =>
      getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
        maxErrors: 1,
      }) as ReturnType<CompiledOperation<C>['coerce']>,
    runToResult,
    async run(request) {
      const { data, errors, extensions } = await runToResult(request);
      const formatted = errors?.map((error) => formatError(enrich(error), error));
      return { text: JSON.stringify({ errors: formatted, data, extensions }), errors: formatted ?? [] };
    },
  };
}

/** As Apollo Server does before it formats an error. */
function enrich(error: GraphQLError): GraphQLFormattedError {
  const code = error.extensions.code ?? ApolloServerErrorCode.INTERNAL_SERVER_ERROR;
  return { ...error.toJSON(), extensions: { ...error.extensions, code } };
}
