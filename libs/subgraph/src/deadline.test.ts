import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpServer, createLogger } from '@signet/service';
import { expect, test, vi } from 'vitest';
import { registerDeadline } from './deadline.ts';

function setUp() {
  const server = createHttpServer({ logger: createLogger('test', 'silent') });
  const deadlines: number[] = [];
  const untilDeadline = <T>(deadline: number, fn: () => T): T => {
    deadlines.push(deadline - performance.now());
    return fn();
  };
  registerDeadline(server, untilDeadline);
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
  return { server, ask, handler, deadlines };
}

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
