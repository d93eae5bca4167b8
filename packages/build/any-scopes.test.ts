import { expect, test } from 'vitest';
import * as ours from '../../schema/contract/scopes.ts';
import * as any from './any-scopes.ts';

test('exports what schema/contract/scopes.ts exports', () => {
  const kindsOf = (module: object) =>
    Object.fromEntries(
      Object.entries(module).map(([name, value]) => [name, Array.isArray(value) ? 'list' : typeof value]),
    );
  expect(kindsOf(any)).toEqual(kindsOf(ours));
  expect(Object.keys(any.scopesOfRole)).toEqual(Object.keys(ours.scopesOfRole));
});

test('takes every scope of RFC 6749 and nothing else', () => {
  expect(['reviews:write', 'https://example.com/auth/read', 'a'].every(any.isScope)).toBe(true);
  expect(['', 'a b', 'a"b', 'a\\b', 'ä', 'a\n'].some(any.isScope)).toBe(false);
});
