import { expect, test } from 'vitest';
import { beginText, takeText, writeAscii, writeJson, writeQuoted } from './json-writer.ts';

const texts = [
  '',
  'plain',
  'a "quote" and a \\',
  'line\nand\ttab and \u0000 and \u007f',
  'ä, 漢字, 🙂',
  '\ud800 alone, \udc00 alone',
  '\u2028\u2029',
  'x'.repeat(64),
  'x'.repeat(65),
  `${'x'.repeat(70)}"ä`,
  '🙂'.repeat(100_000),
  'x'.repeat(300_000),
];

test('texts are written as JSON.stringify writes them, one after another, whatever came before', () => {
  for (let round = 0; round < 2; round += 1) {
    for (const text of texts) {
      beginText(2 ** 30);
      writeQuoted(text);
      expect(takeText() === JSON.stringify(text)).toBe(true);
    }
  }
  beginText(2 ** 30);
  writeAscii('[');
  for (const [index, text] of texts.entries()) {
    if (index > 0) writeAscii(',');
    writeQuoted(text);
  }
  writeAscii(',');
  writeJson('{"a":"ä"}');
  writeAscii(']');
  expect(JSON.parse(takeText())).toEqual([...texts, { a: 'ä' }]);
});

test('a text that was not finished leaves nothing in the next one', () => {
  beginText(2 ** 30);
  writeQuoted('ä'.repeat(200_000));
  beginText(2 ** 30);
  writeQuoted('b');
  expect(takeText()).toBe('"b"');
});

test('a text of any length around the room that stays is whole', () => {
  for (const length of [262_140, 262_141, 262_142, 262_143, 262_144, 262_145]) {
    beginText(2 ** 30);
    writeAscii('x'.repeat(length));
    writeQuoted('end');
    expect(takeText() === `${'x'.repeat(length)}"end"`).toBe(true);
  }
});
