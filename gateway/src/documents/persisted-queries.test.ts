import { expect, test } from 'vitest';
import { createPersistedQueryCache } from './persisted-queries.ts';

const text = (i: number) => `query Q${i} { a }`.padEnd(1000, ' ');

test('gives back what was stored', () => {
  const cache = createPersistedQueryCache();
  cache.set('apq:1', text(1));
  expect(cache.get('apq:1')).toBe(text(1));
  expect(cache.get('apq:2')).toBeUndefined();
});

test('a flood of texts drives out none that is in use', () => {
  const cache = createPersistedQueryCache({ maxBytes: 500_000 });
  const inUse = Array.from({ length: 50 }, (_, i) => i);
  for (const i of inUse) {
    cache.set(`used:${i}`, text(i));
    cache.get(`used:${i}`);
  }
  for (let i = 0; i < 5000; i += 1) cache.set(`flood:${i}`, text(i));
  const left = inUse.map((i) => cache.get(`used:${i}`));
  expect(left.filter((found) => found !== undefined)).toHaveLength(50);
});

test('holds no more than it may', () => {
  const cache = createPersistedQueryCache({ maxBytes: 100_000 });
  for (let i = 0; i < 500; i += 1) {
    cache.set(`${i}`, text(i));
    cache.get(`${i}`);
  }
  const left = Array.from({ length: 500 }, (_, i) => cache.get(`${i}`));
  const kept = left.filter((found) => found !== undefined).length;
  // 2,400 bytes each.
  expect(kept).toBeGreaterThan(20);
  expect(kept).toBeLessThanOrEqual(41);
});

test('forgets a text that nobody asked for in its time', () => {
  let time = 0;
  const cache = createPersistedQueryCache({ idleMs: 1000, now: () => time });
  cache.set('1', text(1));
  time = 900;
  expect(cache.get('1')).toBeDefined();
  time = 1800;
  expect(cache.get('1')).toBeDefined();
  time = 2800;
  expect(cache.get('1')).toBeUndefined();
  cache.set('1', text(1));
  expect(cache.get('1')).toBeDefined();
});
