import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Follows connections that have sent nothing yet, such as browsers and pools open ahead. Node counts them as busy, not as idle:
 * a server that closes would wait for each of them until its headers are due. The function returned closes them, and
 * all that come after.
 */
export function followUnusedConnections(server: Server): () => void {
  const unused = new Set<Socket>();
  let isClosing = false;
  server.on('connection', (socket: Socket) => {
    if (isClosing) {
      socket.destroy();
      return;
    }
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  return () => {
    isClosing = true;
    for (const socket of unused) {
      if (socket.bytesRead === 0) socket.destroy();
    }
  };
}
