import { operationFromDocument, type Schema, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import {
  type DocumentNode,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { findIntrospection, takePart } from './introspection.ts';

/** A schema to plan for, in a form that a worker can be sent. */
export type PlannedSchema = {
  name: string;
  /** As @apollo/gateway takes it: without federation's access rules. */
  supergraphSdl: string;
};

export type PlanningJob = {
  schema: string;
  source: string;
  /** Of one of the operations in the source; undefined where the only one has no name. */
  operationName: string | undefined;
  /** Set: what the operation asks of the schema is to be answered, with these variables, which are coercible. */
  introspection?: { variables: Record<string, unknown> };
};

/** What is wrong with a document, and at which of its characters. */
export type DocumentFault = { message: string; positions: readonly number[] };

/** All plain data, what can be large as one text: cheap to hand over, and read only where it is used. */
export type PlanningResult =
  | { kind: 'invalid'; faults: DocumentFault[] }
  /**
   * `plan` is a QueryPlan as JSON, `asksForSchema`: it does not answer all of the operation. `documentSize` estimates the bytes
   * that the parsed document takes.
   */
  | { kind: 'planned'; plan: string; asksForSchema?: true; documentSize: number }
  /** Valid, asks for the schema alone: nothing to plan. */
  | { kind: 'introspection'; documentSize: number }
  /** `data` is the answer's data as JSON. */
  | { kind: 'introspected'; data: string }
  | { kind: 'too-large'; found: string }
  | { kind: 'failed'; message: string };

export type Planner = (job: Omit<PlanningJob, 'schema'>) => PlanningResult;

/** A plan or an answer beyond this takes the event loop too long to read and write. Some 15 ms at this size. */
const maxResultLength = 2_000_000;
/** Of one document. Who writes it sees what to mend; whoever wants to fill answers and logs gets no further. */
const maxFaults = 20;
/** A token, and its share of the nodes and places that are made of it: measured at 230 to 330 bytes. */
const bytesPerToken = 300;

/**
 * Builds what validates and plans the operations of one schema. Runs in a worker, since neither can be stopped and both can
 * take any time: thousands of fields to merge, or subgraphs that share a chain of fields.
 */
export function createPlanner({ supergraphSdl }: PlannedSchema): Planner {
  const supergraph = Supergraph.build(supergraphSdl, { validateSupergraph: false });
  const apiSchema = supergraph.apiSchema();
  const schema = apiSchema.toGraphQLJSSchema();
  const planner = new QueryPlanner(supergraph);
  return (job) => {
    const document = parse(job.source);
    if (job.introspection) {
      return introspect(schema, document, job.operationName, job.introspection.variables);
    }
    const faults = validate(schema, document, specifiedRules, { maxErrors: maxFaults }).map(describeFault);
    if (faults.some(({ message }) => message === outOfBudget)) {
      return { kind: 'too-large', found: 'more fields to merge than graphql-js compares' };
    }
    if (faults.length > 0) {
      return { kind: 'invalid', faults };
    }
    const documentSize = countTokens(document) * bytesPerToken;
    const operation = getOperationAST(document, job.operationName);
    const introspection = operation && findIntrospection(document, operation);
    if (introspection === 'only') {
      return { kind: 'introspection', documentSize };
    }
    if (operation && introspection === 'mixed') {
      const data = takePart('data', document, operation);
      const planned = plan(planner, apiSchema, data, job.operationName, documentSize);
      return planned.kind === 'planned' ? { ...planned, asksForSchema: true } : planned;
    }
    return plan(planner, apiSchema, document, job.operationName, documentSize);
  };
}

/** The whole text of graphql-js where the comparison of fields under one name has cost too much. */
const outOfBudget = 'Validation aborted.';

function describeFault({ message, positions = [] }: GraphQLError): DocumentFault {
  return { message, positions };
}

function plan(
  planner: QueryPlanner,
  apiSchema: Schema,
  document: DocumentNode,
  operationName: string | undefined,
  documentSize: number,
): PlanningResult {
  const operation = operationFromDocument(apiSchema, document, operationName ? { operationName } : {});
  const text = JSON.stringify(planner.buildQueryPlan(operation));
  return text.length > maxResultLength
    ? { kind: 'too-large', found: `a plan of ${text.length} characters` }
    : { kind: 'planned', plan: text, documentSize };
}

function introspect(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
  variableValues: Record<string, unknown>,
): PlanningResult {
  const operation = getOperationAST(document, operationName);
  const isMixed = operation && findIntrospection(document, operation) === 'mixed';
  const asked = isMixed ? takePart('schema', document, operation) : document;
  const result = execute({ schema, document: asked, operationName, variableValues });
  if ('then' in result || result.errors) {
    return { kind: 'failed', message: 'the introspection of a valid operation failed' };
  }
  const data = JSON.stringify(result.data);
  return data.length > maxResultLength
    ? { kind: 'too-large', found: `an answer of ${data.length} characters` }
    : { kind: 'introspected', data };
}

function countTokens(document: DocumentNode): number {
  let count = 0;
  for (let token = document.loc?.startToken; token; token = token.next ?? undefined) {
    count += 1;
  }
  return count;
}
