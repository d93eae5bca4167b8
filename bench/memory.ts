// What does a gateway with one entrance take in memory, its planning worker included, and does a request cost the same among 10
// known operations and among 10,000? npm run bench -- bench/memory.ts [operations, 10000] [seconds of load for each figure, 10]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { subgraphs } from '../schema/subgraphs.ts';
import { supergraphPath } from '../schema/supergraph-files.ts';

const count = Number(process.argv[2] ?? 10_000);
const seconds = Number(process.argv[3] ?? 10);
const clients = 16;
const mostResidentMb = 200;
/** How much more a request may cost among many operations. */
const mostRatio = 1.5;

const subgraph = createServer(async (req, res) => {
  const { query } = (await json(req)) as { query: string };
  const [, key = 'me'] = /(\w+)\s*:\s*me\b/.exec(query) ?? [];
  res
    .setHeader('content-type', 'application/json')
    .end(JSON.stringify({ data: { [key]: { id: 'u-1', email: 'ada@example.com' } } }));
}).listen(0, '127.0.0.1');
await once(subgraph, 'listening');
const url = `http://127.0.0.1:${(subgraph.address() as AddressInfo).port}/graphql`;

const port = await freePort();
const gateway = spawn(process.execPath, ['gateway/main.mjs'], {
  cwd: new URL('..', import.meta.url),
  env: {
    PATH: process.env.PATH,
    NODE_OPTIONS: process.env.GATEWAY_NODE_OPTIONS,
    PORT: String(port),
    SUPERGRAPH_FILE: supergraphPath('graph'),
    SUBGRAPH_URLS: subgraphs.map(({ name }) => `${name}=${url}`).join(','),
    ACCESS: 'off',
    PROOF: 'off',
    LOG_LEVEL: 'error',
  },
  stdio: 'inherit',
});
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: clients });
try {
  while (!(await ask('{ __typename }').catch(() => false))) await sleep(50);
  console.log(`started: ${residentMb()} MB`);
  const operations = Array.from(
    { length: count },
    (_, n) => `query Operation${n} { key${n}: me { id email } }`,
  );
  await sendAll(operations.slice(0, 10));
  const few = await measure(operations.slice(0, 10));
  console.log(`10 operations: ${few.toFixed(0)} µs CPU a request, ${residentMb()} MB`);
  // Twice: an operation that came once is on probation in the cache.
  await sendAll(operations);
  console.log(`${count} operations, each sent once: ${residentMb()} MB`);
  await sendAll(operations);
  const many = await measure(operations);
  const resident = residentMb();
  console.log(`${count} operations: ${many.toFixed(0)} µs CPU a request, ${resident} MB`);
  const again = await measure(operations.slice(0, 10));
  console.log(`10 operations again: ${again.toFixed(0)} µs CPU a request, ${residentMb()} MB`);
  const ratio = many / Math.min(few, again);
  console.log(
    `at most ${mostResidentMb} MB and ${mostRatio} times the CPU allowed: ${resident} MB, ${ratio.toFixed(2)}`,
  );
  process.exitCode = resident <= mostResidentMb && ratio <= mostRatio ? 0 : 1;
} finally {
  gateway.kill('SIGTERM');
  await pool.destroy();
  subgraph.close();
  subgraph.closeAllConnections();
}

async function ask(query: string): Promise<boolean> {
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const text = await body.text();
  if (statusCode !== 200 || text.includes('"errors"')) throw new Error(`${statusCode} ${text}`);
  return true;
}

async function sendAll(operations: readonly string[]): Promise<void> {
  const left = operations.values();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (const operation of left) await ask(operation);
    }),
  );
}

/** CPU of the gateway for a request, in µs, all of its threads together. */
async function measure(operations: readonly string[]): Promise<number> {
  const endAt = performance.now() + seconds * 1000;
  const before = cpuMicroseconds();
  let asked = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < endAt) {
        await ask(operations[(asked * 7919) % operations.length] as string);
        asked += 1;
      }
    }),
  );
  return (cpuMicroseconds() - before) / asked;
}

function cpuMicroseconds(): number {
  const stat = readFileSync(`/proc/${gateway.pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) * 10_000;
}

function residentMb(): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}
