import {
  type Challenge,
  type Check,
  type ErrorCode,
  findReason,
  internalErrorText,
  type Reason,
  type StepUp,
  stepUpChallenge,
} from '@signet/schema/contract';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';

type RefusalOptions = {
  /** Public text in place of the table's. Must hold no secret and no cause. */
  text?: string;
  /** When to try again, where that is known. Stands in `extensions` and in the header Retry-After. */
  retryAfterSeconds?: number;
  /** Of `auth.challenge_required`. Stands in `extensions`. */
  challenge?: Challenge;
  /** What a recent sign-in must be like, with `authz.step_up.required`. Stands in `extensions` and in the challenge. */
  stepUp?: StepUp | undefined;
  /** The check that refuses, where the reason does not name it. Never sent. */
  check?: Check | undefined;
  /** What was counted, and the most that is allowed. Never sent. */
  excess?: { found: number; allowed: number } | undefined;
  /** For the log only. */
  cause?: unknown;
};

const brand = Symbol.for('signet.RefusalError');

/**
 * A refusal that the client may see. `reason` is from the table in schema/contract; code, HTTP status and text follow from it.
 * Every other error reaches the client as INTERNAL_SERVER_ERROR, without its cause.
 */
export class RefusalError extends GraphQLError {
  /** True also for a refusal of another copy of this class: each published package holds one. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }

  readonly reason: Reason;
  readonly httpStatus: number;
  readonly code: ErrorCode;
  readonly retryAfterSeconds: number | undefined;
  readonly challenge: Challenge | undefined;
  readonly stepUp: StepUp | undefined;
  readonly check: Check | undefined;
  readonly excess: RefusalOptions['excess'];

  constructor(
    reason: Reason,
    { text, retryAfterSeconds, challenge, stepUp, check, excess, cause }: RefusalOptions = {},
  ) {
    const row = findReason(reason);
    if (!row) {
      throw new TypeError(`The reason '${reason}' is not in schema/contract/errors.ts`);
    }
    super(text ?? row.text, {
      extensions: {
        code: row.code,
        reason,
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
        ...(challenge && { challenge }),
        ...(stepUp && { stepUp }),
      },
    });
    this.name = 'RefusalError';
    Object.defineProperty(this, brand, { value: true });
    this.reason = reason;
    this.httpStatus = row.httpStatus;
    this.code = row.code;
    this.retryAfterSeconds = retryAfterSeconds;
    this.challenge = challenge;
    this.stepUp = stepUp;
    this.check = check;
    this.excess = excess;
    if (cause !== undefined) {
      this.cause = cause;
    }
  }
}

/** HTTP 400 for a request that can't be read, before GraphQL begins. The client sees the text. */
export class MalformedRequestError extends Error {
  override readonly name = 'MalformedRequestError';
  readonly statusCode = 400;
}

/** `input.<field>`: `badInput('quantity', 'The quantity must be between 1 and 1000.')`. */
export function badInput(field: string, text: string): RefusalError {
  return new RefusalError(`input.${field}`, { text });
}

/** Body of an answer to a request that never reached GraphQL: JSON that does not parse, a wrong Host, an unknown path. */
export function errorBody(
  message: string,
  code: string,
  reason?: string,
  requestId?: string,
): { errors: GraphQLFormattedError[] } {
  const extensions = { code, ...(reason && { reason }), ...(requestId !== undefined && { requestId }) };
  return { errors: [{ message, extensions }] };
}

export function internalErrorBody(requestId?: string): { errors: GraphQLFormattedError[] } {
  return errorBody(internalErrorText, 'INTERNAL_SERVER_ERROR', undefined, requestId);
}

/** Turns an error of a library (a database driver's) into a refusal; undefined leaves it an internal error. */
export type ErrorTranslation = (error: unknown) => RefusalError | undefined;

/**
 * Runs `create`. If it throws a refusal, or an error that `translate` turns into one, that decides the HTTP status of the whole
 * answer and its headers (RFC 6750, RFC 9110).
 */
export async function withHttpStatus<T>(
  create: () => Promise<T> | T,
  translate: ErrorTranslation = () => undefined,
): Promise<T> {
  try {
    return await create();
  } catch (error) {
    throw addHttpStatus(error, translate);
  }
}

/** The error to throw in place of one: a refusal with its status, as in `withHttpStatus`, or the same. */
export function addHttpStatus(error: unknown, translate: ErrorTranslation = () => undefined): unknown {
  const refusal = error instanceof RefusalError ? error : translate(error);
  if (!refusal) return error;
  // Apollo Server asks for a Map. Whatever serves GraphQL without it loads this file as well.
  refusal.extensions.http = { status: refusal.httpStatus, headers: new Map(refusalHeaders(refusal)) };
  return refusal;
}

/** Retry-After of a refusal that names no time. */
export const defaultRetryAfterSeconds = 2;

export function refusalHeaders({ httpStatus, retryAfterSeconds, stepUp }: RefusalError): [string, string][] {
  if (stepUp) {
    return [['www-authenticate', stepUpChallenge(stepUp)]];
  }
  if (httpStatus === 401) {
    return [['www-authenticate', 'Bearer error="invalid_token"']];
  }
  return httpStatus === 503 || httpStatus === 429
    ? [['retry-after', String(retryAfterSeconds ?? defaultRetryAfterSeconds)]]
    : [];
}
