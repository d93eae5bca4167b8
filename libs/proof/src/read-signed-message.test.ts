import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { refusalOf } from './proof.test-support.ts';
import { readSignedMessage } from './proof-verifier.ts';

const names = [
  'Content-Type',
  'Signet-Context',
  'Authorization',
  'Cookie',
  'Content-Digest',
  'Signature-Input',
  'Signature',
];

test('takes headers by any spelling of their names, and leaves the others', () => {
  const rawHeaders = ['Host', 'portal', 'COOKIE', 'a=b', 'X-Other', '1', 'x-other', '2'];
  expect(readSignedMessage({ method: 'POST', url: '/graphql?a=b?c', rawHeaders }, 'x')).toEqual({
    method: 'POST',
    path: '/graphql',
    query: '?a=b?c',
    headers: { cookie: 'a=b' },
    body: 'x',
  });
});

test.each(names)('refuses %s twice, even with the same value', (name) => {
  const rawHeaders = [name, 'same', name.toLowerCase(), 'same'];
  expect(refusalOf(() => readSignedMessage({ rawHeaders }, ''))).toMatchObject({
    reason: 'auth.failure.proof_invalid',
    detail: `${name.toLowerCase()} came twice`,
  });
});

test('refuses the second of two that is empty', () => {
  expect(() => readSignedMessage({ rawHeaders: ['signature', '', 'signature', 'x'] }, '')).toThrow();
});

test("sees both of two headers in what Node's server received, of which Node itself shows one", async () => {
  await using server = createServer((req, res) => {
    res.setHeader('connection', 'close');
    res.end(`${req.headers.authorization} ${refusalOf(() => readSignedMessage(req, '')).detail}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.end(
    'POST / HTTP/1.1\r\nhost: x\r\nauthorization: a\r\nauthorization: b\r\ncontent-length: 0\r\n\r\n',
  );
  expect(await text(socket)).toMatch(/\r\na authorization came twice/);
});
