import { expect, test } from 'vitest';
import { isReadableBody } from './request-checks.ts';

test.each([
  ['application/json', true],
  ['application/json ;charset=UTF-8', true],
  ['text/plain', false],
  ['application/jsonx', false],
  ['application/graphql', false],
  ['application/json, application/json', false],
  ['application/json; charset=utf-16', false],
  ['', false],
  [undefined, false],
  [`application/json${'; '.repeat(5000)}=`, false],
])('a body of the type %s can be read: %s', (type, wanted) => {
  expect(isReadableBody({ ...(type !== undefined && { 'content-type': type }) })).toBe(wanted);
});
