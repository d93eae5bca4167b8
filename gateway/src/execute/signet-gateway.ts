import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import type { GatewayContext } from '../entrance/request-context.ts';
import type { EntrancePlanning } from '../planning/entrance-planning.ts';
import type { CompiledOperation, Executor } from './executor.ts';

export type Gateway = NonNullable<ApolloServerOptions<BaseContext>['gateway']>;
export type GatewayExecutor = NonNullable<Awaited<ReturnType<Gateway['load']>>['executor']>;

export type SignetGatewayOptions = {
  supergraphSdl: string;
  executor: Pick<Executor<GatewayContext>, 'apiSchema'>;
  planning: Pick<EntrancePlanning<CompiledOperation<GatewayContext>>, 'planOf' | 'introspectedFor'>;
};

/** What Apollo Server needs from a gateway: the schema that clients see, and the execution of planned operations. */
export function createSignetGateway({ supergraphSdl, executor, planning }: SignetGatewayOptions): Gateway {
  const execute: GatewayExecutor = async (request) => {
    const operation = planning.planOf(request.operation);
    if (!operation) {
      throw new Error('An operation was to be executed before it was planned.');
    }
    const variables = request.request.variables ?? {};
    const { coerced, errors } = operation.coerce(variables);
    if (errors) return { errors };
    const context = request.context as GatewayContext;
    const introspected = planning.introspectedFor(context);
    try {
      return await operation.runToResult({ variables, coerced, context, introspected });
    } finally {
      context.answers?.end();
    }
  };
  return {
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema: executor.apiSchema, coreSupergraphSdl: supergraphSdl });
      return () => {};
    },
    load: async () => ({ executor: execute }),
    stop: async () => {},
  };
}
