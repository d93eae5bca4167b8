import type { GraphQLDataSource } from '@apollo/gateway';
import type { QueryPlan } from '@apollo/query-planner';
import { createErrorFormatter } from '@signet/service';
import type { GatewayConfig } from '../config.ts';
import type { DocumentMark } from '../documents/document-mark.ts';
import type { GatewayContext } from '../entrance/request-context.ts';
import { createEntrancePlanning } from '../planning/entrance-planning.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import { createEntranceExecutor, type EntranceExecutorOptions } from './entrance-executor.ts';
import type { CompiledOperation } from './executor.ts';
import { createPlanExecutor } from './plan-executor.ts';
import { prefixFor } from './response-names.ts';
import { createSignetGateway } from './signet-gateway.ts';

export type ExecutionOptions = Omit<EntranceExecutorOptions, 'formatError'> & {
  entrance: string;
  /** For @apollo/gateway. Throws for an unknown subgraph. */
  sourceOf(subgraph: string): GraphQLDataSource;
  planning: PlanningPool;
  hideSchemaDetails: boolean;
  markOf: DocumentMark;
  config: Pick<GatewayConfig, 'EXECUTOR'>;
};

/** Plans and runs the operations of an entrance, by the executor that EXECUTOR names. */
export function createExecution(options: ExecutionOptions) {
  const { entrance, supergraphSdl, sourceOf, hideSchemaDetails, markOf, config, logger } = options;
  const common = { pool: options.planning, hideSchemaDetails, markOf, logger };
  if (config.EXECUTOR === 'apollo') {
    const schema = { name: entrance, supergraphSdl, renames: false };
    const planning = createEntrancePlanning<QueryPlan>({ ...common, schema, compile: (plan) => plan });
    return { planning, gateway: createPlanExecutor({ supergraphSdl, planning, sourceOf }) };
  }
  const formatError = createErrorFormatter({ logger, trustsExtensions: true, hideSchemaDetails });
  const executor = createEntranceExecutor({ ...options, formatError });
  const prefix = prefixFor(supergraphSdl);
  const planning = createEntrancePlanning<CompiledOperation<GatewayContext>>({
    ...common,
    schema: { name: entrance, supergraphSdl, renames: true },
    compile: (plan, asked) => executor.compile({ ...asked, plan, prefix }),
  });
  return { planning, gateway: createSignetGateway({ supergraphSdl, executor, planning }) };
}
