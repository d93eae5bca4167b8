import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSampler } from './sampler.ts';

/** `told`: what was told so far, taken off; the sample is the number of the call. */
function startSampler(maxKeys = 10) {
  const told: [sample: string, count: number, isShared: boolean][] = [];
  const tell = (...args: [string, number, boolean]) => void told.push(args);
  const sampler = createSampler(tell, { everyMs: 1200, maxKeys, now: () => Date.now() });
  return { sampler, take: () => told.splice(0) };
}

describe('a sampler', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('reports the first at once, and the others together when the time is over, even if no other comes', () => {
    const { sampler, take } = startSampler();
    sampler.add('a', 'first');
    expect(take()).toEqual([['first', 1, false]]);
    for (const sample of ['second', 'third', 'last']) sampler.add('a', sample);
    vi.advanceTimersByTime(1199);
    expect(take()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(take()).toEqual([['last', 3, false]]);
    vi.advanceTimersByTime(10_000);
    expect(take()).toEqual([]);
  });

  it('counts one that comes when the time is over with those before it', () => {
    const { sampler, take } = startSampler();
    for (const sample of ['first', 'second']) sampler.add('a', sample);
    take();
    vi.setSystemTime(Date.now() + 1200); // The timer has not run yet.
    sampler.add('a', 'third');
    expect(take()).toEqual([['third', 2, false]]);
  });

  it('adds up what was counted elsewhere', () => {
    const { sampler, take } = startSampler();
    for (const times of [3, 90, 7]) sampler.add('a', 'of another', times);
    sampler.stop();
    expect(take().map(([, count]) => count)).toEqual([3, 97]);
  });

  it('delays no key for another', () => {
    const { sampler, take } = startSampler();
    sampler.add('a', 'of a');
    sampler.add('b', 'of b');
    expect(take()).toEqual([
      ['of a', 1, false],
      ['of b', 1, false],
    ]);
  });

  it('reports at most one more than its keys in a time, whatever keys callers invent, and loses none of the count', () => {
    const { sampler, take } = startSampler(10);
    const flood = (name: string) => {
      for (let n = 0; n < 1000; n++) sampler.add(`${name} ${n}`, name);
    };
    flood('one');
    const first = take();
    expect(first).toHaveLength(11);
    flood('two');
    expect(take()).toEqual([]);
    vi.advanceTimersByTime(1200);
    const next = take();
    expect(next.length).toBeLessThanOrEqual(11);
    const all = [...first, ...next];
    expect(all.reduce((sum, [, count]) => sum + count, 0)).toBe(2000);
    expect(all.filter(([, count]) => count > 1).every(([, , isShared]) => isShared)).toBe(true);
  });

  it('reports what is left when it stops, and nothing after that', () => {
    const { sampler, take } = startSampler();
    for (const sample of ['first', 'second', 'third']) sampler.add('a', sample);
    take();
    sampler.stop();
    expect(take()).toEqual([['third', 2, false]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not keep a process alive', () => {
    vi.useRealTimers();
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const { sampler } = startSampler();
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before);
    sampler.stop();
  });
});
