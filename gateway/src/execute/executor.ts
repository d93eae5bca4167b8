import type { QueryPlan } from '@apollo/query-planner';
import { RefusalError } from '@signet/service';
import { checkCustomScalars } from '@signet/service/custom-scalars';
import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  parse,
} from 'graphql';
import { createPathReader, describeErrors, isOfAnswer } from './answer-errors.ts';
import { findCertainRootKeys } from './certain-fields.ts';
import { type Coercion, coercionOf } from './coercion.ts';
import type { ExactResult } from './complete-exactly.ts';
import { compileCompletions, createVariants } from './completions.ts';
import { maxCopiedFields, type OperationRun } from './operation-run.ts';
import { compilePlan } from './plan-steps.ts';
import { buildApiSchema, readSupergraphTypes } from './supergraph-types.ts';

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
export type OperationRequest<C> = {
  /** As the client sent them. */
  variables: Readonly<Record<string, unknown>>;
  /** As `coerce` returned them. */
  coerced: Readonly<Record<string, unknown>>;
  context: C;
  /** The values of `__schema` and `__type`, by response key. */
  introspected?: Readonly<Record<string, unknown>> | undefined;
};

/**
 * An answer as JSON text, and its errors once more: `{"data":…}` or `{"errors":[…],"data":…}`, with the line end that Apollo Server adds. To add it
 * later would copy the text.
 */
export type AnswerText = { text: string; errors: readonly GraphQLFormattedError[] };

export type CompiledOperation<C> = {
  /** Coerces the variables of a request. Errors are request errors (400): nothing must be sent then. */
  coerce: Coercion;
  /**
   * Runs it. Errors in the text and beside it have passed `formatError`.
   *
   * @throws {AnswerTooLargeError} and for nothing else that subgraphs answer
   */
  run(request: OperationRequest<C>): Promise<AnswerText>;
  /**
   * The same as objects, for Apollo Server. Its errors have not passed `formatError`.
   *
   * @throws {AnswerTooLargeError}
   */
  runToResult(request: OperationRequest<C>): Promise<ExecutionResult>;
};

export type ExecutorOptions<C> = {
  /** The supergraph without federation's access rules. */
  supergraphSdl: string;
  send: SendFetch<C>;
  /** Formats each error of `run` on its way out, as Apollo Server's `formatError`. */
  formatError(formatted: GraphQLFormattedError, error: unknown, context: C): GraphQLFormattedError;
  /** What the client learns of a fetch that failed. Without it: that a service is unavailable. */
  describeOutage?(subgraph: string): Pick<GraphQLFormattedError, 'message' | 'extensions'>;
  /** Called for an answer that lacks what was asked for, which the sender can't know. For the log. */
  onFault?(fault: Error, subgraph?: string): void;
  /** Keeps fetches of different groups to one subgraph apart. Takes `Type.field` for root fields and `Type` for entities. */
  groupOf?(subgraph: string, coordinate: string): string | undefined;
  /** Subgraphs whose fetches are not merged into one document. */
  unmerged?: ReadonlySet<string>;
  /** The largest answer. Default: 32 MiB. */
  maxAnswerBytes?: number;
};

const defaultMaxAnswerBytes = 32 * 2 ** 20;

export type Executor<C> = {
  apiSchema: GraphQLSchema;
  /** Compiles a planned operation. Keep the result: it serves any number of requests. */
  compile(planned: PlannedOperation): CompiledOperation<C>;
};

/** Builds what runs the operations of one supergraph. */
export function createExecutor<C>(options: ExecutorOptions<C>): Executor<C> {
  const { supergraphSdl, send, formatError, onFault = () => {}, groupOf = () => undefined } = options;
  const { describeOutage = describeUnavailable, unmerged = new Set() } = options;
  const supergraph = parse(supergraphSdl, { noLocation: true });
  const apiSchema = checkCustomScalars(buildApiSchema(supergraph));
  const types = readSupergraphTypes(supergraph);
  const variants = createVariants(options.maxAnswerBytes ?? defaultMaxAnswerBytes);

  return {
    apiSchema,
    compile({ document, operation, plan, prefix }) {
      const certainRootKeys = findCertainRootKeys(apiSchema, document, operation, prefix);
      const runPlan = plan && compilePlan(plan, { prefix, types, groupOf, unmerged, certainRootKeys });
      const completionFor = compileCompletions({ schema: apiSchema, document, operation, prefix }, variants);
      const toClientPath = createPathReader({ document, operation }, prefix);
      const execute = async ({ variables, coerced, context }: OperationRequest<C>): Promise<OperationRun> => {
        const run: OperationRun = {
          variables,
          coerced,
          data: {},
          errors: [],
          known: undefined,
          toClientPath,
          brought: undefined,
          gone: undefined,
          failed: undefined,
          copies: { left: maxCopiedFields },
          send: (fetch) => send(fetch, context),
          describeOutage,
          onFault,
        };
        await runPlan?.(run);
        return run;
      };
      return {
        coerce: coercionOf(apiSchema, document, operation),
        async run(request) {
          const run = await execute(request);
          const { introspected = {}, coerced } = request;
          const completion = completionFor(coerced);
          const plain = run.errors.length === 0 ? completion.toText(run.data, introspected) : undefined;
          if (plain !== undefined) return { text: plain, errors: [] };
          const result = completion.exactly(run, introspected);
          const errors = describe(run, result).map((error) =>
            formatError(error.toJSON(), error, request.context),
          );
          const text = JSON.stringify(result.data);
          return {
            text:
              errors.length > 0
                ? `{"errors":${JSON.stringify(errors)},"data":${text}}\n`
                : `{"data":${text}}\n`,
            errors,
          };
        },
        async runToResult(request) {
          const run = await execute(request);
          const { introspected = {}, coerced } = request;
          const result = completionFor(coerced).exactly(run, introspected);
          const errors = describe(run, result);
          return errors.length > 0 ? { errors, data: result.data } : { data: result.data };
        },
      };
    },
  };
}

function describe({ errors, onFault }: OperationRun, { data, nulls }: ExactResult): GraphQLError[] {
  const invalid = nulls.filter(({ why }) => why === 'invalid');
  const [first] = invalid;
  if (first)
    onFault(
      new Error(`no value of its type at ${first.path.join('.')}, and at ${invalid.length - 1} more places`),
    );
  return describeErrors(
    errors.filter(({ path }) => !path || isOfAnswer(path, data)),
    nulls,
  );
}

function describeUnavailable() {
  const { message, extensions } = new RefusalError('service.unavailable');
  return { message, extensions };
}
