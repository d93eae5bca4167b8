import { describe, expect, it } from 'vitest';
import { defaultLimits, repeat } from './documents.test-support.ts';
import { assertSourceWithinLimits } from './source-limits.ts';

const look = (source: string, limits = {}) =>
  assertSourceWithinLimits(source, { ...defaultLimits, ...limits });

describe('assertSourceWithinLimits', () => {
  it('allows exactly as many characters, tokens and open brackets as the limits say', () => {
    expect(() => look('{ a b }', { LIMIT_TOKENS: 4 })).not.toThrow();
    expect(() => look('{ a b }', { LIMIT_TOKENS: 3 })).toThrow('at least 4 tokens. At most 3 are allowed');
    expect(() => look('{a(b:[{c:1}])}', { LIMIT_NESTING: 4 })).not.toThrow();
    expect(() => look('{a(b:[{c:1}])}', { LIMIT_NESTING: 3 })).toThrow('at least 4 brackets');
    expect(() => look('{ a }', { LIMIT_CHARACTERS: 5 })).not.toThrow();
    expect(() => look('{ a }', { LIMIT_CHARACTERS: 4 })).toThrow('5 characters. At most 4');
  });

  it.each([
    ['selections', '', '{a'],
    ['lists', '{a(b:', '['],
    ['objects', '{a(b:', '{c:'],
    ['list types', 'query($a:', '['],
    ['unclosed arguments', '{', 'a('],
  ])('refuses 10,000 %s inside one another', (_name, start, unit) => {
    expect(() => look(start + unit.repeat(10_000))).toThrow(
      expect.objectContaining({ reason: 'request.limit.nesting' }),
    );
  });

  it('counts brackets beside one another once, and those in strings and comments never', () => {
    expect(() => look(`{ ${repeat(200, 'a%(b: [1])')} }`)).not.toThrow();
    const brackets = '{'.repeat(100);
    for (const text of [
      `"${brackets}"`,
      `"\\"${brackets}"`,
      `"""${brackets}\\"""${brackets}"""`,
      `"" #${brackets}\n`,
    ]) {
      expect(() => look(`{ a(b: ${text}) }`)).not.toThrow();
    }
    // What looks like the inside of a string, but is none.
    for (const text of [`"\\\\" ${brackets}`, `"""""" ${brackets}`, `"" ${brackets}`, `#"\n${brackets}`]) {
      expect(() => look(`{ a(b: ${text}) }`)).toThrow('brackets');
    }
  });

  it.each(['', '{ a(b: "', '{ ? }', '"\\u{', '{ a("""'])('leaves %j to the parser', (text) => {
    expect(() => look(text)).not.toThrow();
  });
});
