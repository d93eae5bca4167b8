// What does a request cost the process of a subgraph, without its database? npm run bench -- bench/subgraph-request.ts [seconds]
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProofIdentity, createProofSet, proofPathsOf, writeProofSet } from '@signet/proof';
import { formatSignetContext, withTimeout } from '@signet/service';
import { createTestIssuer } from '../libs/testing/src/issuer.ts';
import { percentile } from './support/measure.ts';
import { type Work, works } from './support/subgraph-process.ts';

const seconds = Number(process.argv[2] ?? 3);
const rounds = 5;
const connections = 8;
/** Tokens in turn, as of many callers. */
const callers = 50;

const folder = mkdtempSync(join(tmpdir(), 'signet-bench-'));
chmodSync(folder, 0o700);
const set = createProofSet();
writeProofSet(folder, set);
const issuer = await createTestIssuer();
const tenantId = randomUUID();
const tokens = await Promise.all(
  Array.from({ length: callers }, () => issuer.mintUserToken({ tenantId, userId: randomUUID() })),
);
const name = 'gateway-graph';
const { signer } = createProofIdentity({ name, keys: set.keyFiles[name] as never, peers: set.peers });

const figures = new Map<string, number[]>(Object.keys(works).map((work) => [work, []]));
const children = new Map<string, { child: ChildProcess; port: number }>();
try {
  for (const [title, work] of Object.entries(works)) {
    const child = fork(
      join(import.meta.dirname, 'support/subgraph-process.ts'),
      [
        title,
        JSON.stringify({
          issuerUrl: issuer.issuerUrl,
          jwksUrls: issuer.jwksUrls,
          ...proofPathsOf(folder, work.subgraph),
        }),
      ],
      { execArgv: process.env.BENCH_EXEC_ARGV?.split(' ') ?? [] },
    );
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    children.set(title, { child, port });
  }
  for (let round = 0; round <= rounds; round++) {
    for (const [title, work] of Object.entries(works)) {
      const { child, port } = children.get(title) as { child: ChildProcess; port: number };
      const cost = await measure(child, port, work);
      if (round > 0) figures.get(title)?.push(cost);
    }
  }
  for (const [title, costs] of figures) {
    console.log(
      `${title.padEnd(32)} ${percentile(costs, 0.5).toFixed(0)} µs of CPU a request (${costs.map((cost) => cost.toFixed(0)).join(', ')})`,
    );
  }
} finally {
  for (const { child } of children.values()) {
    child.send('stop');
    await once(child, 'exit');
  }
  await issuer.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Sends for `seconds` over connections that are kept alive, and returns the CPU of the process for each request, in µs. */
async function measure(child: ChildProcess, port: number, work: Work): Promise<number> {
  const clients = await Promise.all(Array.from({ length: connections }, () => openClient(port)));
  const before = await readCpu(child);
  const end = performance.now() + seconds * 1000;
  const counts = await Promise.all(
    clients.map(async (client, index) => {
      let count = 0;
      for (; performance.now() < end; count++) {
        const answer = await client.ask(
          createRequest(work, tokens[(index + count * connections) % callers] ?? ''),
        );
        if (!answer.startsWith('HTTP/1.1 200') || !answer.includes(work.expected)) throw new Error(answer);
      }
      return count;
    }),
  );
  const cost = ((await readCpu(child)) - before) / counts.reduce((sum, count) => sum + count, 0);
  for (const client of clients) client.close();
  return cost;
}

async function readCpu(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage];
  return user + system;
}

function createRequest({ subgraph, request }: Work, token: string): string {
  const body = JSON.stringify(request);
  const context = formatSignetContext({
    requestId: randomUUID(),
    entrance: 'graph',
    clientAddress: '203.0.113.7',
    device:
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
    origin: 'https://shop.example',
    hasToken: true,
  });
  const headers = {
    'content-type': 'application/json',
    'signet-context': withTimeout(context, 9000),
    authorization: `Bearer ${token}`,
  };
  const message = { method: 'POST', path: '/graphql', query: '', headers, body };
  const all = { ...headers, ...signer.sign(subgraph, message), accept: 'application/json' };
  const lines = Object.entries(all).map(([header, value]) => `${header}: ${value}\r\n`);
  return `POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** A client that costs little: one request at a time on a connection, the answer read until its length is there. */
async function openClient(port: number) {
  const socket: Socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  let received = '';
  let resolve: (answer: string) => void = () => {};
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    const end = received.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
    if (end < 0 || received.length < end + 4 + length) return;
    const answer = received;
    received = '';
    resolve(answer);
  });
  return {
    ask: (request: string) =>
      new Promise<string>((done) => {
        resolve = done;
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}
