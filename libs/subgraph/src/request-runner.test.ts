import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpServer, createLogger, findRequestIds } from '@signet/service';
import { expect, test, vi } from 'vitest';
import { createRequestRunner, registerRequestRunner } from './request-runner.ts';

function setUp() {
  const server = createHttpServer({ logger: createLogger('test', 'silent') });
  const deadlines: number[] = [];
  const callers: string[] = [];
  const runner = createRequestRunner({
    inRequest({ deadline, caller }, fn) {
      if (deadline !== undefined) deadlines.push(deadline - performance.now());
      callers.push(caller);
      return fn();
    },
    identifyCaller() {},
    findSpan: () => undefined,
  });
  registerRequestRunner(server, runner);
  const handler = vi.fn(async () => ({ data: {} }));
  server.post('/', handler);
  const ask = (context?: string) =>
    server.inject({
      method: 'POST',
      url: '/',
      headers: {
        host: 'localhost',
        'content-type': 'application/json',
        ...(context && { 'signet-context': context }),
      },
      payload: '{}',
    });
  return { server, ask, handler, deadlines, callers };
}

test('a line that is written meanwhile has the id that the gateway gave the request', async () => {
  const { ask, handler } = setUp();
  const found: unknown[] = [];
  handler.mockImplementation(async () => {
    await sleep(1);
    found.push(findRequestIds());
    return { data: {} };
  });
  await ask('id="r"');
  await ask('no dictionary "');
  expect(found).toEqual([{ requestId: 'r' }, undefined]);
});

test('serves a request until what the gateway had left is over', async () => {
  const { ask, deadlines } = setUp();
  expect((await ask('id="r", timeout=5000')).statusCode).toBe(200);
  expect(deadlines).toEqual([expect.closeTo(5000, -3)]);
  expect(deadlines[0]).toBeLessThanOrEqual(5000);
});

test.each(['id="r", timeout=0', 'id="r", timeout=-1'])('refuses what comes too late: %s', async (context) => {
  const { ask, handler } = setUp();
  const answer = await ask(context);
  expect([answer.statusCode, answer.json().errors[0].extensions.reason]).toEqual([
    503,
    'service.unavailable',
  ]);
  expect(handler).not.toHaveBeenCalled();
});

test('counts the time that a request needed to arrive and to be read', async () => {
  const { server, ask, handler } = setUp();
  server.addHook('onRequest', () => sleep(60));
  expect((await ask('id="r", timeout=30')).statusCode).toBe(503);
  expect(handler).not.toHaveBeenCalled();
});

test.each([undefined, 'id="r"', 'id="r", timeout="soon"', 'no dictionary "'])(
  'sets none where there is none: %s',
  async (context) => {
    const { ask, deadlines } = setUp();
    expect((await ask(context)).statusCode).toBe(200);
    expect(deadlines).toEqual([]);
  },
);

test.each([
  ['id="r", address="192.0.2.1"', 'address 192.0.2.1'],
  ['id="r", address="2001:db8:1:2ff::1"', 'address 2001:db8:1:200/56'],
  ['id="r"', 'address unknown'],
])('counts a request as one of its client, a household as one: %s', async (context, caller) => {
  const { ask, callers } = setUp();
  await ask(context);
  expect(callers).toEqual([caller]);
});
