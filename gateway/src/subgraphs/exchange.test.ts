import { expect, test, vi } from 'vitest';
import { createExchanges, NoAnswerError } from './exchange.ts';

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
