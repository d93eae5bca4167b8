import type { ApolloServerPlugin } from '@apollo/server';
import { withRequestId } from '@signet/service';
import type { GatewayContext } from '../entrance/request-context.ts';
import type { IdentifyOperation } from './operation-identity.ts';

/**
 * Records what happens to a request in Apollo Server's lane, and puts the request's id into its errors. Must be the last plugin: what others
 * put into an answer is recorded too.
 */
export function createTelemetryPlugin(identify: IdentifyOperation): ApolloServerPlugin<GatewayContext> {
  return {
    async requestDidStart({ contextValue: { requestId, telemetry } }) {
      if (telemetry) telemetry.lane = 'apollo';
      return {
        async didResolveOperation({ document, operation, queryHash, schema }) {
          // Apollo Server's types leave out that there may be no operation of the name.
          if (telemetry && operation && queryHash !== undefined)
            telemetry.operation = identify(document, operation, queryHash, schema);
        },
        async willSendResponse({ response: { body } }) {
          if (body.kind !== 'single') return;
          const { errors = [], data } = body.singleResult;
          telemetry?.answered(errors, hasAny(data));
          if (errors.length > 0)
            body.singleResult.errors = errors.map((error) => withRequestId(error, requestId));
        },
      };
    },
  };
}

/** Whether a result holds anything of what was asked for. */
export function hasAny(data: object | null | undefined): boolean {
  return Object.values(data ?? {}).some((value) => value !== null);
}
