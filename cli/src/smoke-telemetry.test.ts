import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { walkTelemetry } from './smoke-telemetry.ts';

/** A deployment as this walk sees it: an entrance and a metrics port. Each test breaks one thing. */
type Faults = {
  ready?: number;
  /** How much each counter grows between two scrapes. */
  growth?: number;
  still?: string;
  openMetrics?: boolean;
  answerId?: (asked: number) => string | undefined;
  errorId?: (answerId: string) => string;
};

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve);
          server.closeAllConnections();
        }),
    ),
  );
});

async function listen(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const counters = [
  'signet_requests_total{service="gateway",entrance="user",outcome="ok"}',
  'signet_requests_total{service="gateway",entrance="user",outcome="refused"}',
  'signet_request_duration_seconds_count{service="gateway",entrance="user",operation="-"}',
  'signet_refusals_total{service="gateway",entrance="user",code="UNAUTHENTICATED",reason="auth.failure.missing_token"}',
  'signet_fetch_duration_seconds_count{service="gateway",subgraph="auth",outcome="ok"}',
  'signet_subgraph_requests_total{service="auth",subgraph="auth",outcome="ok"}',
  'signet_subgraph_request_duration_seconds_count{service="auth",subgraph="auth"}',
  'signet_plan_cache_total{service="gateway",entrance="user",result="hit"}',
  'signet_token_verifications_total{service="gateway",platform="user",outcome="ok"}',
  'signet_token_verifications_total{service="gateway",platform="portal",outcome="ok"}',
  'signet_token_verifications_total{service="gateway",platform="user",outcome="auth.failure.expired"}',
  'signet_sign_ins_total{service="auth",platform="user",outcome="ok"}',
  'signet_sign_ins_total{service="auth",platform="portal",outcome="ok"}',
  'signet_database_wait_seconds_count{service="auth",pool="auth-user"}',
];

async function walk(faults: Faults = {}): Promise<string[]> {
  const { ready = 1, growth = 1, still, openMetrics = false } = faults;
  const { answerId = (asked) => `id-${asked}`, errorId = (id) => id } = faults;
  let scrapes = 0;
  let asked = 0;
  const text = () => {
    const values = counters.map((one) => `${one} ${one.startsWith(still ?? '-') ? 0 : scrapes * growth}`);
    const types = [...new Set(counters.map((one) => one.replace(/(_count)?\{.*/, '')))].map(
      (name) => `# TYPE ${name} ${name.endsWith('_seconds') ? 'histogram' : 'counter'}`,
    );
    scrapes += 1;
    return `${[...types, '# TYPE signet_ready gauge', `signet_ready{service="auth"} ${ready}`, ...values].join('\n')}\n`;
  };
  const metricsUrl = await listen((_req, res) => res.end(text()));
  const userUrl = await listen((req, res) => {
    if (req.url === '/metrics') return openMetrics ? res.end(text()) : res.writeHead(404).end();
    asked += 1;
    const id = answerId(asked);
    if (id !== undefined) res.setHeader('x-request-id', id);
    let body = '';
    req.on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () =>
      res.end(
        JSON.stringify(
          body.includes('thereIsNoSuchField')
            ? { errors: [{ message: 'no', extensions: { requestId: errorId(id ?? '') } }] }
            : { data: { __typename: 'Query' } },
        ),
      ),
    );
  });
  const titles: string[] = [];
  const compare = await walkTelemetry({
    step: async (title, run) => {
      const result = await run();
      titles.push(`${title}: ${result}`);
      return result;
    },
    userUrl,
    portalUrl: userUrl,
    metricsUrls: [metricsUrl],
  });
  await compare();
  return titles;
}

describe('the telemetry part of the smoke walk', () => {
  test('holds where metrics grow and ids are given', async () => {
    expect((await walk()).at(-1)).toBe('the metrics count what the walk did: 14 of 14 grew');
  });
  test.each<[string, Faults, RegExp]>([
    ['a service that is not ready', { ready: 0 }, /not ready: auth/],
    ['metrics that stand still', { growth: 0 }, /did not grow: signet_requests_total\{outcome="ok"\}/],
    [
      'one that stands still',
      { still: 'signet_sign_ins_total' },
      /^these did not grow: signet_sign_ins_total\{[^}]*user[^}]*\}, signet_sign_ins_total\{[^}]*portal[^}]*\}$/,
    ],
    ['metrics at an entrance', { openMetrics: true }, /strangers can read/],
    ['answers without an id', { answerId: () => undefined }, /no X-Request-Id/],
    ['ids of other signs', { answerId: () => 'a b' }, /or a wrong one: 'a b'/],
    ['the same id twice', { answerId: () => 'same' }, /two requests have one id/],
    ['errors with another id', { errorId: () => 'other' }, /its errors say other/],
  ])('finds %s', async (_, faults, message) => {
    await expect(walk(faults)).rejects.toThrow(message);
  });
});
