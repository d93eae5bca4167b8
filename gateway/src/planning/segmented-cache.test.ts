import { describe, expect, it } from 'vitest';
import { createSegmentedCache } from './segmented-cache.ts';

describe('a segmented cache', () => {
  it('keeps what was used twice, however many others are used once', () => {
    const cache = createSegmentedCache<string>({ maxSize: 100 });
    cache.set('known', 'plan', 10);
    cache.get('known');
    for (let index = 0; index < 1000; index += 1) cache.set(`one-off ${index}`, 'plan', 10);
    expect(cache.get('known')).toBe('plan');
    expect(cache.get('one-off 0')).toBeUndefined();
    expect(cache.get('one-off 999')).toBe('plan');
  });

  it('never holds more than its size', () => {
    const cache = createSegmentedCache<string>({ maxSize: 100 });
    for (let index = 0; index < 200; index += 1) {
      cache.set(`${index}`, 'plan', 1 + (index % 15));
      if (index % 2) cache.get(`${index}`);
      expect(cache.size).toBeLessThanOrEqual(100);
    }
    expect(cache.size).toBeGreaterThan(50);
  });

  it('gives those who must leave the kept part a second probation', () => {
    const cache = createSegmentedCache<string>({ maxSize: 100, probationShare: 0.5 });
    for (const key of ['a', 'b', 'c']) {
      cache.set(key, key, 25);
      cache.get(key);
    }
    cache.set('new', 'new', 25);
    expect(cache.get('a')).toBe('a');
  });

  it('evicts nothing for what is too large to be kept', () => {
    const cache = createSegmentedCache<string>({ maxSize: 100 });
    cache.set('small', 'plan', 10);
    cache.set('large', 'plan', 21);
    expect(cache.get('large')).toBeUndefined();
    expect(cache.get('small')).toBe('plan');
  });

  it('counts a value again when it has grown', () => {
    const cache = createSegmentedCache<string>({ maxSize: 100 });
    cache.set('a', 'one', 10);
    cache.get('a');
    cache.set('a', 'two', 15);
    expect(cache.get('a')).toBe('two');
    expect(cache.size).toBe(15);
  });
});
