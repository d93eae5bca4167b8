import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AskedReply, type AskedRequest, RefusalError } from '@signet/service';
import { beforeEach, expect, test } from 'vitest';
import { busyBodyOf } from '../admission/admission.ts';
import { createDirectOperations, type DirectOperationsOptions } from './direct-operations.ts';

const proxy = '10.0.0.1';
let sent: { status: number; headers: string[] };
let reply: AskedReply;
beforeEach(() => {
  sent = { status: 200, headers: [] };
  reply = {
    raw: { destroyed: false } as ServerResponse,
    code: (status) => {
      sent.status = status;
    },
    header: (name, value) => void sent.headers.push(`${name}: ${value}`),
  };
});

const ask = (headers: Record<string, string> = {}, remoteAddress = '192.0.2.1') =>
  ({
    raw: { headers, socket: { remoteAddress } } as unknown as IncomingMessage,
    headers,
    body: { query: '{ a }' },
  }) as unknown as AskedRequest;

const create = (options: Partial<DirectOperationsOptions> = {}) =>
  createDirectOperations({
    corsHeadersFor: () => ['vary', 'Origin'],
    isTrustedProxy: (address) => address === proxy,
    admission: { reserve: () => undefined, run: (_, work) => work() },
    waitForClient: () => true,
    checkSource() {},
    answerFast: async () => 'answer',
    ...options,
  });

test('opens for what needs no report', () => {
  const { open } = create();
  expect(open(ask(), reply)).toBe(true);
  expect(sent.headers).toEqual(['vary: Origin']);
  expect(open(ask({ 'x-forwarded-for': '192.0.2.9' }, proxy), reply)).toBe(true);
});

test.each<[string, Record<string, string>, Partial<DirectOperationsOptions>]>([
  ['cookies', { 'signet-session': 'cookie' }, {}],
  ['a proxy that is not listed', { forwarded: 'for=192.0.2.9' }, {}],
  ['a proxy that is not listed, in the older form', { 'x-forwarded-for': '192.0.2.9' }, {}],
  ['a page of another origin', {}, { corsHeadersFor: () => undefined }],
  ['no room', {}, { admission: { reserve: () => 'bodies', run: (_, work) => work() } }],
])('does not open for %s', (_, headers, options) => {
  expect(create(options).open(ask(headers), reply)).toBe(false);
  expect(sent.headers).toEqual([]);
});

test('leaves to Fastify what is refused before it runs', async () => {
  let ran = 0;
  const answerFast = async () => {
    ran += 1;
    return 'answer';
  };
  const refuse = () => {
    throw new RefusalError('service.unavailable');
  };
  const full = { reserve: () => undefined, run: async () => refuse() };
  expect(await create({ answerFast, admission: full }).answer(ask(), reply)).toBeUndefined();
  expect(await create({ answerFast, checkSource: refuse }).answer(ask(), reply)).toBeUndefined();
  expect(ran).toBe(0);
  expect(await create({ answerFast: async () => undefined }).answer(ask(), reply)).toBeUndefined();
});

test('answers with the refusal where the client has room for no answer', async () => {
  expect(await create().answer(ask(), reply)).toBe('answer');
  expect(await create({ waitForClient: () => false }).answer(ask(), reply)).toBe(busyBodyOf(ask()));
  expect(sent).toEqual({
    status: 503,
    headers: ['retry-after: 1', 'content-type: application/json; charset=utf-8'],
  });
});
