import {
  type Challenge,
  findReason,
  internalErrorText,
  readChallenge,
  type StepUp,
} from '@signet/schema/contract';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { findScalarFault } from './custom-scalars.ts';
import {
  hideSchemaDetails,
  isRequestErrorCode,
  textOfCoercionError,
  textOfRequestError,
} from './error-texts.ts';
import { type ErrorTranslation, RefusalError } from './errors.ts';
import type { Logger } from './logger.ts';
import { createOutageLog } from './outage-log.ts';
import { findRequestIds, type RequestIds } from './request-ids.ts';

/** Of one request: whoever finds a field that fails may ask for it at a thousand places, again and again. */
const maxLines = 10;

type FormatErrorOptions = {
  logger: Logger;
  translate?: ErrorTranslation;
  /** True at the gateway: errors with a `serviceName` come from one of our subgraphs, which has formatted them already. */
  trustsExtensions?: boolean;
  /** Removes names that the client did not send from the texts about its document. */
  hideSchemaDetails?: boolean;
  /** True in a server with an error format of its own: what its resolvers throw as GraphQLError keeps text and extensions. */
  passesOwnErrors?: boolean;
};

export type ErrorFormatter = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/** Builds Apollo's `formatError`. Refusals and request errors pass; every other error is logged and answered without its cause. */
export function createErrorFormatter(options: FormatErrorOptions): ErrorFormatter {
  const { logger, translate, trustsExtensions = false } = options;
  const logOutage = createOutageLog(logger);
  const linesOf = new WeakMap<RequestIds, number>();
  const conceal = (formatted: GraphQLFormattedError, cause: unknown, message: string) => {
    const ids = findRequestIds();
    const lines = (ids && linesOf.get(ids)) ?? 0;
    if (ids) linesOf.set(ids, lines + 1);
    if (lines < maxLines) logger.error({ err: cause, path: formatted.path }, message);
    else if (lines === maxLines) logger.error('further errors of this request are not logged');
    return internalError();
  };
  const describe: ErrorFormatter = (formatted, error) => {
    const cause = causeOf(error);
    const refusal = findRefusal(error) ?? translate?.(cause);
    if (refusal) {
      logOutage(refusal);
      return publicError(refusal.message, refusal.code, refusal.reason, refusal);
    }
    const { code, serviceName } = formatted.extensions ?? {};
    if (trustsExtensions && serviceName !== undefined) {
      return (
        passOn(formatted) ??
        conceal(formatted, error, `the subgraph ${serviceName} gave an error without a reason`)
      );
    }
    const coercion = findScalarFault(error) ?? textOfCoercionError(formatted);
    if (coercion) {
      return publicError(coercion.text, 'BAD_USER_INPUT', coercion.field && `input.${coercion.field}`);
    }
    if (isRequestErrorCode(code)) {
      const text = textOfRequestError(formatted);
      const isHidden = options.hideSchemaDetails && code === 'GRAPHQL_VALIDATION_FAILED';
      return publicError(isHidden ? hideSchemaDetails(text, sourceOf(error)) : text, code);
    }
    if (options.passesOwnErrors && isMeantForClients(error)) {
      const { http: _http, stacktrace: _stack, ...extensions } = formatted.extensions ?? {};
      return { message: formatted.message, extensions };
    }
    return conceal(formatted, cause, 'a resolver failed');
  };
  return (formatted, error) => ({ ...describe(formatted, error), ...placeOf(formatted) });
}

/** A new object each time: an object that answers share could be changed by one request for another. */
function internalError(): GraphQLFormattedError {
  return publicError(internalErrorText, 'INTERNAL_SERVER_ERROR');
}

/** What an error may say beside code and reason. */
type PublicDetails = {
  retryAfterSeconds?: number | undefined;
  challenge?: Challenge | undefined;
  stepUp?: StepUp | undefined;
};

function publicError(
  message: string,
  code: string,
  reason?: string,
  { retryAfterSeconds, challenge, stepUp }: PublicDetails = {},
): GraphQLFormattedError {
  return {
    message,
    extensions: {
      code,
      ...(reason && { reason }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      ...(challenge && { challenge }),
      ...(stepUp && { stepUp: { maxAge: stepUp.maxAge } }),
    },
  };
}

/**
 * A subgraph's error, if that subgraph's formatter can have written it: a reason of our table with its code, or an internal
 * error, which the subgraph has logged. Undefined for every other error. So is GRAPHQL_VALIDATION_FAILED: the gateway wrote
 * that document, not the client.
 */
function passOn({ message, extensions }: GraphQLFormattedError): GraphQLFormattedError | undefined {
  const { code, reason, retryAfterSeconds, challenge, stepUp } = extensions ?? {};
  if (typeof reason === 'string' && findReason(reason)?.code === code) {
    return publicError(message, String(code), reason, {
      retryAfterSeconds: Number.isSafeInteger(retryAfterSeconds) ? (retryAfterSeconds as number) : undefined,
      challenge: reason === 'auth.challenge_required' ? readChallenge(challenge) : undefined,
      stepUp: readStepUp(stepUp),
    });
  }
  if (code === 'BAD_USER_INPUT') {
    return publicError('An input value is not of its type.', code);
  }
  return code === 'INTERNAL_SERVER_ERROR' ? internalError() : undefined;
}

/** What a subgraph says of a step-up, if it has the form of ours. */
function readStepUp(value: unknown): StepUp | undefined {
  const { maxAge } = (value ?? {}) as Partial<StepUp>;
  return Number.isSafeInteger(maxAge) ? { maxAge: maxAge as number } : undefined;
}

/** The refusal in an error. Apollo wraps what a context function throws, graphql-js what a resolver throws; each in another field. */
export function findRefusal(error: unknown): RefusalError | undefined {
  for (let current: unknown = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    if (current instanceof RefusalError) {
      return current;
    }
    current = 'originalError' in current ? (current.originalError ?? current.cause) : current.cause;
  }
  return undefined;
}

/** What a resolver threw: graphql-js wraps it into an error with the path of the field. */
function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.path && error.originalError ? error.originalError : error;
}

/** Texts of graphql-js about a value that is not of its type: they hold the value. */
const valueTexts = / cannot represent |^Expected value of type |^Abstract type /;

/** Whether a resolver threw a GraphQLError of its own. */
function isMeantForClients(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof GraphQLError && !cause.originalError && !valueTexts.test(cause.message);
}

/** The text of the document that the error is about. */
function sourceOf(error: unknown): string | undefined {
  return (error as Partial<GraphQLError> | undefined)?.source?.body;
}

function placeOf({ locations, path }: GraphQLFormattedError) {
  return { ...(locations && { locations }), ...(path && { path }) };
}
