// What does a gateway take in memory, and how long does another client wait, while a subgraph sends 60 answers of 9 MB at once?
// npm run bench -- bench/subgraph-answers.ts [folder of another version]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { findFreePort } from './support/start-auth.ts';

const root = process.argv[2] ?? join(import.meta.dirname, '..');
const answerBytes = 9_000_000;
/** Each to another client. Four connections to the subgraph stay free. */
const answers = 60;
const partBytes = 64 * 2 ** 10;
/** As the image of the gateway sets it. */
const heapMb = 384;
/** Above what a gateway takes at rest: its heap, and what was read of answers that is not collected yet. */
const mostResidentMb = 700;
/** The time for which it answers nobody else. The wait of the other client also has what other processes take. */
const mostCpuSeconds = 4;

/** What fills an answer, beside the small value that was asked for. */
const fillings: Record<string, (bytes: number) => string> = {
  'one long text': (bytes) => `"${'x'.repeat(bytes)}"`,
  'objects of a field': (bytes) => `[${'{"a":1},'.repeat(bytes / 8)}0]`,
  'empty objects': (bytes) => `[${'{},'.repeat(bytes / 3)}0]`,
};

/** In a thread of its own: else the other client would wait for it. */
if (!isMainThread) {
  const { port } = await serveSubgraph();
  parentPort?.postMessage(port);
} else {
  await main();
}

async function serveSubgraph(): Promise<AddressInfo> {
  let waiting: ServerResponse[] = [];
  const server = createServer(async (req, res) => {
    if (req.method === 'GET') return void res.end();
    const { query, variables } = (await json(req)) as {
      query: string;
      variables?: { filling: string; of: number };
    };
    res.setHeader('content-type', 'application/json');
    if (!query.includes('large') || !variables) return void res.end('{"data":{"small":1}}');
    waiting.push(res);
    if (waiting.length < variables.of) return;
    const fill = fillings[variables.filling] ?? (() => '0');
    // The gateway gives a field with arguments a name of its own.
    const [, key = 'large'] = /(\w+)\s*:\s*large\b/.exec(query) ?? [];
    const body = Buffer.from(`{"data":{"${key}":1,"unasked":${fill(answerBytes)}}}`);
    for (const one of waiting) void send(one, body);
    waiting = [];
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

/** In parts, so that all answers come at the same time. */
async function send(res: ServerResponse, body: Buffer): Promise<void> {
  const closed = new Promise((resolve) => res.once('close', resolve));
  for (let at = 0; at < body.length && !res.destroyed; at += partBytes) {
    if (res.write(body.subarray(at, at + partBytes))) continue;
    // One that the gateway has cut drains no more.
    await Promise.race([new Promise((resolve) => res.once('drain', resolve)), closed]);
  }
  res.end();
}

async function main(): Promise<void> {
  const subgraph = new Worker(new URL(import.meta.url));
  const [port] = (await once(subgraph, 'message')) as [number];
  const folder = mkdtempSync(join(tmpdir(), 'signet-answers-'));
  const { supergraphSdl = '' } = composeServices([
    {
      name: 'one',
      url: `http://127.0.0.1:${port}/graphql`,
      typeDefs: parse('type Query { large(filling: String, of: Int): Int small: Int }'),
    },
  ]);
  const supergraph = join(folder, 'supergraph.graphql');
  writeFileSync(supergraph, supergraphSdl);
  try {
    for (const executor of ['signet', 'apollo']) {
      for (const filling of Object.keys(fillings)) {
        for (const count of [1, answers]) await measure({ supergraph, executor, filling, of: count });
      }
    }
  } finally {
    await subgraph.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Setting = { supergraph: string; executor: string; filling: string; of: number };

async function measure({ supergraph, executor, filling, of }: Setting): Promise<void> {
  const port = await findFreePort();
  const gateway = spawn(process.execPath, ['gateway/main.mjs'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      NODE_OPTIONS: `--max-old-space-size=${heapMb}`,
      PORT: String(port),
      SUPERGRAPH_FILE: supergraph,
      EXECUTOR: executor,
      ACCESS: 'off',
      PROOF: 'off',
      REQUEST_TIMEOUT_MS: '60000',
    },
    stdio: 'pipe',
  });
  let log = '';
  for (const stream of [gateway.stdout, gateway.stderr]) stream.on('data', (part) => (log += part));
  const ask = (query: string, localAddress = '127.0.0.1', variables = {}) =>
    new Promise<string>((resolve) => {
      const sent = request({ port, path: '/graphql', method: 'POST', localAddress, host: '127.0.0.1' });
      sent.setHeader('content-type', 'application/json');
      sent.on('error', ({ message }) => resolve(message));
      sent.on('response', async (res) => resolve(`${res.statusCode} ${await text(res).catch(String)}`));
      sent.end(JSON.stringify({ query, variables }));
    });
  try {
    while (!(await ask('{ small }')).startsWith('200') && gateway.exitCode === null) await sleep(50);
    const large = 'query ($filling: String, $of: Int) { large(filling: $filling, of: $of) }';
    // Both are known then.
    for (const query of ['{ small }', large])
      for (const _ of [1, 2]) await ask(query, '127.0.0.1', { of: 1 });
    const before = statusOf(gateway.pid, 'VmRSS');
    const cpuBefore = cpuSecondsOf(gateway.pid);
    const begun = performance.now();
    let isOver = false;
    const waits: number[] = [];
    const small = (async () => {
      while (!isOver && gateway.exitCode === null) {
        const at = performance.now();
        const answer = await ask('{ small }', '127.0.0.99');
        waits.push(answer.includes('"small":1') ? performance.now() - at : Number.POSITIVE_INFINITY);
        await sleep(10);
      }
    })();
    const got = await Promise.all(
      Array.from({ length: of }, (_, n) => ask(large, `127.0.0.${101 + n}`, { filling, of })),
    );
    const seconds = (performance.now() - begun) / 1000;
    isOver = true;
    await small;
    const whole = got.filter((answer) => answer.includes('"large":1')).length;
    const refused = got.filter(
      (answer) => answer.includes('SERVICE_UNAVAILABLE') && answer.includes('"path":["large"]'),
    );
    const most =
      gateway.exitCode === null && gateway.signalCode === null ? statusOf(gateway.pid, 'VmHWM') : undefined;
    const cpuSeconds = cpuSecondsOf(gateway.pid) - cpuBefore;
    const wait = Math.max(...waits);
    const lines = log.split('\n').filter((line) => line.includes('MAX_ANSWER_BYTES')).length;
    console.log(
      `${executor}, ${of} of ${filling}: ${whole} whole, ${refused.length} refused, ${of - whole - refused.length} lost, ${seconds.toFixed(1)} s, of CPU ${cpuSeconds.toFixed(1)}; ` +
        `${before} MB, ${most ?? 'the process ended'} MB at most; another client's ${waits.length} requests: ${wait.toFixed(0)} ms at most; ${lines} lines`,
    );
    if (most === undefined || most > mostResidentMb || cpuSeconds > mostCpuSeconds) process.exitCode = 1;
  } finally {
    gateway.kill('SIGKILL');
    await once(gateway, 'exit');
  }
}

function statusOf(pid: number | undefined, field: 'VmRSS' | 'VmHWM'): number | undefined {
  try {
    const [, kilobytes] =
      new RegExp(`${field}:\\s*(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}

/** User and system, of all threads. A tick is 10 ms. */
function cpuSecondsOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}
