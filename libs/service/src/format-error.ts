import { unwrapResolverError } from '@apollo/server/errors';
import { findReason, internalErrorText, isErrorCode } from '@signet/schema/contract';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { RefusalError } from './errors.ts';
import type { Logger } from './logger.ts';

export type ErrorTranslation = (error: unknown) => RefusalError | undefined;

/** Apollo Server's codes for faults of the request itself; their texts speak of the document only. */
const requestErrorCodes = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'BAD_REQUEST',
]);

type FormatErrorOptions = {
  logger: Logger;
  /** Turns an error of a library (a database driver's) into a refusal; undefined leaves it an internal error. */
  translate?: ErrorTranslation;
  /** True at the gateway: GraphQL errors with a code of our table come from a subgraph, which has formatted them already. */
  trustsExtensions?: boolean;
};

/** Builds Apollo's `formatError`: refusals and request errors pass, everything else is logged and answered without its cause. */
export function createErrorFormatter({ logger, translate, trustsExtensions = false }: FormatErrorOptions) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const cause = unwrapResolverError(error);
    const place = placeOf(formatted);
    const refusal = findRefusal(error) ?? translate?.(cause);
    if (refusal) {
      return {
        message: refusal.message,
        ...place,
        extensions: { code: refusal.code, reason: refusal.reason },
      };
    }
    const code = formatted.extensions?.code;
    if (code === 'BAD_USER_INPUT' && !trustsReason(formatted, trustsExtensions)) {
      return { ...coercionError(formatted), ...place };
    }
    if (typeof code === 'string' && requestErrorCodes.has(code)) {
      return { message: formatted.message, ...place, extensions: { code } };
    }
    if (trustsExtensions && isErrorCode(code) && code !== 'INTERNAL_SERVER_ERROR') {
      return { message: formatted.message, ...place, extensions: publicExtensions(code, formatted) };
    }
    if (!(trustsExtensions && code === 'INTERNAL_SERVER_ERROR')) {
      logger.error({ err: cause, path: formatted.path }, 'a resolver failed');
    }
    return { message: internalErrorText, ...place, extensions: { code: 'INTERNAL_SERVER_ERROR' } };
  };
}

/** Apollo wraps what a context function or a resolver throws; an error thrown through another realm's class is none of ours. */
function findRefusal(error: unknown): RefusalError | undefined {
  for (let current: unknown = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    if (current instanceof RefusalError) {
      return current;
    }
    current = current instanceof GraphQLError ? current.originalError : current.cause;
  }
  return undefined;
}

function placeOf({ locations, path }: GraphQLFormattedError) {
  return { ...(locations && { locations }), ...(path && { path }) };
}

function trustsReason(formatted: GraphQLFormattedError, trustsExtensions: boolean): boolean {
  return trustsExtensions && typeof formatted.extensions?.reason === 'string';
}

function publicExtensions(code: string, formatted: GraphQLFormattedError) {
  const reason = formatted.extensions?.reason;
  return typeof reason === 'string' && findReason(reason)?.code === code ? { code, reason } : { code };
}

/** graphql-js echoes the value of a variable that it can't coerce, which may be a password. Keep the place, drop the value. */
function coercionError(formatted: GraphQLFormattedError): GraphQLFormattedError {
  const [, variable = ''] = /^Variable "\$(\w+)"/.exec(formatted.message) ?? [];
  const [, at = variable] = /\bat "([\w.[\]]+)"/.exec(formatted.message) ?? [];
  const field = at.split(/[.[\]]/).findLast((part) => /^[A-Za-z]\w*$/.test(part));
  const message = at
    ? `The variable "$${at}" is missing or not of its type.`
    : 'An input value is not of its type.';
  return { message, extensions: { code: 'BAD_USER_INPUT', ...(field && { reason: `input.${field}` }) } };
}
