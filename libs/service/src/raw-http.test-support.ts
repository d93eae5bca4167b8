import { once } from 'node:events';
import { connect } from 'node:net';

export type RawAnswer = { status: number; headers: Record<string, string>; body: unknown };

/** Sends bytes as they are, and reads until the server ends. `body` is undefined where the answer has none. */
export async function sendBytes(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    answer += piece;
  });
  socket.write(bytes);
  await Promise.race([
    once(socket, 'end'),
    once(socket, 'error').then(([error]) => Promise.reject(error as Error)),
  ]);
  socket.destroy();
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    ),
    body: body === '' ? undefined : JSON.parse(body),
  };
}
