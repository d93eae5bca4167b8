import { describe, expect, it } from 'vitest';
import { createFairBuffer } from './fair-buffer.ts';

describe('a fair buffer', () => {
  it('drops the newest of the caller who has most where there is no room', () => {
    const buffer = createFairBuffer<string>(4);
    for (const n of [1, 2, 3, 4]) expect(buffer.add('flood', `flood ${n}`)).toBeUndefined();
    expect(buffer.add('flood', 'flood 5')).toBe('flood 5');
    expect(buffer.add('one', 'one 1')).toBe('flood 4');
    expect(buffer.add('two', 'two 1')).toBe('flood 3');
    expect(buffer.take(10)).toEqual(['flood 1', 'one 1', 'two 1', 'flood 2']);
  });

  it('keeps what it has where everybody has the same', () => {
    const buffer = createFairBuffer<string>(2);
    buffer.add('one', 'one');
    buffer.add('two', 'two');
    expect(buffer.add('three', 'three')).toBe('three');
    expect(buffer.take(3)).toEqual(['one', 'two']);
  });

  it('gives one of each caller in turn, and has room again for what it gave', () => {
    const buffer = createFairBuffer<number>(5);
    for (const n of [1, 2, 3]) buffer.add('one', n);
    buffer.add('two', 4);
    expect(buffer.take(3)).toEqual([1, 4, 2]);
    expect(buffer.size).toBe(1);
    for (const n of [5, 6, 7, 8]) expect(buffer.add(`${n}`, n)).toBeUndefined();
    expect(buffer.add('9', 9)).toBe(9);
  });
});
