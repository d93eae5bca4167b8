import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { RequestTelemetry } from '../telemetry/request-telemetry.ts';
import { createFieldUsage } from './field-usage.ts';
import { startUsageReports } from './usage-reports.ts';

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
