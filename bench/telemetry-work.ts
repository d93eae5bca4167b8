/**
 * What telemetry itself does for a request of a gateway, in a loop without the request. It finds what costs at all, on a busy machine too; beside
 * all the rest that a gateway does, the same work takes two to three times as long (bench/telemetry.ts measures that).
 * `node bench/telemetry-work.ts [rounds]` (200)
 */
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, createRequestId, openLogOutput } from '@signet/service';
import type { UserSession } from '@signet/session';
import { createMetrics } from '@signet/telemetry/metrics';
import { openTracing, traceHeaders, tracingOff } from '@signet/telemetry/tracing';
import { createEntranceTelemetry } from '../gateway/src/telemetry/entrance-telemetry.ts';
import { telemetryOf } from '../gateway/src/telemetry/request-telemetry.ts';
import { createFieldUsage } from '../gateway/src/usage/field-usage.ts';
import { percentile } from './support/measure.ts';

const rounds = Number(process.argv[2] ?? 200);
const perRound = 1000;
const folder = mkdtempSync(join(tmpdir(), 'signet-bench-'));
const collector = createServer((request, response) => void request.resume().on('end', () => response.end()));
await once(collector.listen(0, '127.0.0.1'), 'listening');
const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
// One request in a hundred is recorded.
const config = { ...tracingOff, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
const tracing = await openTracing(config, { serviceName: 'bench', log: console });
const metrics = createMetrics({ version: 'bench', ofProcess: false }).of('gateway');
const usage = createFieldUsage();
const logger = createLogger('gateway', 'info', openLogOutput({ fd: openSync(join(folder, 'log'), 'w') }));

const socket = new Socket();
const sessions = Array.from(
  { length: 500 },
  () => ({ platform: 'user', userId: crypto.randomUUID(), tenantId: crypto.randomUUID() }) as UserSession,
);
const operation = {
  name: 'Me',
  type: 'query' as const,
  hash: 'a'.repeat(64),
  fields: ['Query.me', 'User.name'],
};
class Answer extends EventEmitter {
  readonly statusCode = 200;
  readonly writableFinished = true;
}

type Parts = { metrics?: boolean; lines?: boolean; usage?: boolean; traces?: boolean };

/** The work of one request with one fetch, as the lanes and the fetch sender do it. */
function openWork(parts: Parts): (count: number) => void {
  const { follower } = createEntranceTelemetry({
    entrance: 'user',
    isTrustedProxy: () => false,
    logger,
    logged: parts.lines ? 'all' : 'none',
    metrics: parts.metrics ? metrics : undefined,
    tracing: parts.traces ? tracing : undefined,
    onEnd: parts.usage ? usage.add : undefined,
  });
  const fetches = parts.metrics
    ? metrics.histogram('signet_fetch_duration_seconds', 'auth', 'ok')
    : undefined;
  return (count) => {
    const request = new IncomingMessage(socket);
    request.method = 'POST';
    request.url = '/graphql';
    const answer = new Answer();
    follower.begin(request, answer as unknown as ServerResponse);
    const telemetry = telemetryOf(request);
    const startedAt = fetches && performance.now();
    if (telemetry) {
      telemetry.kind = 'graphql';
      telemetry.lane = 'fast';
      telemetry.session = sessions[count % sessions.length] as UserSession;
      telemetry.operation = operation;
      telemetry.cost = 2;
      telemetry.plan = 'hit';
      telemetry.fetches += 1;
    }
    const span = telemetry?.span?.child('POST auth', 'client', { 'http.request.method': 'POST' });
    if (span) traceHeaders(span);
    span?.set('http.response.status_code', 200);
    span?.end();
    if (startedAt !== undefined) fetches?.observe((performance.now() - startedAt) / 1000);
    telemetry?.answered([], true);
    answer.emit('close');
  };
}

/** What there is without telemetry as well: the request's id. */
function withoutAny(): void {
  const request = new IncomingMessage(socket);
  request.method = 'POST';
  request.url = '/graphql';
  createRequestId();
  new Answer().emit('close');
}

const works = new Map<string, (count: number) => void>([
  ['nothing but the id', withoutAny],
  ['off', openWork({})],
  ['metrics', openWork({ metrics: true })],
  ['lines', openWork({ lines: true })],
  ['usage', openWork({ usage: true })],
  ['traces', openWork({ traces: true })],
  ['everything', openWork({ metrics: true, lines: true, usage: true, traces: true })],
]);
const found = new Map([...works.keys()].map((name) => [name, [] as number[]]));
try {
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, work] of works) {
      const before = process.cpuUsage();
      for (let count = 0; count < perRound; count += 1) work(count);
      const { user, system } = process.cpuUsage(before);
      found.get(name)?.push((user + system) / perRound);
      // Lines and spans are written.
      await sleep(10);
    }
  }
  // A round that others disturbed little.
  const least = (name: string) => percentile(found.get(name) ?? [], 0.2);
  for (const name of works.keys()) {
    console.log(
      `${name.padEnd(20)} ${(least(name) - least('nothing but the id')).toFixed(2)} µs beyond the id; median ${percentile(found.get(name) ?? [], 0.5).toFixed(2)} µs`,
    );
  }
} finally {
  await tracing?.stop();
  collector.closeAllConnections();
  collector.close();
  rmSync(folder, { recursive: true });
}
process.exit(0);
