import { expect, test } from 'vitest';
import { findUnfinished } from './unfinished-file.ts';

test('a file without its last line break, or that is the beginning of the one that is served, is unfinished', () => {
  const served = 'a: 1\nb: 2\n';
  expect(findUnfinished('s.yaml', 'a: 1\nb: 20\n', served)).toBeUndefined();
  expect(findUnfinished('s.yaml', 'a: 1\n# b\n', served)).toBeUndefined();
  expect(findUnfinished('s.yaml', served, served)).toBeUndefined();
  expect(findUnfinished('s.yaml', 'a: 1\nb: 20', served)).toMatch(/does not end with a line break.*rename/);
  expect(findUnfinished('s.yaml', 'a: 1\n', served)).toMatch(/is the beginning.*rename/);
  expect(findUnfinished('s.yaml', '', served)).toMatch(/does not end/);
});

test('JSON is complete where it can be parsed, unless it is the beginning of the one that is served', () => {
  expect(findUnfinished('s.json', '{"a":1}', '{"b":1}')).toBeUndefined();
  expect(findUnfinished('s.json', '{"a":1', '{"b":1}')).toMatch(/does not end/);
  expect(findUnfinished('s.json', '{"a":1}', '{"a":1}\nmore\n')).toMatch(/is the beginning/);
  expect(findUnfinished('s.yaml', '{"a":1}', '{"b":1}')).toMatch(/does not end/);
});
