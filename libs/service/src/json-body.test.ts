import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MalformedRequestError } from './errors.ts';
import { createHttpServer } from './http-server.ts';
import { readJson } from './json-body.ts';
import { createLogger } from './logger.ts';
import { sendBytes } from './raw-http.test-support.ts';
import { listen } from './run-process.ts';

let server: FastifyInstance;
let url: string;

beforeAll(async () => {
  server = createHttpServer({ logger: createLogger('test', 'silent') });
  server.post('/echo', async ({ body }) => ({ body }));
  server.get('/query', async ({ query }) => query);
  url = await listen(server, { host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close());

async function post(body: Buffer | string) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/echo`, {
    method: 'POST',
    headers,
    body: new Uint8Array(Buffer.from(body)),
  });
  const { body: read, errors } = (await answer.json()) as { body?: unknown; errors?: { message: string }[] };
  return { status: answer.status, read, fault: errors?.[0]?.message };
}

describe('a body', () => {
  test.each(['ü', '\u{1F600}', '\ufffd', '\u0000', 'a\\b', '\\ud83d', '\\u00e9', '"{['])(
    'gives back %j as it was sent',
    async (text) => {
      expect(await post(JSON.stringify({ text }))).toMatchObject({ status: 200, read: { text } });
    },
  );

  test('may spell a character by a pair of escapes', async () => {
    expect(await post('{"a":"\\uD83D\\ude00\\\\ud83d"}')).toMatchObject({
      status: 200,
      read: { a: '\u{1F600}\\ud83d' },
    });
  });

  test.each([
    ['Latin-1', Buffer.from('{"password":"münchen"}', 'latin1')],
    ['another byte in the same place', Buffer.from('{"password":"mänchen"}', 'latin1')],
    ['a character cut off', Buffer.from('{"a":"ü"}').subarray(0, 7)],
    ['a character that is too long', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['half of a surrogate pair', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['UTF-16', Buffer.from('{}', 'utf16le').subarray(0, 3)],
  ])('whose bytes are not UTF-8 is 400: %s', async (_, bytes) => {
    const { status, fault } = await post(bytes);
    expect(status).toBe(400);
    if (fault !== 'The body is not UTF-8.') expect(fault).toMatch(/malformed/);
  });

  test('in Latin-1 is told so', async () => {
    expect(await post(Buffer.from('{"a":"ü"}', 'latin1'))).toMatchObject({ fault: 'The body is not UTF-8.' });
  });

  test.each([
    '{"a":"\\ud800"}',
    '{"a":"\\uDC00"}',
    '{"\\udfff":1}',
    '{"a":"\\ud800\\ud800"}',
    '{"a":"\\ude00\\ud83d"}',
    '{"a":"\\\\\\ud83d"}',
    '["\\ud83d","\\ude00"]',
  ])('with half of a surrogate pair is 400: %s', async (json) => {
    expect(await post(json)).toMatchObject({ status: 400, fault: expect.stringContaining('surrogate') });
  });

  test.each(['{"query":"a","query":"b"}', '{"query":"a","quer\\u0079" : "b"}', '{"a":{"b":1},"c":[],"a":2}'])(
    'with a member twice is 400: %s',
    async (json) => {
      expect(await post(json)).toMatchObject({ status: 400, fault: expect.stringContaining('twice') });
    },
  );

  test('may have equal names in different objects', async () => {
    const read = { c: 'a":1,"a":', a: { a: '{"a":1,"a":2}' }, b: { a: 1 }, list: [{ a: 1 }, { a: 1 }] };
    expect(await post(JSON.stringify(read))).toMatchObject({ status: 200, read });
  });

  test.each(['{"__proto__":{"a":1}}', '{"a":', ''])('is still refused where it was: %j', async (json) => {
    expect((await post(json)).status).toBe(400);
  });
});

describe('a URL', () => {
  const get = (query: string) =>
    sendBytes(
      url,
      Buffer.from(`GET /query?${query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`, 'latin1'),
    );

  test('is read as UTF-8', async () => {
    expect(await get('a=%C3%BC+%F0%9F%98%80')).toMatchObject({ status: 200, body: { a: 'ü \u{1F600}' } });
  });

  test.each(['a=%E9', 'a=%ED%A0%80', 'a=%C0%AF', 'a=%F0%9F', 'a=%zz', 'a=%', 'a=\xe9', 'a=\xc3\xbc'])(
    'that is something else is 400: %s',
    async (query) => {
      expect((await get(query)).status).toBe(400);
    },
  );
});

describe('a body that no Fastify reads', () => {
  test.each([
    '{"a":"ü","b":[1,{"c":null}]}',
    '\ufeff{"a":1}',
    '{"constructor":"x","a":{"constructor":{}}}',
    '{"a":"__proto__"}',
    '"\\ud83d\\ude00"',
  ])('is read: %s', (text) => {
    expect(readJson(Buffer.from(text))).toEqual(JSON.parse(text.replace('\ufeff', '')));
  });

  test('of a list that is as long as a body can be is read', () => {
    expect(readJson(Buffer.from(`["\\u0061"${',1'.repeat(500_000)}]`))).toHaveLength(500_001);
  });

  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['bytes that are not UTF-8', Buffer.from('{"a":"ü"}', 'latin1')],
    ['half of a surrogate pair', '{"a":"\\ud83d"}'],
    ['a member twice', '{"a":1,"\\u0061":2}'],
    ['a prototype', '{"a":[{"b":{"__proto__":{}}}]}'],
    ['a prototype behind escapes', '{"\\u005f\\u005fproto__":1}'],
    ['a constructor with a prototype', '{"constructor":{"prototype":{"a":1}}}'],
  ])('is 400 with %s', (_title, text) => {
    expect(() => readJson(Buffer.from(text))).toThrow(MalformedRequestError);
  });
});
