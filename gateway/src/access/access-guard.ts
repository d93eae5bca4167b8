import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import {
  compileOperationGuard,
  explainConditions,
  type OperationGuard,
  type RefusedField,
  type RuleBook,
} from '@signet/access';
import { findReason, maxRefusalsOfRecord, stepUpChallenge } from '@signet/schema/contract';
import { createSampler, type Logger, noteRefusal } from '@signet/service';
import { auditedCaller } from '@signet/session';
import {
  type DocumentNode,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import type { GatewayContext } from '../entrance/request-context.ts';
import { callerOf } from '../planning/entrance-planning.ts';
import type { RefusalReports } from './refusal-reports.ts';

type AccessGuardOptions = {
  guards: OperationGuards;
  logger: Logger;
  /** Only logs what would be refused, for trying out new rules. The subgraphs still refuse it. */
  dryRun: boolean;
  /** Gets every refused operation. */
  reports: Pick<RefusalReports, 'add'>;
};

/** Finds the guard of an operation that is valid for the schema. */
export type OperationGuards = (
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
) => OperationGuard;

/**
 * The most that all kept guards may have together, by their `size`: some 50 MB. Documents are cheap to invent. A
 * WeakMap holds them, not an LRU cache, so that a guard goes when the planner drops its document.
 */
const maxKeptSize = 500_000;
const maxLoggedFields = 20;

/**
 * Refuses an operation as a whole, before anything is sent, when the caller may not have one of its fields. The answer
 * names each such field with its path and reason. Rules are compiled once for each operation and hold nothing about a
 * caller, so that the decision for one caller never serves another.
 */
export function createAccessGuard({
  guards,
  logger,
  dryRun,
  reports,
}: AccessGuardOptions): ApolloServerPlugin<GatewayContext> {
  const log = createRefusalLog(logger, dryRun);
  return {
    async serverWillStart() {
      return { serverWillStop: async () => log.stop() };
    },
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
            { maxErrors: 1 },
          );
          // Variables that cannot be coerced are refused as bad input when the operation is executed. Nothing is sent
          // for it.
          const refused = variables
            ? guards(context.schema, document, operation)(contextValue.session, variables)
            : [];
          if (refused.length === 0) {
            return null;
          }
          log.add(refused, contextValue);
          if (dryRun) {
            return null;
          }
          report(reports, refused, contextValue);
          note(refused, contextValue);
          return createRefusal(refused);
        },
      };
    },
  };
}

type LoggedRefusal = ReturnType<typeof auditedCaller> & {
  requestId: string;
  traceId?: string | undefined;
  count: number;
  refused: readonly Pick<RefusedField, 'coordinate' | 'reason'>[];
};

/**
 * Logs one line a minute for each caller and reason, with the number of operations refused since the last line: anybody
 * can fill a log. The ids are those of the last one. A dry run logs every operation, since that is its purpose.
 */
function createRefusalLog(logger: Logger, dryRun: boolean) {
  const write = (refusal: LoggedRefusal, operations: number | undefined) =>
    logger.info({ dryRun, ...refusal, ...(operations && { operations }) }, 'access refused');
  const sampler = createSampler(write);
  return {
    add(refused: readonly RefusedField[], context: GatewayContext) {
      const { session, clientAddress, requestId, telemetry } = context;
      const fields = refused
        .slice(0, maxLoggedFields)
        .map(({ coordinate, reason }) => ({ coordinate, reason }));
      const who = session.platform === 'none' ? {} : auditedCaller(session);
      const traceId = telemetry?.span?.traceId;
      const refusal = { requestId, traceId, count: refused.length, refused: fields, ...who };
      const caller = session.platform === 'none' ? clientAddress : (session.sessionId ?? callerOf(context));
      if (dryRun) write(refusal, undefined);
      else sampler.add(`${refused[0]?.reason} ${caller}`, refusal);
    },
    stop: () => sampler.stop(),
  };
}

/** The audit log gets one refusal for an operation: that of its first refused field. */
function report(
  reports: Pick<RefusalReports, 'add'>,
  [first]: readonly RefusedField[],
  { session, signetContext }: GatewayContext,
): void {
  if (!first) return;
  const { reason, coordinate: field } = first;
  reports.add({ reason, place: 'rules', field, session, signetContext });
}

/** For whoever asks why: each refused field with its whole rule. */
function note(refused: readonly RefusedField[], context: GatewayContext): void {
  for (const { reason, coordinate, path, conditions } of refused.slice(0, maxRefusalsOfRecord)) {
    noteRefusal(context, {
      check: 'RULES',
      code: findReason(reason)?.code ?? '',
      reason,
      ...(coordinate && { field: coordinate }),
      path: path.join('.'),
      rule: conditions && explainConditions(conditions, context.session),
    });
  }
}

/**
 * Compiles the rules of each operation once. The planner keeps documents by their text, so an operation that it knows is the same
 * node each time.
 */
export function createOperationGuards(rules: RuleBook): OperationGuards {
  let guards = new WeakMap<OperationDefinitionNode, OperationGuard>();
  let size = 0;
  return (schema, document, operation) => {
    const known = guards.get(operation);
    if (known) {
      return known;
    }
    const guard = compileOperationGuard(schema, rules, document, operation);
    if (size + guard.size > maxKeptSize) {
      guards = new WeakMap();
      size = 0;
    }
    guards.set(operation, guard);
    size += guard.size;
    return guard;
  };
}

function createRefusal(refused: readonly RefusedField[]) {
  const errors = refused.map(formatRefusal);
  const { status, challenge } = describeStatus(refused);
  return {
    http: {
      status,
      headers: new HeaderMap(challenge === undefined ? [] : [['www-authenticate', challenge]]),
    },
    body: { kind: 'single' as const, singleResult: { errors } },
  };
}

function describeStatus(refused: readonly RefusedField[]): { status: number; challenge?: string } {
  const maxAges = refused.flatMap(({ stepUp }) => stepUp?.maxAge ?? []);
  // Only where nothing else is wrong does another sign-in help. The most recent that is asked for satisfies every field.
  if (maxAges.length === refused.length) {
    return { status: 401, challenge: stepUpChallenge({ maxAge: Math.min(...maxAges) }) };
  }
  const others = refused.filter(({ stepUp }) => stepUp === undefined);
  const statuses = others.map(({ reason }) => findReason(reason)?.httpStatus ?? 403);
  // A caller without a token is asked for one first, whatever else is wrong. No error code, since the request had no credentials (RFC
  // 6750, section 3.1).
  return statuses.includes(401)
    ? { status: 401, challenge: 'Bearer' }
    : { status: Math.max(...new Set(statuses)) };
}

function formatRefusal({ reason, text, path, stepUp }: RefusedField): GraphQLFormattedError {
  const row = findReason(reason);
  return {
    message: text ?? row?.text ?? '',
    ...(path.length > 0 && { path }),
    extensions: { code: row?.code, reason, ...(stepUp && { stepUp }) },
  };
}
