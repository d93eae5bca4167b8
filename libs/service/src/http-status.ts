import { HeaderMap } from '@apollo/server';
import { RefusalError } from './errors.ts';

/** A process, or a part of the launcher, that serves HTTP. `stop` answers what is under way, then closes. */
export type RunningServer = { url: string; stop(): Promise<void> };

/** Runs `create`; a refusal becomes the status of the whole answer, with the headers that RFC 6750 and RFC 9110 ask for. */
export async function withHttpStatus<T>(create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    if (error instanceof RefusalError) {
      error.extensions.http = { status: error.httpStatus, headers: new HeaderMap(refusalHeaders(error)) };
    }
    throw error;
  }
}

function refusalHeaders(error: RefusalError): [string, string][] {
  if (error.httpStatus === 401) {
    return [['www-authenticate', 'Bearer error="invalid_token"']];
  }
  return error.httpStatus === 503 || error.httpStatus === 429 ? [['retry-after', '2']] : [];
}
