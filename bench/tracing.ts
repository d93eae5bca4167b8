/**
 * What traces cost: three platforms beside each other, which are asked in turn. `off`: no collector. `default`: one request in a hundred is
 * recorded. `all`: every request. CPU is that of the platform's process, PostgreSQL not counted.
 * `node bench/tracing.ts [seconds]` (120)
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seedPassword } from '@signet/db/seed';
import { createPost, percentile } from './support/measure.ts';
import { openRawClient } from './support/raw-client.ts';
import { type PlatformProcess, startPlatformProcess } from './support/start-platform-process.ts';

const seconds = Number(process.argv[2] ?? 120);
const clients = 8;
const perRound = 400;
const query =
  '{ portalMe { email } customers(first: 5) { edges { node { email supportNotes { edges { node { author { fullName } } } } } } } }';

let received = 0;
const collector = createServer((req, res) => {
  req.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  req.on('end', () => res.end());
}).listen(0, '127.0.0.1');
await once(collector, 'listening');
const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
const quiet = { LOG_LEVEL: 'error', NODE_ENV: 'test', STAFF_MFA: 'optional' };
const settings = {
  off: quiet,
  default: { ...quiet, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
  all: { ...quiet, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER: 'always_on' },
};
type Mode = keyof typeof settings;
const modes = Object.keys(settings) as Mode[];

type Subject = { platform: PlatformProcess; ask(): Promise<void>; cpu: number[]; rate: number[] };
const subjects = new Map<Mode, Subject>();

async function start(mode: Mode): Promise<Subject> {
  const open = () => startPlatformProcess({ passwordCost: 4 }, settings[mode]);
  // Its ports are chosen at random, and somebody may have one of them.
  const platform = await open().catch(open).catch(open);
  const post = createPost(`http://127.0.0.1:${platform.portBase}/graphql`);
  const { data } = await post(
    'mutation ($input: LoginInput!) { portalLogin(input: $input) { accessToken } }',
    { input: { email: 'admin@example.com', password: seedPassword } },
  );
  const token = (data as { portalLogin: { accessToken: string } }).portalLogin.accessToken;
  const body = JSON.stringify({ query });
  const request = [
    'POST /graphql HTTP/1.1',
    `Host: 127.0.0.1:${platform.portBase}`,
    'Content-Type: application/json',
    `Authorization: Bearer ${token}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
  // Of each round its own: while the others have their turn, the platform closes idle ones.
  const askInTurn = async () => {
    const connection = await openRawClient(platform.portBase);
    for (let count = 0; count < perRound / clients; count += 1) {
      const answer = await connection.ask(request);
      if (!answer.includes('"portalMe"') || answer.includes('"errors"')) throw new Error(answer);
    }
    connection.close();
  };
  const ask = async () => void (await Promise.all(Array.from({ length: clients }, askInTurn)));
  return { platform, ask, cpu: [], rate: [] };
}

/** Of a process so far, in µs (proc(5): ticks of 10 ms). */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

try {
  for (const mode of modes) subjects.set(mode, await start(mode));
  for (const { ask } of subjects.values()) for (let round = 0; round < 4; round += 1) await ask();
  const until = performance.now() + seconds * 1000;
  for (let round = 0; performance.now() < until; round += 1) {
    // Each comes first, second and last equally often.
    const order = modes.map((_, at) => modes[(at + round) % modes.length] as Mode);
    for (const mode of order) {
      const { platform, ask, cpu, rate } = subjects.get(mode) as Subject;
      const before = cpuOf(platform.pid);
      const startedAt = performance.now();
      await ask();
      rate.push((perRound * 1000) / (performance.now() - startedAt));
      cpu.push((cpuOf(platform.pid) - before) / perRound);
    }
  }
  const off = subjects.get('off') as Subject;
  const median = (values: readonly number[]) => percentile(values, 0.5);
  const compare = (value: number, other: number) => `${((value / other - 1) * 100).toFixed(1)} %`;
  console.log(`${off.rate.length} rounds of ${perRound} requests, ${clients} at a time; medians`);
  for (const [mode, { cpu, rate }] of subjects) {
    console.log(
      `${mode.padEnd(8)} ${median(rate).toFixed(0)} requests/s (${compare(median(rate), median(off.rate))}), ` +
        `${median(cpu).toFixed(0)} µs CPU (${compare(median(cpu), median(off.cpu))}); quartiles ${percentile(cpu, 0.25).toFixed(0)} to ${percentile(cpu, 0.75).toFixed(0)}`,
    );
  }
  console.log(`${(received / 1024).toFixed(0)} KB came to the collector`);
} finally {
  for (const { platform } of subjects.values()) await platform.stop();
  collector.closeAllConnections();
  collector.close();
}
process.exit(0);
