import { once } from 'node:events';
import { connect } from 'node:net';

/** A client that costs little: one request at a time on a connection that is kept alive, requests and answers as text. */
export type RawClient = {
  /** @param request of HTTP/1.1, complete. @returns the answer with its head. It must have a Content-Length. */
  ask(request: string): Promise<string>;
  close(): void;
};

export async function openRawClient(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  let received = '';
  let waiting: { resolve(answer: string): void; reject(error: Error): void } | undefined;
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    const end = received.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
    if (end < 0 || received.length < end + 4 + length) return;
    const answer = received;
    received = '';
    waiting?.resolve(answer);
  });
  socket.on('close', () => waiting?.reject(new Error(`the connection was closed after: ${received}`)));
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        // A write to it would say nothing, and no answer would come.
        if (socket.destroyed) return reject(new Error('the connection was closed while nothing was asked'));
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}
