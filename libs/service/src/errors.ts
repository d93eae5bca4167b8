import { HeaderMap } from '@apollo/server';
import { type ErrorCode, findReason, internalErrorText, type Reason } from '@signet/schema/contract';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { ErrorTranslation } from './format-error.ts';

type RefusalOptions = {
  /** Public text instead of the table's. Never holds a secret or a cause. */
  text?: string;
  /** When to try again, where more is known than that it may be soon. In `extensions`, and in the answer's Retry-After. */
  retryAfterSeconds?: number;
  /** For the log only. */
  cause?: unknown;
};

/**
 * A refusal that the caller may know of. `reason` is from the table in schema/contract; code, HTTP status and text follow
 * from it. Everything else that is thrown reaches the caller as INTERNAL_SERVER_ERROR without a word about the cause.
 */
export class RefusalError extends GraphQLError {
  readonly reason: Reason;
  readonly httpStatus: number;
  readonly code: ErrorCode;
  readonly retryAfterSeconds: number | undefined;

  constructor(reason: Reason, { text, retryAfterSeconds, cause }: RefusalOptions = {}) {
    const row = findReason(reason);
    if (!row) {
      throw new TypeError(`The reason '${reason}' is not in schema/contract/errors.ts`);
    }
    super(text ?? row.text, {
      extensions: { code: row.code, reason, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
    });
    this.name = 'RefusalError';
    this.reason = reason;
    this.httpStatus = row.httpStatus;
    this.code = row.code;
    this.retryAfterSeconds = retryAfterSeconds;
    if (cause !== undefined) {
      this.cause = cause;
    }
  }
}

/** `input.<field>`: `badInput('quantity', 'The quantity must be between 1 and 1000.')`. */
export function badInput(field: string, text: string): RefusalError {
  return new RefusalError(`input.${field}`, { text });
}

/** Body of an answer that GraphQL itself never saw: a failed parse of JSON, a wrong Host, an unknown path. */
export function errorBody(
  message: string,
  code: string,
  reason?: string,
): { errors: GraphQLFormattedError[] } {
  return { errors: [{ message, extensions: reason ? { code, reason } : { code } }] };
}

export function internalErrorBody(): { errors: GraphQLFormattedError[] } {
  return errorBody(internalErrorText, 'INTERNAL_SERVER_ERROR');
}

/**
 * Runs `create`; a refusal, or what `translate` makes one, becomes the status of the whole answer, with the headers that
 * RFC 6750 and RFC 9110 ask for.
 */
export async function withHttpStatus<T>(
  create: () => Promise<T> | T,
  translate: ErrorTranslation = () => undefined,
): Promise<T> {
  try {
    return await create();
  } catch (error) {
    const refusal = error instanceof RefusalError ? error : translate(error);
    if (!refusal) {
      throw error;
    }
    refusal.extensions.http = { status: refusal.httpStatus, headers: new HeaderMap(refusalHeaders(refusal)) };
    throw refusal;
  }
}

/** Where nothing better is known. */
export const defaultRetryAfterSeconds = 2;

export function refusalHeaders({ httpStatus, retryAfterSeconds }: RefusalError): [string, string][] {
  if (httpStatus === 401) {
    return [['www-authenticate', 'Bearer error="invalid_token"']];
  }
  return httpStatus === 503 || httpStatus === 429
    ? [['retry-after', String(retryAfterSeconds ?? defaultRetryAfterSeconds)]]
    : [];
}
