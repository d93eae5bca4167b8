import { expect, test } from 'vitest';
import { TokenCache } from './token-cache.ts';

test('holds no more than its limit, whatever is put in', () => {
  const cache = new TokenCache<number>(100);
  for (let index = 0; index < 10_000; index++) cache.set(`token ${index}`, index);
  expect(cache.size).toBeLessThanOrEqual(100);
  expect(cache.get('token 9999')).toBe(9999);
  expect(cache.get('token 9899')).toBeUndefined();
});

test('keeps what is used through a flood of others', () => {
  const cache = new TokenCache<number>(100);
  cache.set('used', 1);
  for (let index = 0; index < 10_000; index++) {
    cache.set(`token ${index}`, index);
    if (index % 40 === 0) expect(cache.get('used')).toBe(1);
  }
});

test('forgets what is deleted, in either generation', () => {
  const cache = new TokenCache<number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  for (const token of ['a', 'b']) {
    cache.delete(token);
    expect(cache.get(token)).toBeUndefined();
  }
});
