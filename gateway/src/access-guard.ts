import { type ApolloServerPlugin, type GraphQLRequestContext, HeaderMap } from '@apollo/server';
import { compileOperationGuard, type OperationGuard, type RefusedField, type RuleBook } from '@signet/access';
import { findReason } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import {
  type DocumentNode,
  type GraphQLFormattedError,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import type { GatewayContext } from './request-context.ts';

type AccessGuardOptions = {
  rules: RuleBook;
  logger: Logger;
  /** Only log what would be refused. For trying out new rules; the subgraphs still refuse. */
  dryRun: boolean;
};

type RequestContext = GraphQLRequestContext<GatewayContext>;

/**
 * Refuses an operation as a whole, before it is planned, when the caller may not have one of its fields: every such field
 * with its path and reason. Rules are compiled once per operation and hold nothing of a caller, so that the decision for
 * one never serves another.
 */
export function createAccessGuard({
  rules,
  logger,
  dryRun,
}: AccessGuardOptions): ApolloServerPlugin<GatewayContext> {
  const guards = new WeakMap<OperationDefinitionNode, OperationGuard>();
  const guardOf = (context: RequestContext, document: DocumentNode, operation: OperationDefinitionNode) => {
    let guard = guards.get(operation);
    if (!guard) {
      guard = compileOperationGuard(context.schema, rules, document, operation);
      guards.set(operation, guard);
    }
    return guard;
  };
  return {
    async requestDidStart() {
      return {
        async responseForOperation(context) {
          const { document, operation, contextValue } = context;
          if (!document || !operation) {
            return null;
          }
          const { coerced: variables } = getVariableValues(
            context.schema,
            operation.variableDefinitions ?? [],
            context.request.variables ?? {},
          );
          // What does not coerce is refused as bad input where it is executed; nothing is sent for it.
          const refused = variables
            ? guardOf(context, document, operation)(contextValue.session, variables)
            : [];
          if (refused.length === 0) {
            return null;
          }
          logger.info(
            { dryRun, refused: refused.map(({ coordinate, reason }) => ({ coordinate, reason })) },
            'access refused',
          );
          return dryRun ? null : createRefusal(refused);
        },
      };
    },
  };
}

function createRefusal(refused: readonly RefusedField[]) {
  const errors = refused.map(formatRefusal);
  const needsToken = refused.some(({ reason }) => reason === 'auth.failure.missing_token');
  return {
    // 401 without an error code where the request had no credentials (RFC 6750, section 3.1).
    http: {
      status: needsToken ? 401 : 403,
      headers: new HeaderMap(needsToken ? [['www-authenticate', 'Bearer']] : []),
    },
    body: { kind: 'single' as const, singleResult: { errors } },
  };
}

function formatRefusal({ reason, text, path }: RefusedField): GraphQLFormattedError {
  const row = findReason(reason);
  return { message: text ?? row?.text ?? '', path, extensions: { code: row?.code, reason } };
}
