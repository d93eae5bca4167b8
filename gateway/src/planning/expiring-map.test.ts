import { describe, expect, it } from 'vitest';
import { createExpiringMap } from './expiring-map.ts';

describe('an expiring map', () => {
  it('forgets after its time', () => {
    let now = 0;
    const map = createExpiringMap<string>({ ttlMs: 60_000, maxSize: 100, now: () => now });
    map.set('bomb', 'refused', 1);
    now = 59_999;
    expect(map.get('bomb')).toBe('refused');
    now = 60_000;
    expect(map.get('bomb')).toBeUndefined();
  });

  it('gives way from the oldest on, and holds nothing that is too large', () => {
    const map = createExpiringMap<string>({ ttlMs: 1000, maxSize: 30 });
    for (const key of ['a', 'b', 'c']) map.set(key, key, 10);
    map.set('too large', 'x', 31);
    expect(map.get('a')).toBe('a');
    map.set('d', 'd', 10);
    expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([undefined, 'b', 'c', 'd']);
  });
});
