import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody } from './errors.ts';

const lingerMs = 2000;

const refusals: Readonly<Record<string, { statusLine: string; text: string }>> = {
  // RFC 6585, section 5.
  HPE_HEADER_OVERFLOW: {
    statusLine: '431 Request Header Fields Too Large',
    text: 'The headers are too large.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    statusLine: '408 Request Timeout',
    text: 'The request took too long to arrive.',
  },
};
const malformed = { statusLine: '400 Bad Request', text: 'The request is malformed.' };

/**
 * Answers what Node's parser refuses and what never becomes a request. The rest of what the client sends is taken in for
 * a while: a socket closed with unread data is reset, and the client would lose the answer.
 */
export function createClientErrorHandler(
  headers: Readonly<Record<string, string>>,
): (error: NodeJS.ErrnoException, socket: Socket) => void {
  const answered = new WeakSet<Socket>();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (error, socket) => {
    // The parser complains of each further piece again.
    if (answered.has(socket)) {
      return;
    }
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    answered.add(socket);
    const { statusLine, text } = refusals[error.code ?? ''] ?? malformed;
    const body = JSON.stringify(errorBody(text, 'BAD_REQUEST'));
    socket.end(
      `HTTP/1.1 ${statusLine}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n${lines.join('')}` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    socket.resume();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };
}

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
