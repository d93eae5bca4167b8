import type { ApolloServerPlugin, GraphQLRequestContextDidResolveOperation } from '@apollo/server';
import type { GatewayContext } from './gateway-context.ts';

/** Looks at a parsed operation before anything of it is validated, planned or run. Throws a RefusalError to refuse it. */
export type OperationCheck = (
  context: GraphQLRequestContextDidResolveOperation<GatewayContext>,
) => Promise<void> | void;

/**
 * Runs checks one after the other: a cheap one keeps what it refuses from a dear one. Apollo Server calls this hook of all
 * its plugins at the same time, which is why they are one plugin.
 */
export function createOperationChecks(checks: readonly OperationCheck[]): ApolloServerPlugin<GatewayContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation(context) {
          for (const check of checks) {
            await check(context);
          }
        },
      };
    },
  };
}
