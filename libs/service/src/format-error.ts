import { unwrapResolverError } from '@apollo/server/errors';
import { findReason, internalErrorText } from '@signet/schema/contract';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import {
  hideSchemaDetails,
  isRequestErrorCode,
  textOfCoercionError,
  textOfRequestError,
} from './error-texts.ts';
import { RefusalError } from './errors.ts';
import type { Logger } from './logger.ts';

export type ErrorTranslation = (error: unknown) => RefusalError | undefined;

type FormatErrorOptions = {
  logger: Logger;
  /** Turns an error of a library (a database driver's) into a refusal; undefined leaves it an internal error. */
  translate?: ErrorTranslation;
  /** True at the gateway: errors with a `serviceName` come from a subgraph of ours, which has formatted them already. */
  trustsExtensions?: boolean;
  /** Keeps names that the client did not send out of the texts of faults of its document. */
  hideSchemaDetails?: boolean;
};

export type ErrorFormatter = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/** Builds Apollo's `formatError`: refusals and request errors pass, everything else is logged and answered without its cause. */
export function createErrorFormatter(options: FormatErrorOptions): ErrorFormatter {
  const { logger, translate, trustsExtensions = false } = options;
  const conceal = (formatted: GraphQLFormattedError, cause: unknown, message: string) => {
    logger.error({ err: cause, path: formatted.path }, message);
    return internalError();
  };
  const describe: ErrorFormatter = (formatted, error) => {
    const cause = unwrapResolverError(error);
    const refusal = findRefusal(error) ?? translate?.(cause);
    if (refusal) {
      logOutage(logger, refusal);
      return publicError(refusal.message, refusal.code, refusal.reason, refusal.retryAfterSeconds);
    }
    const { code, serviceName } = formatted.extensions ?? {};
    if (trustsExtensions && serviceName !== undefined) {
      return (
        passOn(formatted) ??
        conceal(formatted, error, `the subgraph ${serviceName} gave an error without a reason`)
      );
    }
    const coercion = textOfCoercionError(formatted);
    if (coercion) {
      return publicError(coercion.text, 'BAD_USER_INPUT', coercion.field && `input.${coercion.field}`);
    }
    if (isRequestErrorCode(code)) {
      const text = textOfRequestError(formatted);
      const isHidden = options.hideSchemaDetails && code === 'GRAPHQL_VALIDATION_FAILED';
      return publicError(isHidden ? hideSchemaDetails(text, sourceOf(error)) : text, code);
    }
    return conceal(formatted, cause, 'a resolver failed');
  };
  return (formatted, error) => ({ ...describe(formatted, error), ...placeOf(formatted) });
}

/** New each time, as all errors here: what is shared between answers, one request could change for another. */
function internalError(): GraphQLFormattedError {
  return publicError(internalErrorText, 'INTERNAL_SERVER_ERROR');
}

function publicError(
  message: string,
  code: string,
  reason?: string,
  retryAfterSeconds?: number,
): GraphQLFormattedError {
  return {
    message,
    extensions: {
      code,
      ...(reason && { reason }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    },
  };
}

/**
 * A subgraph's error, when it is one that its own formatter lets out: a reason of our table with the code that belongs to
 * it, or an internal error, which that subgraph has logged. A subgraph that finds fault with the gateway's document
 * (GRAPHQL_VALIDATION_FAILED) is no fault of the client's: undefined.
 */
function passOn({ message, extensions }: GraphQLFormattedError): GraphQLFormattedError | undefined {
  const { code, reason, retryAfterSeconds } = extensions ?? {};
  if (typeof reason === 'string' && findReason(reason)?.code === code) {
    return publicError(
      message,
      String(code),
      reason,
      Number.isSafeInteger(retryAfterSeconds) ? (retryAfterSeconds as number) : undefined,
    );
  }
  if (code === 'BAD_USER_INPUT') {
    return publicError('An input value is not of its type.', code);
  }
  return code === 'INTERNAL_SERVER_ERROR' ? internalError() : undefined;
}

/** The cause of an outage is the operator's business, though the answer says nothing of it. */
function logOutage(logger: Logger, refusal: RefusalError): void {
  if (refusal.httpStatus >= 500 && refusal.cause !== undefined) {
    logger.error({ err: refusal.cause, reason: refusal.reason }, 'a request was refused: something is down');
  }
}

/** Apollo and graphql-js wrap what a context function or a resolver throws, each in a field of its own. */
function findRefusal(error: unknown): RefusalError | undefined {
  for (let current: unknown = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    if (current instanceof RefusalError) {
      return current;
    }
    current = 'originalError' in current ? (current.originalError ?? current.cause) : current.cause;
  }
  return undefined;
}

/** The document in which the fault is. */
function sourceOf(error: unknown): string | undefined {
  return (error as Partial<GraphQLError> | undefined)?.source?.body;
}

function placeOf({ locations, path }: GraphQLFormattedError) {
  return { ...(locations && { locations }), ...(path && { path }) };
}
