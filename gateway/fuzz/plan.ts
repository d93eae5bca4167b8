import type { QueryPlan } from '@apollo/query-planner';
import { type DocumentNode, getOperationAST, type OperationDefinitionNode, parse } from 'graphql';
import { createPlanBuilder } from '../src/planning/plan-builder.ts';

export type PlannedDocument = { document: DocumentNode; operation: OperationDefinitionNode; plan: QueryPlan };

/**
 * Fewer plans than the gateway's workers compare: random graphs share so many fields that the best plan may take a minute to find.
 * Each plan is right, or none is.
 */
const limits = { maxEvaluatedPlans: 16, pathsLimit: 2000 };

/** Plans operations of one supergraph in this thread, as the gateway's workers do. `renames`: as for our executor. */
export function createPlans(supergraphSdl: string, { renames }: { renames: boolean }) {
  const builder = createPlanBuilder({ supergraphSdl, renames, limits });
  /** @throws {Error} for an operation that is not valid */
  return (source: string, operationName: string | undefined): PlannedDocument => {
    const document = parse(source);
    const operation = getOperationAST(document, operationName);
    if (!operation) throw new Error('There is no such operation.');
    // As it arrives from a worker.
    const plan = JSON.parse(JSON.stringify(builder.build(document, operationName))) as QueryPlan;
    return { document, operation, plan };
  };
}
