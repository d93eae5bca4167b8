import type { ServerResponse } from 'node:http';
import { errorBody } from './errors.ts';

/** Refuses a request that no hook or route will see, in the form of all others. */
export function createRawRefusal(
  headers: Readonly<Record<string, string>>,
): (response: Pick<ServerResponse, 'writeHead' | 'end'>, status: number, text: string) => void {
  return (response, status, text) => {
    const body = JSON.stringify(errorBody(text, 'BAD_REQUEST'));
    response.writeHead(status, {
      ...headers,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      // What follows on this connection may be the body of what was refused.
      connection: 'close',
    });
    response.end(body);
  };
}
