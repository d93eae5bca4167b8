import type { ServerResponse } from 'node:http';
import { internalErrorText } from '@signet/schema/contract';
import {
  createOutageLog,
  errorBody,
  type Logger,
  MalformedRequestError,
  RefusalError,
  refusalHeaders,
} from '@signet/service';
import { BodyTooLargeError } from './read-body.ts';

type Refused = { status: number; body: object; headers?: readonly (readonly [string, string])[] };

export type RefusalAnswer = (response: ServerResponse, error: unknown) => void;

/** Creates what answers a request that comes to no resolver, by the table of docs/errors.md. Causes are logged and not sent. */
export function createRefusalAnswer(logger: Logger): RefusalAnswer {
  const logOutage = createOutageLog(logger);
  return (response, error) => {
    if (error instanceof RefusalError) logOutage(error);
    const { status, body, headers = [] } = describe(error, logger);
    answerJson(response, status, body, headers);
  };
}

/** Writes a whole answer. Nothing may keep it: it is for one caller. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: readonly (readonly [string, string])[] = [],
): void {
  if (response.headersSent || response.destroyed) return;
  for (const [name, value] of headers) response.setHeader(name, value);
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
    })
    .end(JSON.stringify(body));
}

function describe(error: unknown, logger: Logger): Refused {
  if (error instanceof RefusalError) {
    return {
      status: error.httpStatus,
      body: errorBody(error.message, error.code, error.reason),
      headers: refusalHeaders(error),
    };
  }
  if (error instanceof MalformedRequestError) {
    return { status: 400, body: errorBody(error.message, 'BAD_REQUEST') };
  }
  if (error instanceof BodyTooLargeError) {
    return {
      status: 413,
      body: errorBody('The body is too large.', 'BAD_REQUEST'),
      headers: [['connection', 'close']],
    };
  }
  if ((error as { statusCode?: unknown } | null)?.statusCode === 415) {
    return {
      status: 415,
      body: errorBody('Send the operation as application/json, in UTF-8 and not compressed.', 'BAD_REQUEST'),
      headers: [['accept-encoding', 'identity']],
    };
  }
  logger.error({ err: error }, 'a request failed in the guards');
  return { status: 500, body: errorBody(internalErrorText, 'INTERNAL_SERVER_ERROR') };
}
