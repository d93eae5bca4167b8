import type { IncomingMessage } from 'node:http';

/** The body is larger than the limit. HTTP 413. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/**
 * Reads the bytes of a body as they came. Somebody else's parser must not have read them: a signature is over bytes, and two texts
 * of JSON can have one value.
 *
 * @throws {BodyTooLargeError} @throws {TypeError} where the body was read before.
 * @returns undefined where the client went away before its end.
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  if (request.readableDidRead || request.readableEnded) {
    throw new TypeError('the body was read before the guards: no body parser may stand before guards.gate');
  }
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw new BodyTooLargeError();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limitBytes) return void chunks.push(chunk);
      // The rest is read by nobody: who refuses the request closes its connection.
      request.off('data', take).pause();
      reject(new BodyTooLargeError());
    };
    request
      .on('data', take)
      .once('end', () => resolve(Buffer.concat(chunks, length)))
      .once('error', () => resolve(undefined))
      .once('close', () => resolve(undefined));
  });
}
