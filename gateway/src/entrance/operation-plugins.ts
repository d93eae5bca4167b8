import type { ApolloServerPlugin, GraphQLRequestContextDidResolveOperation } from '@apollo/server';
import { findReason } from '@signet/schema/contract';
import { defaultRetryAfterSeconds } from '@signet/service';
import { GraphQLError, type GraphQLFormattedError, OperationTypeNode } from 'graphql';
import type { GatewayContext } from './request-context.ts';

const throttled = 'auth.throttled';

/**
 * Answers 429 with Retry-After where the whole operation was refused as too many attempts, so that proxies and clients
 * that know only HTTP slow down too. Where there is data beside the refusal, it stays an error of its field.
 */
export const throttledStatus: ApolloServerPlugin<GatewayContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ response: { body, http } }) {
        if (body.kind !== 'single') {
          return;
        }
        const { data, errors = [] } = body.singleResult;
        const throttling = findThrottling(errors, () => data);
        if (throttling) {
          http.status = throttling.status;
          http.headers.set('retry-after', throttling.retryAfter);
        }
      },
    };
  },
};

/** The status and the Retry-After of an answer that holds nothing but refusals of too many attempts. Undefined for every other. */
export function findThrottling(
  errors: readonly GraphQLFormattedError[],
  readData: () => object | null | undefined,
): { status: number; retryAfter: string } | undefined {
  if (errors.length === 0 || !errors.every(isThrottled)) return undefined;
  const isEmpty = Object.values(readData() ?? {}).every((value) => value === null);
  return isEmpty
    ? {
        status: findReason(throttled)?.httpStatus ?? 429,
        retryAfter: String(Math.max(...errors.map(waitOf))),
      }
    : undefined;
}

function isThrottled({ extensions }: GraphQLFormattedError): boolean {
  return extensions?.reason === throttled;
}

function waitOf({ extensions }: GraphQLFormattedError): number {
  const seconds = extensions?.retryAfterSeconds;
  return typeof seconds === 'number' ? seconds : defaultRetryAfterSeconds;
}

/** Looks at a parsed operation before any of it is validated, planned or run. Throws a RefusalError to refuse it. */
export type OperationCheck = (
  context: GraphQLRequestContextDidResolveOperation<GatewayContext>,
) => Promise<void> | void;

/** The gateway answers one request once. A supergraph may have subscriptions all the same, for other gateways. */
export const refuseSubscriptions: OperationCheck = ({ operation, schema }) => {
  if (operation?.operation !== OperationTypeNode.SUBSCRIPTION || !schema.getSubscriptionType()) return;
  throw new GraphQLError('Subscriptions are not served here.', {
    nodes: [operation],
    // The code of operations of a kind that the schema does not have.
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } },
  });
};

/**
 * Runs checks one after the other, so that a cheap check comes before an expensive one. They are one plugin because
 * Apollo Server calls this hook of all its plugins at the same time.
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
