import {
  describeAnswer,
  type Lane,
  type LaneParts,
  type OperationRun,
  runHooks,
  withHttpStatus,
} from '@signet/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
} from 'graphql';
import { formatErrors, toGraphqlError, withCoercionCode } from './format-errors.ts';
import { createKnownDocuments, type KnownDocuments } from './known-documents.ts';

/**
 * Runs operations of documents that Apollo Server has validated before, without Apollo Server. Whatever Apollo Server decides
 * about an answer (codes, status, headers, the order of members) is decided here in the same way.
 */
export function createSchemaLane<C extends object>(
  schema: GraphQLSchema,
  parts: LaneParts<C>,
  documents: KnownDocuments = createKnownDocuments(),
): Lane {
  return {
    learn: documents.add,
    async answer(request, reply) {
      const parameters = readParameters(request.body);
      const document = parameters && documents.find(parameters.query);
      const operation = document && getOperationAST(document, parameters.operationName);
      if (!operation || !schema.getRootType(operation.operation)) return undefined;
      let context: C;
      try {
        context = await parts.createContext(request, reply);
      } catch {
        // Apollo Server gets the same error and answers it.
        return undefined;
      }
      const run = { document, operation, context };
      const result = (await refuseBefore(run, parts)) ?? (await runOperation(schema, run, parameters));
      try {
        tellErrors(result.errors, context, parts);
        return writeAnswer(result, request, reply, parts);
      } catch (error) {
        return writeAnswer(failed(error), request, reply, parts);
      }
    },
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
async function refuseBefore<C>(
  run: OperationRun,
  { hooks, translateError }: LaneParts<C>,
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

function tellErrors<C>(
  errors: readonly GraphQLError[] | undefined,
  context: object,
  { hooks }: LaneParts<C>,
): void {
  if (!errors) return;
  for (const { onErrors } of hooks) onErrors?.(errors, context);
}

function writeAnswer<C>(
  { errors, data, extensions, status }: Result,
  { headers: { accept } }: FastifyRequest,
  reply: FastifyReply,
  { formatError }: LaneParts<C>,
): string {
  const formatted = errors && formatErrors(errors, formatError);
  for (const [name, value] of formatted?.headers ?? []) reply.header(name, value);
  const answer = describeAnswer(accept, formatted?.status ?? status, formatted?.errors ?? []);
  reply.header('content-type', answer.contentType).code(answer.status ?? 200);
  return `${JSON.stringify({ errors: formatted?.errors, data, extensions })}\n`;
}
