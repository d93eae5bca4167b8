import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  parse,
} from 'graphql';

export type PlannedDocument = { document: DocumentNode; operation: OperationDefinitionNode; plan: QueryPlan };

/**
 * Plans in this thread, and compares fewer plans than the gateway's workers do: random graphs share so many fields that the
 * best plan may take a minute to find. Each plan is right, or none is.
 */
const config = { debug: { maxEvaluatedPlans: 16 } };

/** Plans operations of one supergraph, each once. `rename` changes the document that is planned. */
export function createPlans(
  supergraphSdl: string,
  rename: (document: DocumentNode, schema: GraphQLSchema) => DocumentNode = (document) => document,
) {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  const api = supergraph.apiSchema();
  const schema = api.toGraphQLJSSchema();
  const planner = new QueryPlanner(supergraph, config);
  /** @throws {Error} for an operation that is not valid */
  return (source: string, operationName: string | undefined): PlannedDocument => {
    const document = parse(source);
    const operation = getOperationAST(document, operationName);
    if (!operation) throw new Error('There is no such operation.');
    const asked = operationFromDocument(
      api,
      rename(document, schema),
      operationName ? { operationName } : {},
    );
    // As it arrives from a worker.
    const plan = JSON.parse(JSON.stringify(planner.buildQueryPlan(asked))) as QueryPlan;
    return { document, operation, plan };
  };
}
