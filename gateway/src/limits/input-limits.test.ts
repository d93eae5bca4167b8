import { parseValue } from 'graphql';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from './documents.test-support.ts';
import { assertJsonWithinLimits, assertLiteralWithinLimits } from './operation-limits.ts';

const config = { ...defaultLimits, LIMIT_INPUT_DEPTH: 3, LIMIT_LIST_SIZE: 4 };
const json = (value: unknown) => () => assertJsonWithinLimits({ input: value }, config);
const literal = (text: string) => () => assertLiteralWithinLimits(parseValue(text), config);

describe('input limits', () => {
  it('allow what is as deep and as long as the limits say', () => {
    expect(json([[{}, 1, 'a', null]])).not.toThrow();
    expect(json({ a: [1, 2, 3, 4] })).not.toThrow();
    expect(literal('[[{}, 1, "a", null]]')).not.toThrow();
    expect(literal('{ a: [1, 2, $b, 4] }')).not.toThrow();
  });

  it('refuse what is nested deeper, wherever it hides', () => {
    for (const value of [[[[[]]]], { a: { b: { c: {} } } }, [1, [{ a: [] }]]]) {
      expect(json(value)).toThrow('An input value has at least 4 levels of lists and objects. At most 3');
    }
    for (const text of ['[[[[]]]]', '{ a: { b: { c: {} } } }', '[1, [{ a: [] }]]']) {
      expect(literal(text)).toThrow('at least 4 levels');
    }
  });

  it('refuse longer lists, wherever they hide', () => {
    for (const value of [[1, 2, 3, 4, 5], { a: [1, 2, 3, 4, 5] }, [{}, [1, 2, 3, 4, 5]]]) {
      expect(json(value)).toThrow('A list or page has 5 items. At most 4 are allowed.');
    }
    expect(literal('[1, 2, 3, 4, 5]')).toThrow('5 items');
    expect(literal('{ a: [1, 2, 3, 4, 5] }')).toThrow('5 items');
  });

  it('refuse more values in all, however they are spread', () => {
    const few = { ...config, LIMIT_LIST_SIZE: 5, LIMIT_INPUT_VALUES: 10 };
    const check = (value: unknown) => () => assertJsonWithinLimits(value, few);
    const members = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, 1]));
    expect(check(members(10))).not.toThrow();
    expect(check({ a: members(4), b: [1, 2, 3, 4] })).not.toThrow();
    expect(check(members(11))).toThrow(
      'The request has at least 11 values in its variables or extensions. At most 10 are allowed.',
    );
    for (const value of [{ a: members(10) }, { a: members(4), b: [1, 2, 3, 4, 5] }])
      expect(check(value)).toThrow('11 values');
  });

  it('look at JSON of 100,000 levels without using up the stack', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(json(deep)).toThrow('at least 4 levels');
  });

  it('find what is deep under __proto__ and constructor', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(json(JSON.parse(`{ "${name}": { "${name}": { "${name}": [] } } }`))).toThrow(
        'at least 4 levels',
      );
    }
  });
});
