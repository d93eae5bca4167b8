import { expect, test } from 'vitest';
import { parseClaimPath, readClaim } from './claim-path.ts';

test.each([
  ['scope', ['scope']],
  ['cognito:groups', ['cognito:groups']],
  ['realm_access.roles', ['realm_access', 'roles']],
  ['https://example.com/roles', ['https://example.com/roles']],
  ['https://example.com/a.b/roles', ['https://example.com/a.b/roles']],
  ['urn:example:roles', ['urn:example:roles']],
  ['resource_access["my.api"].roles', ['resource_access', 'my.api', 'roles']],
  ['["https://example.com/access"].roles', ['https://example.com/access', 'roles']],
  ['a["x\\"y\\\\z"]', ['a', 'x"y\\z']],
  ['["a b"]["c"]', ['a b', 'c']],
])('%s is %j', (text, path) => {
  expect(parseClaimPath(text)).toEqual(path);
});

test.each([
  '',
  '.',
  '.a',
  'a.',
  'a..b',
  'a b',
  'a[b]',
  'a["b"',
  'a["b"]c',
  'a.["b"]',
  'a[""]',
  "a['b']",
  'a\n',
])('%j is no place', (text) => {
  expect(parseClaimPath(text)).toBeUndefined();
});

test('finds own members only, and nothing below a list or a text', () => {
  const claims = JSON.parse('{"a":{"b":["x"],"__proto__":"own"},"text":"abc","none":null}');
  const read = (text: string) => readClaim(claims, parseClaimPath(text) ?? []);
  expect(read('a.b')).toEqual(['x']);
  expect(read('a.__proto__')).toBe('own');
  for (const text of [
    'a.b.0',
    'a.b.length',
    'text.length',
    'none.x',
    'toString',
    '__proto__',
    'a.constructor',
    'c.d',
  ]) {
    expect(read(text)).toBeUndefined();
  }
});
