import type { ApolloServerPlugin, GraphQLRequestContext } from '@apollo/server';
import { findRefusal, noteRefusal, withRequestId } from '@signet/service';
import type { GraphQLError } from 'graphql';
import type { GatewayContext } from '../entrance/request-context.ts';
import type { RecordRefused } from '../refusals/record-refused.ts';
import type { IdentifyOperation, OperationIdentity } from './operation-identity.ts';

/**
 * Records what happens to a request in Apollo Server's lane, and puts the request's id into its errors. Must be the last plugin: what others
 * put into an answer is recorded too.
 */
export function createTelemetryPlugin(
  identify: IdentifyOperation,
  onRefused: RecordRefused,
): ApolloServerPlugin<GatewayContext> {
  return {
    async requestDidStart({ contextValue }) {
      const { requestId, telemetry } = contextValue;
      if (telemetry) telemetry.lane = 'apollo';
      return {
        async didResolveOperation({ document, operation, queryHash, schema }) {
          // Apollo Server's types leave out that there may be no operation of the name.
          if (telemetry && operation && queryHash !== undefined)
            telemetry.operation = identify(document, operation, queryHash, schema);
        },
        async willSendResponse(request) {
          const { http, body } = request.response;
          if (body.kind !== 'single') return;
          const { errors = [], data } = body.singleResult;
          telemetry?.answered(errors, hasAny(data));
          if (errors.length === 0) return;
          noteChecks(request.errors ?? [], contextValue);
          onRefused(contextValue, {
            headers: Object.fromEntries(request.request.http?.headers ?? []),
            status: http.status ?? 200,
            errors,
            hasData: hasAny(data),
            operation: telemetry?.operation ?? operationOf(request, identify),
            // Everything else that may be down has noted it.
            outageCheck: 'PLANNING',
          });
          body.singleResult.errors = errors.map((error) => withRequestId(error, requestId));
        },
      };
    },
  };
}

function operationOf(
  { document, operation, queryHash, schema }: Partial<GraphQLRequestContext<GatewayContext>>,
  identify: IdentifyOperation,
): OperationIdentity | undefined {
  return document && operation && queryHash !== undefined && schema
    ? identify(document, operation, queryHash, schema)
    : undefined;
}

/** What the checks in Apollo Server's lane say of themselves. */
function noteChecks(errors: readonly GraphQLError[], context: GatewayContext): void {
  for (const error of errors) {
    const { check, reason, excess: limit } = findRefusal(error) ?? {};
    if (reason !== undefined && (check || limit)) noteRefusal(context, { check, reason, limit });
  }
}

/** Whether a result holds anything of what was asked for. */
export function hasAny(data: object | null | undefined): boolean {
  return Object.values(data ?? {}).some((value) => value !== null);
}
