import { checkCustomScalars, ScalarFault } from '@signet/service/custom-scalars';
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
import { createPlanBuilder, type PlanBuilder } from './plan-builder.ts';

/** A schema to plan for, as plain data for a worker. */
export type PlannedSchema = {
  name: string;
  /** The supergraph without federation's access rules, as @apollo/gateway takes it. */
  supergraphSdl: string;
  /** Whether operations are planned with names that planning does not use itself: see response-names.ts. */
  renames: boolean;
};

export type PlanningJob = {
  schema: string;
  source: string;
  /** The name of an operation in `source`. Undefined where the only one has no name. */
  operationName: string | undefined;
  /** Set to have the part that asks for the schema answered, with these coercible variables. */
  introspection?: { variables: Record<string, unknown> };
};

/** A fault of a document, and the positions of the characters concerned. `field`: the argument whose value its scalar refuses. */
export type DocumentFault = { message: string; positions: readonly number[]; field?: string };

/** Plain data. Large values are one text each: cheap to pass to another thread, and parsed only where they are used. */
export type PlanningResult =
  | { kind: 'invalid'; faults: DocumentFault[] }
  /**
   * `plan` is a QueryPlan as JSON. With `asksForSchema` it answers only a part of the operation. `documentSize`
   * estimates the bytes of the parsed document.
   */
  | { kind: 'planned'; plan: string; asksForSchema?: true; documentSize: number }
  /** Valid, and asks for the schema only: there is nothing to plan. */
  | { kind: 'introspection'; documentSize: number }
  /** `data` is the data of the answer as JSON. */
  | { kind: 'introspected'; data: string }
  | { kind: 'too-large'; found: string }
  | { kind: 'failed'; message: string };

export type Planner = (job: Omit<PlanningJob, 'schema'>) => PlanningResult;

/** A longer plan or answer would keep the event loop busy for too long. This size takes some 15 ms to read and write. */
const maxResultLength = 2_000_000;
/**
 * The most faults that are reported for one document: enough errors to fix a request, and no way to fill answers and
 * logs.
 */
const maxFaults = 20;
/** The bytes of a token and its share of the parsed nodes. Measured at 230 to 330. */
const bytesPerToken = 300;

/**
 * Builds the planner of one schema, which validates and plans. It runs in a worker, since neither step can be stopped
 * and both can take any time: thousands of fields to merge, or subgraphs that share a chain of fields.
 */
export function createPlanner({ supergraphSdl, renames }: Omit<PlannedSchema, 'name'>): Planner {
  const builder = createPlanBuilder({ supergraphSdl, renames });
  const schema = checkCustomScalars(builder.schema);
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
      const planned = plan(builder, data, job.operationName, documentSize);
      return planned.kind === 'planned' ? { ...planned, asksForSchema: true } : planned;
    }
    return plan(builder, document, job.operationName, documentSize);
  };
}

/** The whole message of graphql-js when the comparison of fields under one name has cost too much. */
const outOfBudget = 'Validation aborted.';

function describeFault(error: GraphQLError): DocumentFault {
  const { message, positions = [] } = error;
  return { message, positions, ...(error instanceof ScalarFault && { field: error.field ?? 'value' }) };
}

function plan(
  builder: PlanBuilder,
  document: DocumentNode,
  operationName: string | undefined,
  documentSize: number,
): PlanningResult {
  const text = JSON.stringify(builder.build(document, operationName));
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
