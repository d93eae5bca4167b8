import type { ErrorFormatter } from '@signet/service';
import { GraphQLError, type GraphQLErrorExtensions, type GraphQLFormattedError, Kind } from 'graphql';

/** What the errors of an answer make of it: their texts, and a status and headers where one of them asks for any. */
export type FormattedErrors = {
  errors: GraphQLFormattedError[];
  status: number | undefined;
  headers: ReadonlyMap<string, string>;
};

type HttpHead = { status?: number; headers?: Map<string, string> };

/**
 * Formats errors as Apollo Server 5 does (its errorNormalize.ts): `extensions.http` sets status and headers of the answer and is
 * left out of the error; an error without a code is an internal one.
 */
export function formatErrors(errors: readonly GraphQLError[], formatError: ErrorFormatter): FormattedErrors {
  let status: number | undefined;
  const headers = new Map<string, string>();
  const formatted = errors.map((error) => {
    const extensions: GraphQLErrorExtensions = {
      ...error.extensions,
      code: error.extensions.code ?? 'INTERNAL_SERVER_ERROR',
    };
    const { http } = extensions;
    if (isHttpHead(http)) {
      if (http.status) status = http.status;
      for (const [name, value] of http.headers ?? []) headers.set(name, value);
      delete extensions.http;
    }
    return formatError({ ...error.toJSON(), extensions }, error);
  });
  return { errors: formatted, status, headers };
}

function isHttpHead(value: unknown): value is HttpHead {
  return (
    typeof value === 'object' &&
    value !== null &&
    (!('status' in value) || typeof value.status === 'number') &&
    (!('headers' in value) || value.headers instanceof Map)
  );
}

export function toGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  if (error instanceof Error) return new GraphQLError(error.message, { originalError: error });
  return new GraphQLError(`Unexpected error value: ${String(error)}`);
}

/** graphql-js writes one of these about a variable whose value is not of its type. */
const coercionTexts = [
  ' has invalid value',
  ' got invalid value ',
  ' of required type ',
  ' of non-null type ',
];

/** The error with the code that Apollo Server gives it, if it is about the value of a variable; else the error itself. */
export function withCoercionCode(error: GraphQLError): GraphQLError {
  const [node, ...others] = error.nodes ?? [];
  if (node?.kind !== Kind.VARIABLE_DEFINITION || others.length > 0 || error.extensions.code !== undefined) {
    return error;
  }
  const subject = `Variable "$${node.variable.name.value}"`;
  if (!coercionTexts.some((text) => error.message.startsWith(subject + text))) return error;
  return new GraphQLError(error.message, {
    nodes: [node],
    originalError: error.originalError ?? error,
    extensions: { ...error.extensions, code: 'BAD_USER_INPUT' },
  });
}
