import { connect, type Socket } from 'node:net';

export type LoadOrder = {
  port: number;
  path: string;
  /** Sent in turn, over all connections together. `answer` is the place in `answers` of the one that is right. */
  requests: { headers: Record<string, string>; body: string; answer: number }[];
  answers: string[];
  connections: number;
  seconds: number;
  /** Ends after so many requests, where that is earlier. */
  count?: number | undefined;
};

export type LoadResult = {
  answered: number;
  wrong: number;
  /** From the first byte sent to the last one received. */
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  /** The first wrong answer. */
  example: string | undefined;
};

/**
 * Asks a server on this machine as fast as it answers, with one request under way on each connection. Reads HTTP/1.1 itself:
 * a client library would need as much of the core as what is measured.
 */
export async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const answers = order.answers.map((text) => Buffer.from(text));
  const requests = order.requests.map((request) => ({
    bytes: formatRequest(order, request),
    right: answers[request.answer] as Buffer,
  }));
  const latencies: number[] = [];
  let wrong = 0;
  let example: string | undefined;
  let next = 0;
  const last = order.count ?? Number.POSITIVE_INFINITY;
  const begun = performance.now();
  const end = begun + order.seconds * 1000;
  const runConnection = async () => {
    const client = await openClient(order.port);
    try {
      while (performance.now() < end && next < last) {
        const { bytes, right } = requests[next++ % requests.length] as (typeof requests)[number];
        const sentAt = performance.now();
        const { status, body } = await client.ask(bytes);
        latencies.push(performance.now() - sentAt);
        if (status !== 200 || !body.equals(right)) {
          wrong += 1;
          example ??= `${status} ${body.subarray(0, 300)}`;
        }
      }
    } finally {
      client.close();
    }
  };
  await Promise.all(Array.from({ length: order.connections }, runConnection));
  const seconds = (performance.now() - begun) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  return {
    answered: latencies.length,
    wrong,
    seconds,
    p50Ms: at(0.5) ?? Number.NaN,
    p99Ms: at(0.99) ?? Number.NaN,
    example,
  };
}

function formatRequest({ port, path }: LoadOrder, { headers, body }: LoadOrder['requests'][number]): Buffer {
  const all = {
    host: `127.0.0.1:${port}`,
    'content-type': 'application/json',
    accept: 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

type HttpAnswer = { status: number; body: Buffer };
type HttpClient = { ask(request: Buffer): Promise<HttpAnswer>; close(): void };

async function openClient(port: number): Promise<HttpClient> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let received: Buffer = Buffer.alloc(0);
  let waiting: { resolve(answer: HttpAnswer): void; reject(error: Error): void } | undefined;
  const fail = (error: Error) => {
    waiting?.reject(error);
    waiting = undefined;
  };
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = readHttp(received);
    if (!answer) return;
    received = Buffer.alloc(0);
    const { resolve } = waiting ?? {};
    waiting = undefined;
    resolve?.(answer);
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

const endOfHead = Buffer.from('\r\n\r\n');

/** The answer that these bytes hold, once it is whole. Only one is under way, so nothing follows it. */
export function readHttp(bytes: Buffer): HttpAnswer | undefined {
  const headEnd = bytes.indexOf(endOfHead);
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const bodyStart = headEnd + endOfHead.length;
  const status = Number(head.slice(9, 12));
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (length !== undefined) {
    const bodyEnd = bodyStart + Number(length);
    return bytes.length < bodyEnd ? undefined : { status, body: bytes.subarray(bodyStart, bodyEnd) };
  }
  const body = readChunks(bytes.subarray(bodyStart));
  return body && { status, body };
}

/** RFC 9112, section 7.1. Undefined until the last chunk is there. */
function readChunks(bytes: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}
