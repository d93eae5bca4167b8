import { connect } from 'node:net';

/** All that came back, possibly several answers; `statuses` in their order. Empty: closed or reset without an answer. */
export type RawReply = { text: string; statuses: number[]; isOpen: boolean };

/** Sends bytes as they are, then listens until the server closes the connection or `listenMs` are over. */
export function sendRaw(
  url: string,
  pieces: readonly (string | Buffer)[],
  listenMs = 1500,
): Promise<RawReply> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname);
    const finish = (isOpen: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
      resolve({ text, statuses, isOpen });
    };
    const timer = setTimeout(() => finish(true), listenMs);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    for (const piece of pieces) socket.write(piece);
  });
}

/** A request head and body, with exactly these header lines; the connection is closed after the answer unless they say otherwise. */
export function writeRequest(requestLine: string, headers: readonly string[], body = ''): string {
  return `${[requestLine, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** Header lines of an honest operation, of which attacks change one. */
export function jsonHeaders(url: string, body: string): string[] {
  return [
    `Host: ${new URL(url).host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
}
