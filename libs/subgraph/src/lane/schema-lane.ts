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
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
} from 'graphql';
import { formatErrors, toGraphqlError, withCoercionCode } from './format-errors.ts';
import type { KnownDocuments } from './known-documents.ts';

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
 * about an answer (codes, status, headers, the order of members) is decided here in the same way.
 */
export function createSchemaLane(options: SchemaLaneOptions): FastLane {
  const { schema, documents } = options;
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
    const result = (await refuseBefore(run, options)) ?? (await runOperation(schema, run, parameters));
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

/** `status`: of an answer whose errors ask for none. */
type Result = ExecutionResult & { status?: number };

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
  { errors, data, extensions, status }: Result,
  { headers: { accept } }: AskedRequest,
  reply: AskedReply,
  { formatError }: SchemaLaneOptions,
): string {
  if (errors) {
    const formatted = formatErrors(errors, formatError);
    for (const [name, value] of formatted.headers) reply.header(name, value);
    const wanted = formatted.status ?? status ?? 200;
    reply.code(wanted === 400 && isOkUnder(chooseAnswerType(accept), formatted.errors) ? 200 : wanted);
    return `${JSON.stringify({ errors: formatted.errors, data, extensions })}\n`;
  }
  return `${JSON.stringify({ data, extensions })}\n`;
}
