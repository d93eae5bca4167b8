import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import { createExchanges, NoAnswerError } from './exchange.ts';
import { AnswerBudget, HeldAnswers, NoRoomForAnswerError } from './held-answers.ts';

const controller = () => ({
  aborted: false,
  paused: false,
  reason: null,
  abort: vi.fn(),
  pause() {},
  resume() {},
});
const begin = (timeoutMs = 5000, onDoubt = () => {}) => createExchanges(onDoubt).begin(timeoutMs);

test('gathers the parts of an answer, and passes over an early hint', async () => {
  const exchange = begin();
  exchange.onRequestStart(controller());
  exchange.onResponseStart(undefined, 103, { link: '</a>' });
  exchange.onResponseStart(undefined, 200, { 'content-type': 'application/json' });
  for (const part of ['{"a":', '1', '}']) exchange.onResponseData(undefined, Buffer.from(part));
  exchange.onResponseEnd();
  const { statusCode, headers, body } = await exchange.answer;
  expect([statusCode, headers, body.toString()]).toEqual([
    200,
    { 'content-type': 'application/json' },
    '{"a":1}',
  ]);
});

test('an answer without a body is an empty one', async () => {
  const exchange = begin();
  exchange.onResponseStart(undefined, 204, {});
  exchange.onResponseEnd();
  expect((await exchange.answer).body).toHaveLength(0);
});

test('ends when its time is up, and its connection with it', async () => {
  const exchange = begin(30);
  const started = controller();
  exchange.onRequestStart(started);
  await expect(exchange.answer).rejects.toThrow('no answer within 30 ms');
  expect(started.abort).toHaveBeenCalledTimes(1);
});

test('is not sent when its time was up before it had a connection', async () => {
  const exchange = begin(30);
  await expect(exchange.answer).rejects.toThrow('no answer within 30 ms');
  const late = controller();
  exchange.onRequestStart(late);
  expect(late.abort).toHaveBeenCalledTimes(1);
});

test('raises a doubt once when no answer has begun for long', async () => {
  vi.useFakeTimers();
  try {
    const onDoubt = vi.fn();
    const exchanges = createExchanges(onDoubt);
    exchanges.begin(60_000);
    exchanges.begin(60_000).onResponseStart(undefined, 200, {});
    vi.advanceTimersByTime(1900);
    expect(onDoubt).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2000);
    expect(onDoubt).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ['ECONNRESET before an answer', 'ECONNRESET', false, NoAnswerError],
  ['ECONNRESET within an answer', 'ECONNRESET', true, Error],
  ['a bad certificate', 'CERT_HAS_EXPIRED', false, Error],
])('%s', async (_, code, hasBegun, kind) => {
  const exchange = begin();
  if (hasBegun) exchange.onResponseStart(undefined, 200, {});
  exchange.onResponseError(undefined, Object.assign(new Error('x'), { code }));
  const error: unknown = await exchange.answer.catch((thrown: unknown) => thrown);
  expect((error as Error).constructor).toBe(kind);
});

describe('where answers have a budget', () => {
  const mb = 2 ** 20;
  const open = () => {
    const budget = new AnswerBudget(4 * mb);
    const held = new HeldAnswers(budget, 'a');
    const exchange = createExchanges(() => {}).begin(5000, held);
    const started = controller();
    exchange.onRequestStart(started);
    exchange.onResponseStart(undefined, 200, {});
    return { budget, held, exchange, started };
  };

  test('one that came is held until its operation ends', async () => {
    const { budget, held, exchange } = open();
    exchange.onResponseData(undefined, Buffer.alloc(mb, 'x'));
    exchange.onResponseEnd();
    expect((await exchange.answer).body).toHaveLength(mb);
    expect(budget.heldBytes).toBeGreaterThanOrEqual(mb);
    held.end();
    expect(budget.heldBytes).toBe(0);
  });

  test('one that does not fit ends with its connection, and holds nothing, whatever else comes', async () => {
    const { budget, exchange, started } = open();
    for (let count = 0; count < 5; count += 1) exchange.onResponseData(undefined, Buffer.alloc(mb, 'x'));
    exchange.onResponseEnd();
    await expect(exchange.answer).rejects.toThrow(NoRoomForAnswerError);
    await expect(exchange.answer).rejects.toThrow('twice MAX_ANSWER_BYTES');
    expect(started.abort).toHaveBeenCalledTimes(1);
    expect(budget.heldBytes).toBe(0);
  });

  test('one that comes in parts of a byte counts what they take', async () => {
    const { exchange } = open();
    const part = Buffer.from(' ');
    for (let count = 0; count < 20_000; count += 1) exchange.onResponseData(undefined, part);
    await expect(exchange.answer).rejects.toThrow(NoRoomForAnswerError);
  });

  test('one that comes in parts of a byte keeps nothing that came between them', async () => {
    const { exchange } = open();
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const reads: WeakRef<ArrayBuffer>[] = [];
    for (let count = 0; count < 500; count += 1) {
      const read = new ArrayBuffer(64 * 1024);
      exchange.onResponseData(undefined, Buffer.from(read).subarray(10, 11));
      reads.push(new WeakRef(read));
    }
    await setImmediate(); // Until then, what a reference was made to is kept.
    collectGarbage();
    // The first, and what the stack may still hold.
    expect(reads.filter((read) => read.deref()).length).toBeLessThan(10);
    exchange.onResponseEnd();
    expect((await exchange.answer).body).toHaveLength(500);
  });

  test('one that would take too much once it is read is not read, in whatever parts it comes', async () => {
    const whole = Buffer.from(`["${'{},'.repeat(100)}",${'{},'.repeat(100_000)}0]`);
    for (const bytes of [10_000, whole.length]) {
      const { budget, exchange, started } = open();
      for (let at = 0; at < whole.length; at += bytes) {
        exchange.onResponseData(undefined, whole.subarray(at, at + bytes));
      }
      exchange.onResponseEnd();
      await expect(exchange.answer).rejects.toThrow(NoRoomForAnswerError);
      expect(started.abort).toHaveBeenCalledTimes(1);
      expect(budget.heldBytes).toBe(0);
    }
  });

  test('one counts with all of its parts, also with those that came before there was much', async () => {
    const { budget, exchange } = open();
    const part = Buffer.from('{},'.repeat(10_000));
    for (let count = 0; count < 3; count += 1) exchange.onResponseData(undefined, part);
    exchange.onResponseEnd();
    await exchange.answer;
    expect(budget.heldBytes).toBeGreaterThanOrEqual(3 * (part.length + 20_000 * 32));
  });

  test('one that breaks off or takes too long holds nothing', async () => {
    for (const end of ['expire', 'break'] as const) {
      const { budget, exchange } = open();
      exchange.onResponseData(undefined, Buffer.alloc(mb, 'x'));
      if (end === 'expire') exchange.expire();
      else exchange.onResponseError(undefined, new Error('broken'));
      await expect(exchange.answer).rejects.toThrow();
      expect(budget.heldBytes).toBe(0);
    }
  });
});
