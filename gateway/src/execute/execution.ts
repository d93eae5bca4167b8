import type { GraphQLDataSource } from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import { type ErrorFormatter, type Logger, RefusalError, withRequestId } from '@signet/service';
import type { OperationDefinitionNode } from 'graphql';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import type { GatewayConfig } from '../config.ts';
import type { DocumentMark } from '../documents/document-mark.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import { createEntrancePlanning, type EntrancePlanning } from '../planning/entrance-planning.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import { type CompiledOperation, createExecutor, type Executor, type SendFetch } from './executor.ts';
import { outageReasonOf } from './fetch-answer.ts';
import { prefixFor } from './response-names.ts';
import { createSignetGateway, type Gateway } from './signet-gateway.ts';

export type ExecutionOptions = {
  supergraphSdl: string;
  fieldPlatforms: FieldPlatforms;
  send: SendFetch<GatewayContext>;
  formatError: ErrorFormatter;
  logger: Logger;
  /** For Apollo's executor. @throws {Error} for an unknown subgraph */
  sourceOf(subgraph: string): GraphQLDataSource;
  entrance: string;
  /** What the planning workers know the supergraph by. */
  schemaName: string;
  planning: PlanningPool;
  hideSchemaDetails: boolean;
  markOf: DocumentMark;
  config: Pick<GatewayConfig, 'EXECUTOR' | 'UNMERGED_SUBGRAPHS' | 'MAX_ANSWER_BYTES'>;
};

export type Execution = {
  planning: EntrancePlanning<unknown>;
  /** For Apollo Server. */
  gateway: Gateway;
  /** The compiled form of an operation that is planned. Apollo's executor compiles none. */
  compiledOf?(operation: OperationDefinitionNode): CompiledOperation<GatewayContext> | undefined;
};

/** Plans and runs the operations of an entrance, by the executor that EXECUTOR names. */
export async function createExecution(options: ExecutionOptions): Promise<Execution> {
  const {
    entrance,
    schemaName: name,
    supergraphSdl,
    sourceOf,
    hideSchemaDetails,
    markOf,
    config,
    logger,
  } = options;
  const common = { entrance, pool: options.planning, hideSchemaDetails, markOf, logger };
  if (config.EXECUTOR === 'apollo') {
    // It takes as long to load, and as much memory, as everything else in this thread.
    const { createApolloGateway } = await import('./apollo-gateway.ts');
    const schema = { name, supergraphSdl, renames: false };
    const planning = createEntrancePlanning<QueryPlan>({ ...common, schema, compile: (plan) => plan });
    return {
      planning,
      gateway: createApolloGateway({
        supergraphSdl,
        planning,
        sourceOf,
        maxAnswerBytes: maxAnswerBytesOf(config),
      }),
    };
  }
  const prefix = prefixFor(supergraphSdl);
  // First, since a worker loads the schema while this thread builds the executor.
  const planning = createEntrancePlanning<CompiledOperation<GatewayContext>>({
    ...common,
    schema: { name, supergraphSdl, renames: true },
    compile: (plan, asked) => executor.compile({ ...asked, plan, prefix }),
  });
  let executor: Executor<GatewayContext>;
  try {
    executor = createEntranceExecutor(options);
  } catch (error) {
    planning.stop();
    throw error;
  }
  return {
    planning,
    gateway: createSignetGateway({ supergraphSdl, executor, planning }),
    compiledOf: planning.planOf,
  };
}

function createEntranceExecutor(options: ExecutionOptions): Executor<GatewayContext> {
  const { supergraphSdl, fieldPlatforms, send, formatError, config, logger } = options;
  return createExecutor<GatewayContext>({
    supergraphSdl,
    send,
    formatError: (formatted, error, { requestId }) => withRequestId(formatError(formatted, error), requestId),
    unmerged: new Set(config.UNMERGED_SUBGRAPHS),
    maxAnswerBytes: maxAnswerBytesOf(config),
    describeOutage(subgraph) {
      const { message, extensions } = new RefusalError(outageReasonOf(subgraph));
      return { message, extensions };
    },
    onFault: (err, subgraph) => logger.warn({ err, subgraph }, 'a subgraph answered wrongly'),
    // auth may run twice, and each platform has its own session cookie.
    groupOf: (subgraph, coordinate) => (subgraph === 'auth' ? fieldPlatforms.get(coordinate) : undefined),
  });
}

/** The largest answer: a client alone has room for half of the budget (admission/shares.ts), and so for no larger one. */
function maxAnswerBytesOf({ MAX_ANSWER_BYTES }: Pick<GatewayConfig, 'MAX_ANSWER_BYTES'>): number {
  return Math.floor(MAX_ANSWER_BYTES / 2);
}
