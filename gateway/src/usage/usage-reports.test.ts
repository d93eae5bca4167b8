import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { json } from 'node:stream/consumers';
import type { UsageReport } from '@signet/schema/contract';
import { expect, test, vi } from 'vitest';
import { RequestTelemetry } from '../telemetry/request-telemetry.ts';
import { createFieldUsage, type FieldUsage } from './field-usage.ts';
import { startUsageReports } from './usage-reports.ts';

const patience = { timeout: 30_000 };

function addRequest(usage: FieldUsage, field: string) {
  const telemetry = new RequestTelemetry('id', 'user', { headers: {}, method: 'POST' } as IncomingMessage);
  telemetry.operation = { name: 'Any', type: 'query', hash: 'hash', fields: [field] };
  telemetry.ended(200, true);
  usage.add(telemetry);
}

test('sends a report that got no answer again as the same one, and what was counted since in the next', async () => {
  const reports: { query: URLSearchParams; fields: string[] }[] = [];
  let losing = true;
  const auth = createHttpServer(async (req, res) => {
    const { usage } = (await json(req)) as UsageReport;
    const { searchParams: query } = new URL(req.url ?? '', 'http://auth');
    reports.push({ query, fields: usage.map(({ coordinate, count }) => `${coordinate} ${count}`) });
    if (losing) res.destroy();
    else res.writeHead(202).end();
  }).listen(0, '127.0.0.1');
  await once(auth, 'listening');
  const usage = createFieldUsage();
  const signed: string[] = [];
  const sent = startUsageReports({
    entrance: { name: 'user', kind: 'user' },
    usage,
    proof: { signerFor: () => (message) => void signed.push(message.query) as never },
    config: { AUTH_USER_URL: `http://127.0.0.1:${(auth.address() as AddressInfo).port}/graphql` },
    logger: { info: vi.fn(), warn: vi.fn() },
    everyMs: 20,
  });
  addRequest(usage, 'Query.me');
  await expect.poll(() => reports.length, patience).toBeGreaterThan(1);
  addRequest(usage, 'Query.other');
  losing = false;
  await expect.poll(() => reports.at(-1)?.fields, patience).toEqual(['Query.other 1']);
  await sent.stop();
  auth.close();
  const sender = reports[0]?.query.get('sender');
  expect(sender).toMatch(/^[\da-f-]{36}$/);
  const told = reports.map(({ query, fields }) => [query.get('sender'), query.get('number'), fields.join()]);
  expect(told).toEqual([
    ...Array(reports.length - 1).fill([sender, '1', 'Query.me 1']),
    [sender, '2', 'Query.other 1'],
  ]);
  // The proof covers it.
  expect(signed).toEqual(reports.map(({ query }) => `?${query}`));
});

test('says that usage is lost where auth does not answer until the process ends', async () => {
  // Nobody listens there any more.
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const usage = createFieldUsage();
  const telemetry = new RequestTelemetry('id', 'user', { headers: {}, method: 'POST' } as IncomingMessage);
  telemetry.operation = { name: 'Any', type: 'query', hash: 'hash', fields: ['Query.me', 'User.name'] };
  telemetry.ended(200, true);
  usage.add(telemetry);
  const logger = { info: vi.fn(), warn: vi.fn() };
  const reports = startUsageReports({
    entrance: { name: 'user', kind: 'user' },
    usage,
    proof: { signerFor: () => () => ({}) as never },
    config: { AUTH_USER_URL: `http://127.0.0.1:${port}/graphql` },
    logger,
    everyMs: 20,
  });
  await expect.poll(() => logger.warn.mock.calls.length).toBe(1);
  await reports.stop();
  expect(logger.warn).toHaveBeenLastCalledWith(
    { entrance: 'user', rows: 2 },
    'the usage of fields that was not reported is lost: the process ends',
  );
});
