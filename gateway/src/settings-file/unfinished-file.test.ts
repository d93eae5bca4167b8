import { expect, test } from 'vitest';
import { findUnfinished, lacksOnlyItsEnd } from './unfinished-file.ts';

test('a file without its last line break is unfinished', () => {
  expect(findUnfinished('s.yaml', 'a: 1\nb: 20\n')).toBeUndefined();
  expect(findUnfinished('s.yaml', 'a: 1\nb: 20')).toMatch(/does not end with a line break.*rename/);
  expect(findUnfinished('s.yaml', '')).toMatch(/does not end/);
});

test('JSON is complete where it can be parsed', () => {
  expect(findUnfinished('s.json', '{"a":1}')).toBeUndefined();
  expect(findUnfinished('s.json', '{"a":1')).toMatch(/does not end/);
  expect(findUnfinished('s.yaml', '{"a":1}')).toMatch(/does not end/);
});

test('the beginning of the file that is served lacks its end; a file that differs elsewhere does not', () => {
  const served = 'a: 1\nb: 2\n';
  expect(lacksOnlyItsEnd('a: 1\n', served)).toBe(true);
  for (const text of [served, 'a: 1\n# b\n', 'a: 2\n', 'b: 2\n']) {
    expect(lacksOnlyItsEnd(text, served)).toBe(false);
  }
});
