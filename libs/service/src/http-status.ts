import { HeaderMap } from '@apollo/server';
import { RefusalError } from './errors.ts';
import type { ErrorTranslation } from './format-error.ts';

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
