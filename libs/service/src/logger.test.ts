import { expect, test } from 'vitest';
import { describeError } from './logger.ts';

test("describes an error and its causes, without a driver's values", () => {
  const cause = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (email)=(ada@example.com)',
  });
  const described = describeError(new Error('register failed', { cause }));
  expect(described).toMatchObject({
    message: 'register failed',
    cause: { message: 'duplicate key', code: '23505' },
  });
  expect(JSON.stringify(described)).not.toContain('ada@example.com');
});

test('ends with causes that go in a circle', () => {
  const error = new Error('a');
  error.cause = error;
  expect(JSON.stringify(describeError(error)).length).toBeLessThan(10_000);
});

test('cuts the text of an error that is longer than anybody reads', () => {
  const { message, stack } = describeError(new Error('x'.repeat(1_000_000))) as Record<string, string>;
  expect([message?.length, stack?.length]).toEqual([10_001, 10_001]);
});
