import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { readAuthorization, readCookie } from './credential-headers.ts';

test.each([
  [undefined, undefined],
  ['', undefined],
  ['a=1', '1'],
  ['b=2; a=1', '1'],
  ['b=2;a=1;c', '1'],
  [' a = 1 ', '1'],
  ['a=', ''],
  ['a=1=2', '1=2'],
  ['a="1"', '"1"'],
  ['A=1', undefined],
  ['xa=1; =a; a', undefined],
  ['b="; a=1', '1'],
  [`${'b=1; '.repeat(3000)}a=1`, '1'],
])('of %s reads %s', (header, value) => {
  expect(readCookie(header, 'a')).toBe(value);
});

test.each(['a=1; a=2', 'a=1; b=2; a=1', 'a=; a='])('refuses two of a name: %s', (header) => {
  expect(() => readCookie(header, 'a')).toThrow('Send one cookie named a.');
});

test.each([
  [[], undefined],
  [[''], undefined],
  [['Bearer a'], 'Bearer a'],
  [['Bearer'], 'Bearer'],
])('of the Authorization headers %j reads %j', (values, authorization) => {
  expect(readAuthorization(requestWith(values))).toBe(authorization);
});

test.each([[['Bearer a', 'Bearer a']], [['', 'Bearer a']], [['Bearer a', '']]])(
  'refuses two Authorization headers: %j',
  (values) => {
    expect(() => readAuthorization(requestWith(values))).toThrow('Send one Authorization header.');
  },
);

/** As Node's parser gives the headers: names as they were sent, each time that they were sent. */
function requestWith(values: readonly string[]): IncomingMessage {
  const rawHeaders = values.flatMap((value, at) => [at % 2 ? 'authorization' : 'Authorization', value]);
  return { rawHeaders: ['Host', 'localhost', ...rawHeaders, 'X-Other', 'Bearer x'] } as IncomingMessage;
}
