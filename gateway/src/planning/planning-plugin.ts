import { type ApolloServerPlugin, type GraphQLResponse, HeaderMap } from '@apollo/server';
import { ApolloServerErrorCode } from '@apollo/server/errors';
import { internalErrorText, type Reason } from '@signet/schema/contract';
import { type ErrorFormatter, RefusalError, refusalHeaders } from '@signet/service';
import { GraphQLError, type GraphQLFormattedError, getVariableValues, Source } from 'graphql';
import type { GatewayContext } from '../gateway-context.ts';
import { callerOf } from './caller.ts';
import type { IntrospectedData, OperationPlanner, Unplanned } from './operation-planner.ts';
import type { DocumentFault } from './planner.ts';

export type PlanningOptions = {
  planner: OperationPlanner;
  /** As for errors that Apollo Server finds itself. */
  formatError: ErrorFormatter;
  /** Hears what a request that asks for data too is told of the schema, before it is executed. */
  onIntrospected(context: GatewayContext, data: IntrospectedData): void;
};

type Answer = Pick<GraphQLResponse, 'http' | 'body'>;

/**
 * Has each operation validated and planned before anything of it runs, and answers those that can't be. Takes the place of
 * Apollo Server's own validation. Stands behind what limits operations, and before what looks at valid ones: Apollo Server
 * calls this hook of its plugins one after the other, and after the one of operation-checks.ts.
 */
export function createPlanning({
  planner,
  formatError,
  onIntrospected,
}: PlanningOptions): ApolloServerPlugin<GatewayContext> {
  const refuse = (unplanned: Unplanned, source: string) => answerUnplanned(unplanned, source, formatError);
  return {
    async requestDidStart() {
      return {
        async responseForOperation({
          request,
          schema,
          document,
          operation,
          contextValue,
          queryHash,
          source,
        }) {
          if (queryHash === undefined) {
            throw new TypeError('Apollo Server runs no operation without a hash of its text.');
          }
          const asked = { hash: queryHash, source, document, operation, caller: callerOf(contextValue) };
          const planned = await planner.plan(asked);
          if (planned.kind === 'planned' && !planned.asksForSchema) {
            return null;
          }
          if (planned.kind !== 'planned' && planned.kind !== 'introspection') {
            return refuse(planned, source);
          }
          const definitions = operation.variableDefinitions ?? [];
          const { coerced } = getVariableValues(schema, definitions, request.variables ?? {}, {
            maxErrors: 1,
          });
          if (!coerced) {
            // Refused as bad input where it is executed.
            return null;
          }
          const introspected = await planner.introspect(asked, coerced);
          if (introspected.kind !== 'introspected') {
            return refuse(introspected, source);
          }
          const { data } = introspected;
          if (planned.kind === 'introspection') {
            return { http: { headers: new HeaderMap() }, body: singleResult({ data }) };
          }
          onIntrospected(contextValue, data);
          return null;
        },
      };
    },
  };
}

function answerUnplanned(unplanned: Unplanned, source: string, formatError: ErrorFormatter): Answer {
  switch (unplanned.kind) {
    case 'invalid':
      return answerErrors(400, describeFaults(unplanned.faults, source, formatError));
    case 'refused':
      return refuseFor('request.planning');
    case 'no-room':
      return refuseFor('auth.unavailable');
    case 'failed':
      return answerErrors(500, [
        { message: internalErrorText, extensions: { code: 'INTERNAL_SERVER_ERROR' } },
      ]);
  }
}

function refuseFor(reason: Reason): Answer {
  const refusal = new RefusalError(reason);
  const { message, code, httpStatus } = refusal;
  return answerErrors(httpStatus, [{ message, extensions: { code, reason } }], refusalHeaders(refusal));
}

/** Made anew for each answer: what was found may be remembered, errors never are. */
function describeFaults(faults: readonly DocumentFault[], text: string, formatError: ErrorFormatter) {
  const source = new Source(text);
  return faults.map(({ message, positions }) => {
    const error = new GraphQLError(message, {
      source,
      positions,
      extensions: { code: ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED },
    });
    return formatError(error.toJSON(), error);
  });
}

function answerErrors(
  status: number,
  errors: GraphQLFormattedError[],
  headers: readonly [string, string][] = [],
): Answer {
  return { http: { status, headers: new HeaderMap(headers) }, body: singleResult({ errors }) };
}

function singleResult(result: { data: Record<string, unknown> } | { errors: GraphQLFormattedError[] }) {
  return { kind: 'single' as const, singleResult: result };
}
