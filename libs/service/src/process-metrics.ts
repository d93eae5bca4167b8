import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics, ServiceMetrics } from '@signet/telemetry';
import manifest from '../../../package.json' with { type: 'json' };
import { ConfigError } from './config.ts';
import { answerHealth, type Health, type HealthReport } from './health.ts';
import type { Logger } from './logger.ts';
import { createHostCheck, isLoopback } from './request-checks.ts';

/** An import would read all exports of the module, and two of them load Node's own fetch (docs/decisions/0094-what-the-gateway-keeps-in-memory.md). */
const { createServer } = process.getBuiltinModule('node:http');

/** What the parts of a process are measured with, and where that is shown. */
export type ProcessMetrics = {
  of(service: string): ServiceMetrics;
  /** Shows the health of a server of the process. `part`: where a service has several, as a gateway has entrances. */
  addHealth(service: string, health: Health, part?: string): void;
  /** Answers GET `path` with JSON. */
  addPage(path: string, read: () => object | Promise<object>): void;
  readonly url: string;
  stop(): Promise<void>;
};

export type ProcessMetricsConfig = {
  METRICS_PORT?: number | undefined;
  METRICS_HOST?: string | undefined;
  HOST: string;
  ALLOWED_HOSTS: readonly string[];
};

type Options = {
  logger: Logger;
  /** The variable that the error names if the port is taken. */
  portVariable?: string | undefined;
};

/** Prometheus asks every few seconds. More connections than these are nobody who should ask. */
const maxConnections = 50;
const timeoutMs = 5000;

/**
 * Opens the port for operators: GET /metrics in Prometheus' text format, and the health of each server with its reasons. No client
 * reaches it: it is never a path of an entrance. Undefined without METRICS_PORT; then no module of Prometheus is loaded.
 *
 * @throws {ConfigError} when the port is taken
 */
export async function openProcessMetrics(
  { METRICS_PORT: port, METRICS_HOST, HOST, ALLOWED_HOSTS }: ProcessMetricsConfig,
  { logger, portVariable = 'METRICS_PORT' }: Options,
): Promise<ProcessMetrics | undefined> {
  if (port === undefined) return undefined;
  const host = METRICS_HOST ?? HOST;
  const { createMetrics } = await import('@signet/telemetry/metrics');
  const metrics = createMetrics({ version: manifest.version });
  const health = createHealthBook(metrics);
  const pages = new Map<string, () => object | Promise<object>>();
  const readText = shareWhileRunning(() => metrics.text());
  // A page whose name was rebound to loopback must not read a developer's metrics. Elsewhere a scraper may use any name of the host.
  const isOurHost = isLoopback(host) ? createHostCheck(ALLOWED_HOSTS) : () => true;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const send = (status: number, type: string, body: string, headers: Record<string, string> = {}) =>
      response
        .writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers })
        .end(request.method === 'HEAD' ? undefined : body);
    const sendJson = (status: number, body: object, headers?: Record<string, string>) =>
      send(status, 'application/json; charset=utf-8', JSON.stringify(body), headers);
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return sendJson(405, { status: 'This port takes GET.' }, { allow: 'GET, HEAD' });
    if (!isOurHost(request.headers.host)) return sendJson(421, { status: 'not for that host' });
    const checked = await health.answer(path);
    if (checked) return sendJson(checked.status, checked.body, checked.headers);
    if (path === '/metrics') return send(200, metrics.contentType, await readText());
    const page = pages.get(path);
    return page ? sendJson(200, await page()) : sendJson(404, { status: 'There is nothing at this path.' });
  };
  const server = createServer({ requestTimeout: timeoutMs, headersTimeout: timeoutMs }, (request, response) =>
    answer(request, response).catch((err: unknown) => {
      logger.error({ err }, 'the metrics could not be shown');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    }),
  );
  server.maxConnections = maxConnections;
  await listenOn(server, { host, port, portVariable });
  const { port: bound } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  logger.info({ url: `${url}/metrics` }, 'metrics are shown');
  return {
    of: metrics.of,
    addHealth: health.add,
    addPage: (path, read) => void pages.set(path, read),
    url,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 1000).unref();
      await closed;
    },
  };
}

function listenOn(
  server: ReturnType<typeof createServer>,
  { host, port, portVariable }: { host: string; port: number; portVariable: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) =>
      reject(
        new ConfigError([
          code === 'EADDRINUSE'
            ? `${portVariable}: port ${port} on ${host} is in use; choose another or stop what listens there`
            : `${portVariable}: can't listen on port ${port} of ${host} (${code}); METRICS_HOST names the address`,
        ]),
      ),
    );
    server.listen({ host, port }, resolve);
  });
}

/** Who asks while an answer is being made gets the same. */
function shareWhileRunning<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}

type Part = { name: string; service: string; health: Health };
type Answer = Awaited<ReturnType<typeof answerHealth>>;

/** The health of all servers of the process. One alone is answered as on its own port, but with its reasons. */
function createHealthBook(metrics: Metrics) {
  const parts: Part[] = [];
  const sampled = new Set<string>();
  const add = (service: string, health: Health, part?: string) => {
    parts.push({ name: part === undefined ? service : `${service} ${part}`, service, health });
    if (sampled.has(service)) return;
    sampled.add(service);
    metrics.of(service).sample('signet_ready', async () => {
      const reports = await Promise.all(
        parts.filter((one) => one.service === service).map((one) => one.health.readReadiness()),
      );
      return [{ labels: [], value: isReady(reports) ? 1 : 0 }];
    });
  };
  const answer = async (path: string): Promise<Answer> => {
    const [first, another] = parts;
    if (first && !another) return answerHealth(first.health, path, { isPublic: false });
    const answers = await Promise.all(
      parts.map(
        async ({ name, health }) => [name, await answerHealth(health, path, { isPublic: false })] as const,
      ),
    );
    // Nothing has started yet.
    if (answers.length === 0) return answerHealth(notStarted, path, { isPublic: false });
    const worst = answers.map(([, one]) => one).reduce(worseOf);
    if (!worst) return undefined;
    const { status } = worst.body as { status: string };
    const services = Object.fromEntries(answers.map(([name, one]) => [name, one?.body]));
    return { ...worst, body: { status, services } };
  };
  return { add, answer };
}

const notStarted: Health = {
  isStarted: () => false,
  readReadiness: async () => ({ status: 'not ready', reasons: [{ name: 'process', reason: 'is starting' }] }),
  readMeasures: () => ({}),
};

function isReady(reports: readonly HealthReport[]): boolean {
  return reports.every(({ status }) => status !== 'not ready');
}

function worseOf(one: Answer, other: Answer): Answer {
  if (!one || !other) return one ?? other;
  if (one.status !== other.status) return one.status > other.status ? one : other;
  return (one.body as { status: string }).status === 'degraded' ? one : other;
}
