import { parseDictionary } from 'structured-headers';
import { expect, test } from 'vitest';
import { readPlainDictionary } from './plain-dictionary.ts';

const pieces = [
  'id',
  'a-b',
  '*',
  'A',
  '=',
  '"',
  '\\',
  'x',
  ' ',
  ',',
  ', ',
  '?',
  '?1',
  '?0',
  '7',
  '-',
  '.',
  ';',
  '(',
  ')',
  'ä',
  '\t',
  '"r"',
  '="',
  '", ',
];

/** A linear congruential generator: the same texts in each run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function readByLibrary(text: string): Map<string, unknown> | undefined {
  try {
    return new Map([...parseDictionary(text)].map(([key, [value]]) => [key, value]));
  } catch {
    return undefined;
  }
}

test('reads what a library for structured fields reads, or leaves it to that', () => {
  const random = createRandom(11);
  let read = 0;
  for (let n = 0; n < 50_000; n += 1) {
    const text = Array.from({ length: 1 + random(12) }, () => pieces[random(pieces.length)]).join('');
    const members = readPlainDictionary(text);
    if (!members) continue;
    read += 1;
    expect([text, members]).toEqual([text, readByLibrary(text)]);
  }
  expect(read).toBeGreaterThan(500);
});

test.each([
  [
    'id="a \\"b\\" \\\\", auth, timeout=120',
    new Map<string, unknown>([
      ['id', 'a "b" \\'],
      ['auth', true],
      ['timeout', 120],
    ]),
  ],
  [
    'auth=?0, timeout=-1',
    new Map<string, unknown>([
      ['auth', false],
      ['timeout', -1],
    ]),
  ],
  ['', new Map()],
])('reads %s', (text, members) => {
  expect(readPlainDictionary(text)).toEqual(members);
  expect(readByLibrary(text)).toEqual(members);
});

test.each([
  'id="a", id="b"',
  'id="a";x=1',
  'id=("a")',
  'id="a",tenant="b"',
  'id="a",  tenant="b"',
  'id="a", ',
  ' id="a"',
  'id=token',
  'id=1.5',
  'id=1234567890123456',
  'id="a\\b"',
  'id="é"',
])('leaves %s', (text) => {
  expect(readPlainDictionary(text)).toBeUndefined();
});
