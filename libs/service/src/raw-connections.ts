import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody } from './errors.ts';
import { noteRefusal } from './refusal-notes.ts';
import { type RequestFollower, requestIdHeader, requestIdOf } from './request-follower.ts';
import { createRequestValue } from './request-value.ts';

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
 * Answers what Node's parser refuses, which never becomes a request. The rest of what the client sends is read for a limited
 * time: a socket that is closed with unread data is reset, and the client loses the answer. `earlyAnswers` holds the requests that were
 * answered before all of them had arrived: what is wrong with the rest of one gets no second answer.
 */
export function createClientErrorHandler(
  headers: Readonly<Record<string, string>>,
  earlyAnswers: WeakMap<Socket, IncomingMessage>,
): (error: NodeJS.ErrnoException, socket: Socket) => void {
  const answered = new WeakSet<Socket>();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (error, socket) => {
    // The parser reports each further piece again.
    if (answered.has(socket)) {
      return;
    }
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    if (earlyAnswers.get(socket)?.complete === false) {
      answered.add(socket);
      socket.end();
      socket.resume();
      setTimeout(() => socket.destroy(), lingerMs).unref();
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

/** Refuses a request that no hook and no route will see, in the same form as every other refusal. */
export function createRawRefusal(
  headers: Readonly<Record<string, string>>,
  follower?: Pick<RequestFollower, 'refused'>,
): (response: Pick<ServerResponse, 'writeHead' | 'end' | 'req'>, status: number, text: string) => void {
  return (response, status, text) => {
    const id = follower && requestIdOf(response.req);
    const refused = errorBody(text, 'BAD_REQUEST', undefined, id);
    noteRefusal(response.req, { check: 'HOST' });
    follower?.refused(response.req, refused.errors, status);
    const body = JSON.stringify(refused);
    response.writeHead(status, {
      ...headers,
      ...(id !== undefined && { [requestIdHeader]: id }),
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      // The next bytes on this connection may be the body of the refused request.
      connection: 'close',
    });
    response.end(body);
  };
}

/**
 * Tracks connections that have sent nothing yet; browsers and pools open some in advance. Node counts them as busy, so a server
 * that closes would wait for each until its header timeout. The function returned closes them, and every later connection.
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

/** The requests of one connection. */
type Pipeline = { underWay: number; isRefused: boolean };

/**
 * Closes a connection whose client has sent more than `most` requests without waiting for the answers (pipelining, RFC 9112,
 * section 9.3.2). Node reads up to 2 MB of a connection in a turn of the event loop and hands over all requests in them: nobody else is
 * served meanwhile. So one that is answered at once still counts until the turn ends. No browser and no proxy in common use
 * pipelines. The function returned says whether a request's connection was closed for that: those that had been read with it still come.
 */
export function limitPipelining(server: Server, most: number): (request: IncomingMessage) => boolean {
  const pipelines = createRequestValue<Pipeline, Socket>('pipeline');
  /** Those of the requests that were answered in this turn, one for each request. */
  let answered: Pipeline[] = [];
  const endTurn = () => {
    for (const pipeline of answered) pipeline.underWay -= 1;
    answered = [];
  };
  // First: a request counts before any work is done for it.
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    let pipeline = pipelines.of(socket);
    if (!pipeline) {
      pipeline = { underWay: 0, isRefused: false };
      pipelines.set(socket, pipeline);
    }
    if (pipeline.isRefused) return;
    pipeline.underWay += 1;
    response.on('close', () => {
      if (answered.push(pipeline) === 1) setImmediate(endTurn);
    });
    if (pipeline.underWay <= most) return;
    pipeline.isRefused = true;
    socket.destroy();
  });
  return ({ socket }) => pipelines.of(socket)?.isRefused ?? false;
}
