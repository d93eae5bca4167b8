import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** What came over a connection is not PostgreSQL's protocol: bytes were changed on the way, or something else answers. */
export class BrokenProtocolError extends Error {
  override readonly name = 'BrokenProtocolError';
}

/** Of a pg.Client; private in its types. */
type Connection = EventEmitter & { attachListeners(stream: Socket): void };

/**
 * Call it on a new pg.Client. pg reads answers in an event of the socket, where nobody catches what its parser throws: one
 * changed byte would end the process. Nor does it give up a connection whose messages it can't read. With this, the connection
 * is destroyed, and what waits on it fails with a BrokenProtocolError.
 */
export function guardProtocol(client: object): void {
  const { connection } = client as { connection: Connection };
  const attach = connection.attachListeners;
  connection.attachListeners = (stream) => {
    attach.call(connection, stream);
    const read = stream.listeners('data').at(-1) as (chunk: Buffer) => void;
    stream.off('data', read);
    stream.on('data', (chunk: Buffer) => {
      try {
        read(chunk);
      } catch (cause) {
        stream.destroy(new BrokenProtocolError('the database sent what is not its protocol', { cause }));
      }
    });
  };
  // Each error of the server has a code (PostgreSQL manual, 54.8); the parser's own, for a message of no known type, has none.
  connection.prependListener('errorMessage', (error: { code?: string }) => {
    if (error.code === undefined) throw error;
  });
}
