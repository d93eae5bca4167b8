import type { GraphQLDataSource } from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import type { OperationDefinitionNode } from 'graphql';
import type { GatewayConfig } from '../config.ts';
import type { DocumentMark } from '../documents/document-mark.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import { createEntrancePlanning, type EntrancePlanning } from '../planning/entrance-planning.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import {
  createEntranceExecutor,
  type EntranceExecutorOptions,
  maxAnswerBytesOf,
} from './entrance-executor.ts';
import type { CompiledOperation, Executor } from './executor.ts';
import { prefixFor } from './response-names.ts';
import { createSignetGateway, type Gateway } from './signet-gateway.ts';

export type ExecutionOptions = EntranceExecutorOptions & {
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
    const { createPlanExecutor } = await import('./plan-executor.ts');
    const schema = { name, supergraphSdl, renames: false };
    const planning = createEntrancePlanning<QueryPlan>({ ...common, schema, compile: (plan) => plan });
    return {
      planning,
      gateway: createPlanExecutor({
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
