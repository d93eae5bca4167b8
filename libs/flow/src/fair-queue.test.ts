import { describe, expect, it } from 'vitest';
import { createFairQueue } from './fair-queue.ts';

const all = () => true;

describe('a fair queue', () => {
  it('lets callers take turns, however many items one has waiting', () => {
    const queue = createFairQueue<string>(10);
    for (const item of ['a1', 'a2', 'a3']) queue.push('a', item);
    queue.push('b', 'b1');
    queue.push('c', 'c1');
    expect(takeAll(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
  });

  it('skips a caller that may not have one now, and keeps its turn', () => {
    const queue = createFairQueue<string>(10);
    queue.push('a', 'a1');
    queue.push('b', 'b1');
    expect(queue.take((caller) => caller !== 'a')?.item).toBe('b1');
    expect(queue.take((caller) => caller !== 'a')).toBeUndefined();
    expect(queue.take(all)?.item).toBe('a1');
  });

  it('takes the room for a newcomer from the caller with the longest line', () => {
    const queue = createFairQueue<string>(3);
    for (const item of ['a1', 'a2', 'a3']) queue.push('a', item);
    expect(queue.push('b', 'b1')).toBe('a3');
    expect(queue.push('a', 'a4')).toBe('a4');
    expect(takeAll(queue)).toEqual(['a1', 'b1', 'a2']);
  });

  it('forgets an item that is removed, and its caller', () => {
    const queue = createFairQueue<string>(3);
    queue.push('a', 'a1');
    queue.remove('a', 'a1');
    queue.remove('a', 'a1');
    expect(queue.length).toBe(0);
    expect(queue.take(all)).toBeUndefined();
  });
});

function takeAll(queue: ReturnType<typeof createFairQueue<string>>) {
  const taken: string[] = [];
  for (let next = queue.take(all); next; next = queue.take(all)) taken.push(next.item);
  return taken;
}
