import { describe, expect, it } from 'vitest';
import { createSampler } from './sampler.ts';

function startSampler(maxKeys = 10) {
  const clock = { ms: 0 };
  return { clock, sampler: createSampler({ everyMs: 1000, maxKeys, now: () => clock.ms }) };
}

describe('a sampler', () => {
  it('tells of the first at once, and of the others together when the time is over', () => {
    const { clock, sampler } = startSampler();
    expect(sampler.count('a')).toBe(1);
    for (let n = 0; n < 5; n++) expect(sampler.count('a')).toBeUndefined();
    clock.ms = 999;
    expect(sampler.count('a')).toBeUndefined();
    clock.ms = 1000;
    expect(sampler.count('a')).toBe(7);
    expect(sampler.count('a')).toBeUndefined();
  });

  it('holds no key up for another', () => {
    const { sampler } = startSampler();
    expect(sampler.count('a')).toBe(1);
    expect(sampler.count('b')).toBe(1);
  });

  it('tells no more than its keys and one in a time, whatever callers invent', () => {
    const { clock, sampler } = startSampler(10);
    const told = () =>
      Array.from({ length: 1000 }, (_, n) => sampler.count(`${clock.ms} ${n}`)).filter(Boolean);
    expect(told()).toHaveLength(11);
    clock.ms = 1000;
    expect(told().length).toBeLessThanOrEqual(11);
  });
});
