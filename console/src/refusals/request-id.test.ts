import { expect, test } from 'vitest';
import { findRequestId } from './request-id.ts';

const id = '0199c2f4-7a10-7000-8000-00000000000a';
const other = '0199c2f4-7a10-7000-8000-00000000000b';

test.each([
  ['an id', ` ${id}\n`],
  [
    'an error',
    `{"errors":[{"message":"The field ${other}","extensions":{"code":"FORBIDDEN","requestId":"${id}"}}]}`,
  ],
  ['a header', `X-Request-Id: ${id}`],
  ['headers', `date: Mon\r\nx-request-id: ${id}\r\nvary: Origin`],
  ['a sentence', `They wrote: "Request ${id}." What is it?`],
  ['a line of a log', `{"requestId":"${id}","traceId":"${other}"}`],
])('finds the request id in %s', (_told, text) => {
  expect(findRequestId(text)).toBe(id);
});

test('takes an id of a proxy, and no sentence', () => {
  expect(findRequestId('req_8kd.3')).toBe('req_8kd.3');
  expect(findRequestId('x-request-id: edge-7/88')).toBe('edge-7/88');
  expect(findRequestId('it does not work')).toBeUndefined();
  expect(findRequestId('')).toBeUndefined();
});
