import type { QueryPlan } from '@apollo/query-planner';
import type {
  DocumentNode,
  ExecutionResult,
  GraphQLError,
  GraphQLFormattedError,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';

/** One fetch, ready to be sent. A large fetch of entities is several of these, one after the other. */
export type OutgoingFetch = {
  subgraph: string;
  kind: 'query' | 'mutation';
  /** The JSON text of the whole request body: `{"query":…,"variables":…}`. */
  body: string;
  /** What `groupOf` says of the root fields, or of the types of the entities. All of a fetch are of one group. */
  group: string | undefined;
};

/** An error as a subgraph's answer has it. Any value of it may be of any type. */
export type SubgraphError = {
  message?: unknown;
  path?: unknown;
  extensions?: unknown;
};

/** The parsed answer of a subgraph. Without data, it has an error. */
export type FetchResult = {
  data: Record<string, unknown> | null;
  errors?: readonly SubgraphError[];
};

/**
 * Sends a fetch. GraphQL errors are part of its result.
 *
 * @throws where no GraphQL answer came: an outage. The cause is for the log, which the sender writes; the client gets `describeOutage`.
 */
export type SendFetch<C> = (fetch: OutgoingFetch, context: C) => Promise<FetchResult>;

/** A valid operation and its plan. */
export type PlannedOperation = {
  /** As the client sent it. */
  document: DocumentNode;
  operation: OperationDefinitionNode;
  /** Undefined for an operation that asks for the schema only. */
  plan: QueryPlan | undefined;
  /**
   * What every response key of the planned operation begins with where the client chose it. Undefined where the operation
   * was planned as the client wrote it.
   */
  prefix: string | undefined;
};

/** One request for a compiled operation. */
export type OperationRun<C> = {
  /** As the client sent them. */
  variables: Readonly<Record<string, unknown>>;
  /** As `coerce` returned them. */
  coerced: Readonly<Record<string, unknown>>;
  context: C;
  /** The values of `__schema` and `__type`, by response key. */
  introspected?: Readonly<Record<string, unknown>> | undefined;
};

/** An answer as JSON text, and its errors once more: `{"data":…}` or `{"errors":[…],"data":…}`. */
export type AnswerText = { text: string; errors: readonly GraphQLFormattedError[] };

export type Coerced =
  | { coerced: Record<string, unknown>; errors?: undefined }
  | { errors: readonly GraphQLError[]; coerced?: undefined };

export type CompiledOperation<C> = {
  /** Bytes that it takes to keep it, estimated. */
  size: number;
  /** Coerces the variables of a request. Errors are request errors (400): nothing must be sent then. */
  coerce(variables: Readonly<Record<string, unknown>>): Coerced;
  /** Runs it. Errors in the text and beside it have passed `formatError`. Never throws for what a subgraph answers. */
  run(request: OperationRun<C>): Promise<AnswerText>;
  /** The same as objects, for Apollo Server. Its errors have not passed `formatError`. */
  runToResult(request: OperationRun<C>): Promise<ExecutionResult>;
};

export type ExecutorOptions<C> = {
  /** The supergraph without federation's access rules. */
  supergraphSdl: string;
  send: SendFetch<C>;
  /** Formats each error of `run` on its way out, as Apollo Server's `formatError`. */
  formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError;
  /** What the client learns of a fetch that failed. Without it: that a service is unavailable. */
  describeOutage?(subgraph: string): Pick<GraphQLFormattedError, 'message' | 'extensions'>;
  /** Keeps fetches of different groups apart. Takes `Type.field` for root fields and `Type` for entities. */
  groupOf?(coordinate: string): string | undefined;
  /** Subgraphs whose fetches are not merged into one document. */
  unmerged?: ReadonlySet<string>;
};

export type Executor<C> = {
  apiSchema: GraphQLSchema;
  /** Compiles a planned operation. Keep the result: it serves any number of requests. */
  compile(planned: PlannedOperation): CompiledOperation<C>;
};

/** Builds what runs the operations of one supergraph. */
export function createExecutor<C>(_options: ExecutorOptions<C>): Executor<C> {
  throw new Error('not written yet');
}
