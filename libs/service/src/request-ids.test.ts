import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DirectRoute } from './direct-route.ts';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { findRequestIds } from './request-ids.ts';
import { listen } from './run-process.ts';

type Line = { msg: string; requestId?: string; traceId?: string };
const lines: Line[] = [];
const logger = createLogger('test', 'info', { write: (line) => void lines.push(JSON.parse(line)) });
const traces = new WeakMap<IncomingMessage, string>();
const direct: DirectRoute = {
  path: '/direct',
  handler: {
    open: () => true,
    async answer(request) {
      await work(String(request.headers.named));
      return '{}';
    },
  },
};
let afterAnswer: Promise<unknown>;
let server: FastifyInstance;
let url: string;

/** Logs a line, and another one when the request has its answer. */
async function work(named: string) {
  await sleep(5);
  logger.info(named);
  if (named === 'fail') throw new Error('of ours');
  afterAnswer = sleep(20).then(() => findRequestIds());
}

beforeAll(async () => {
  const follower = {
    begin(request: IncomingMessage) {
      const { named } = request.headers;
      if (named !== 'untraced') traces.set(request, `trace of ${named}`);
      return `id of ${named}`;
    },
    refused() {},
    traceIdOf: (request: IncomingMessage) => traces.get(request),
  };
  server = createHttpServer({ logger, direct, follower });
  server.post('/routed', async ({ headers }) => work(String(headers.named)));
  server.get('/routed', async ({ headers }) => work(String(headers.named)));
  url = await listen(server, { host: '127.0.0.1', port: 0 });
});
beforeEach(() => void lines.splice(0));
afterAll(() => server.close());

const ask = (path: string, named: string, method = 'POST') =>
  fetch(`${url}${path}`, {
    method,
    headers: { named, ...(method === 'POST' && { 'content-type': 'application/json' }) },
    ...(method === 'POST' && { body: '{}' }),
  });

test.each([
  ['by the direct route', '/direct', 'POST'],
  ['by Fastify, with a body', '/routed', 'POST'],
  ['by Fastify, without one', '/routed', 'GET'],
])('a line that is written for a request has its ids: %s', async (_, path, method) => {
  await Promise.all(['a', 'b', 'untraced'].map((named) => ask(path, named, method)));
  const idsOf = (named: string) => lines.find(({ msg }) => msg === named);
  expect(idsOf('a')).toMatchObject({ requestId: 'id of a', traceId: 'trace of a' });
  expect(idsOf('b')).toMatchObject({ requestId: 'id of b', traceId: 'trace of b' });
  expect(idsOf('untraced')).toMatchObject({ requestId: 'id of untraced' });
  expect(idsOf('untraced')).not.toHaveProperty('traceId');
});

test.each(['/direct', '/routed'])('so has the line of a request that fails: %s', async (path) => {
  expect((await ask(path, 'fail')).status).toBe(500);
  expect(lines.find(({ msg }) => msg === 'a request failed')).toMatchObject({ requestId: 'id of fail' });
});

test('what goes on after the answer is for no request, and a line of the process for none', async () => {
  await ask('/routed', 'a');
  expect(await afterAnswer).toBeUndefined();
  logger.info('own');
  expect(lines.at(-1)).not.toHaveProperty('requestId');
});
