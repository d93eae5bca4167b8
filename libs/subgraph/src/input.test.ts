import { describe, expect, it } from 'vitest';
import { findId, readId, readInteger, readText, toContainsPattern } from './input.ts';

describe('ids', () => {
  it('come out as the database writes them', () => {
    expect(findId('0199C2F4-7A10-7000-8000-00000000000A')).toBe('0199c2f4-7a10-7000-8000-00000000000a');
  });
  it.each([
    '',
    'x',
    '0199c2f4-7a10-7000-8000-00000000000a\n',
    '0199c2f4-7a10-7000-8000-00000000000a\0',
    null,
  ])('are refused when they are none: %j', (value) => {
    expect(findId(value)).toBeUndefined();
    expect(() => readId('id', String(value))).toThrow('This is not an id.');
  });
});

describe('texts', () => {
  it('lose white space at their ends', () => {
    expect(readText('name', ' a b ', { max: 3 })).toBe('a b');
  });
  it.each([
    '\u200b',
    ' \u200d\ufeff ',
    '\u2060',
    '\u00ad',
    '\u3164',
    '\u2800',
    '\u{e0041}',
    '\u0001',
    '\u3000',
  ])('that show nothing are empty: %j', (value) => {
    expect(() => readText('name', value, { max: 9 })).toThrow('must have 1 to 9 characters');
    expect(readText('name', value, { min: 0, max: 9 })).toBe('');
  });
  it('keep what shows something, with the invisible characters that it needs', () => {
    for (const text of ['\u2764\ufe0f', '\u{1f468}\u200d\u{1f469}', '\u0645\u06cc\u200c\u062e', '\u0301']) {
      expect(readText('name', text, { max: 9 })).toBe(text);
    }
  });
  it.each(['', '   ', 'abcd', 'a\0', 'a\ud800', '\udc02', '\u202ea'])(
    'are refused when empty, too long, with NUL, half a character or turned about: %j',
    (value) => {
      expect(() => readText('name', value, { max: 3 })).toThrow();
    },
  );
  it('stand for themselves in a pattern', () => {
    expect(toContainsPattern('50%_\\')).toBe('%50\\%\\_\\\\%');
  });
});

describe('numbers', () => {
  it.each([0, 11, 1.5, Number.NaN])('are refused outside their limits: %s', (value) => {
    expect(() => readInteger('n', value, { min: 1, max: 10 })).toThrow('between 1 and 10');
  });
});
