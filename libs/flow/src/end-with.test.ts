import { expect, test, vi } from 'vitest';
import { endWith } from './end-with.ts';

const fault = new Error('a fault');

test.each([
  ['has a result', async () => 'result', 'result'],
  ['rejects', () => Promise.reject(fault), fault],
  [
    'throws before it has a promise',
    () => {
      throw fault;
    },
    fault,
  ],
])(
  'ends once where the work %s, before the result is awaited',
  async (_, work: () => Promise<unknown>, outcome) => {
    const end = vi.fn();
    const [found, ends] = await endWith(work, end).then(
      (result) => [result, end.mock.calls.length],
      (error: unknown) => [error, end.mock.calls.length],
    );
    expect([found, ends]).toEqual([outcome, 1]);
  },
);

test('does not end before the work does', async () => {
  const end = vi.fn();
  const { promise, resolve } = Promise.withResolvers<void>();
  const working = endWith(() => promise, end);
  await Promise.resolve();
  expect(end).not.toHaveBeenCalled();
  resolve();
  await working;
  expect(end).toHaveBeenCalledTimes(1);
});
