import {
  type AskedReply,
  type AskedRequest,
  chooseAnswerType,
  type ErrorFormatter,
  type ErrorTranslation,
  type FastLane,
  isOkUnder,
  type OperationHooks,
  type OperationRun,
  runHooks,
  withHttpStatus,
} from '@signet/service';
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { type CompiledQuery, compileQuery } from './compiled-query.ts';
import { CollectedErrors } from './execute-fields.ts';
import { formatErrors, toGraphqlError, withCoercionCode } from './format-errors.ts';
import { bytesOf, type KnownDocuments } from './known-documents.ts';

export type SchemaLaneOptions = {
  schema: GraphQLSchema;
  /** Those of Apollo Server's lane: valid, and with its rules. */
  documents: KnownDocuments;
  createContext(request: AskedRequest, reply: AskedReply): Promise<object>;
  formatError: ErrorFormatter;
  translateError: ErrorTranslation | undefined;
  hooks: readonly OperationHooks[];
};

/**
 * Runs operations of documents that Apollo Server has validated before, without Apollo Server. Whatever Apollo Server decides
 * about an answer (codes, status, headers, the order of members) is decided here in the same way. Usual queries are compiled
 * (`compileQuery`); graphql-js runs the rest.
 */
export function createSchemaLane(options: SchemaLaneOptions): FastLane {
  const { schema, documents } = options;
  const compiledOf = createCompiledQueries(schema);
  return async (request, reply) => {
    const parameters = readParameters(request.body);
    const document = parameters && documents.find(parameters.query);
    const operation = document && getOperationAST(document, parameters.operationName);
    if (!operation || !schema.getRootType(operation.operation)) return undefined;
    let context: object;
    try {
      context = await options.createContext(request, reply);
    } catch {
      // Apollo Server gets the same error and answers it.
      return undefined;
    }
    const run = { document, operation, context };
    const compiled = compiledOf(document, operation, parameters.query);
    const result =
      (await refuseBefore(run, options)) ??
      (await (compiled
        ? runCompiled(schema, compiled, context, parameters)
        : runOperation(schema, run, parameters)));
    try {
      tellErrors(result.errors, context, options);
      return writeAnswer(result, request, reply, options);
    } catch (error) {
      return writeAnswer(failed(error), request, reply, options);
    }
  };
}

type Parameters = {
  query: string;
  operationName: string | undefined;
  variables: Readonly<Record<string, unknown>> | undefined;
};

const parameterNames = new Set(['query', 'operationName', 'variables']);

/** The parameters of a plain request. Undefined for anything unusual, which Apollo Server judges. */
function readParameters(body: unknown): Parameters | undefined {
  if (!isRecord(body)) return undefined;
  for (const name in body) if (!parameterNames.has(name)) return undefined;
  const { query, operationName, variables } = body;
  if (typeof query !== 'string' || query === '') return undefined;
  if (operationName !== undefined && typeof operationName !== 'string') return undefined;
  if (variables !== undefined && !isRecord(variables)) return undefined;
  return { query, operationName, variables };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of all compiled queries together, with their documents: each holds its own, also one that is known no longer. */
const maxCompiledBytes = 48 * 1024 * 1024;
const bytesPerField = 512;

/** Undefined for an operation that graphql-js is to run. `text`: of the document. */
export function createCompiledQueries(schema: GraphQLSchema, limitBytes = maxCompiledBytes) {
  type Entry = { query: CompiledQuery | undefined; bytes: number };
  const known = new LRUCache<OperationDefinitionNode, Entry>({
    maxSize: limitBytes,
    sizeCalculation: ({ bytes }) => bytes,
  });
  return (
    document: DocumentNode,
    operation: OperationDefinitionNode,
    text: string,
  ): CompiledQuery | undefined => {
    let found = known.get(operation);
    if (!found) {
      const query = compileQuery(schema, document, operation);
      found = { query, bytes: bytesOf(text) + bytesPerField * (query?.fieldCount ?? 0) };
      known.set(operation, found);
    }
    return found.query;
  };
}

/** `status`: of an answer whose errors ask for none. `text`: `data` as JSON, in its place. */
type Result = ExecutionResult & { status?: number; text?: string };

function failed(error: unknown): Result {
  return { errors: [toGraphqlError(error)], status: 500 };
}

/** What a hook has against the operation. */
async function refuseBefore(
  run: OperationRun,
  { hooks, translateError }: SchemaLaneOptions,
): Promise<Result | undefined> {
  try {
    await withHttpStatus(() => runHooks(hooks, run), translateError);
    return undefined;
  } catch (error) {
    return failed(error);
  }
}

/** Does what graphql-js's `execute` does, in the same order. */
async function runCompiled(
  schema: GraphQLSchema,
  { operation, fragments, execute: run }: CompiledQuery,
  context: object,
  { variables = {} }: Parameters,
): Promise<Result> {
  const { errors: faults, coerced: variableValues } = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    variables,
    { maxErrors: 50 },
  );
  if (faults) return { errors: faults.map(withCoercionCode), status: 400 };
  const errors = new CollectedErrors();
  let text = 'null';
  try {
    text = await run({ schema, operation, fragments, variableValues, context, errors });
  } catch (error) {
    errors.add(error as GraphQLError, undefined);
  }
  return errors.all.length === 0 ? { text } : { text, errors: errors.all.map(withCoercionCode) };
}

async function runOperation(
  schema: GraphQLSchema,
  { document, context }: OperationRun,
  { operationName, variables }: Parameters,
): Promise<Result> {
  try {
    const result = await execute({
      schema,
      document,
      contextValue: context,
      variableValues: variables,
      operationName,
    });
    if (!result.errors) return result;
    const errors = result.errors.map(withCoercionCode);
    // Without `data` nothing has run: the value of a variable is not of its type.
    return result.data === undefined ? { ...result, errors, status: 400 } : { ...result, errors };
  } catch (error) {
    return failed(error);
  }
}

function tellErrors(
  errors: readonly GraphQLError[] | undefined,
  context: object,
  { hooks }: SchemaLaneOptions,
): void {
  if (!errors) return;
  for (const { onErrors } of hooks) onErrors?.(errors, context);
}

function writeAnswer(
  { errors, data, extensions, status, text }: Result,
  { headers: { accept } }: AskedRequest,
  reply: AskedReply,
  { formatError }: SchemaLaneOptions,
): string {
  if (errors) {
    const formatted = formatErrors(errors, formatError);
    for (const [name, value] of formatted.headers) reply.header(name, value);
    const wanted = formatted.status ?? status ?? 200;
    reply.code(wanted === 400 && isOkUnder(chooseAnswerType(accept), formatted.errors) ? 200 : wanted);
    if (text !== undefined) return `{"errors":${JSON.stringify(formatted.errors)},"data":${text}}\n`;
    return `${JSON.stringify({ errors: formatted.errors, data, extensions })}\n`;
  }
  if (text !== undefined) return `{"data":${text}}\n`;
  return `${JSON.stringify({ data, extensions })}\n`;
}
