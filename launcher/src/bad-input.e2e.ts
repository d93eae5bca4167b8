import { request } from 'node:http';
import { join } from 'node:path';
import { createTestGateway, postGraphql } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from './platform.test-support.ts';
import { portsFrom } from './ports.ts';

// What the platform answers to requests that nobody means well with: an error of the client, and nothing of its inside.

let platform: TestPlatform;
let url: string;
let portBase: number;
let portalToken: string;

beforeAll(async () => {
  platform = await startTestPlatform();
  ({ portBase } = platform);
  url = platform.urlOf('graph');
  portalToken = await platform.signIn('portal', 'operations@example.com');
});
afterAll(() => platform?.stop());

const cases: [
  string,
  string,
  Record<string, unknown>,
  () => string | undefined,
  string,
  string | undefined,
][] = [
  [
    'a NUL byte in an e-mail',
    'mutation ($v: String!) { login(input: { email: $v, password: "long enough words" }) { accessToken } }',
    { v: 'ada\u0000@example.com' },
    () => undefined,
    'UNAUTHENTICATED',
    'auth.failure.invalid_credentials',
  ],
  [
    'an e-mail of 10 KB',
    'mutation ($v: String!) { login(input: { email: $v, password: "long enough words" }) { accessToken } }',
    { v: `${'a'.repeat(10_000)}@example.com` },
    () => undefined,
    'UNAUTHENTICATED',
    'auth.failure.invalid_credentials',
  ],
  [
    'an e-mail of 10 KB at register',
    'mutation ($v: String!) { register(input: { email: $v, password: "long enough words", fullName: "A" }) { accessToken } }',
    { v: `${'a'.repeat(10_000)}@example.com` },
    () => undefined,
    'BAD_USER_INPUT',
    'input.email',
  ],
  [
    'an e-mail with a line break at register',
    'mutation ($v: String!) { register(input: { email: $v, password: "long enough words", fullName: "A" }) { accessToken } }',
    { v: 'a@b.example\r\nBcc: c@d.example' },
    () => undefined,
    'BAD_USER_INPUT',
    'input.email',
  ],
  [
    'a NUL byte in a search',
    'query ($v: String!) { customers(search: $v) { totalCount } }',
    { v: 'a\u0000b' },
    () => portalToken,
    'BAD_USER_INPUT',
    'input.search',
  ],
  [
    'a text that is not an id',
    'query ($v: ID!) { customer(id: $v) { id } }',
    { v: "1' or 1=1" },
    () => portalToken,
    'BAD_USER_INPUT',
    'input.id',
  ],
  [
    'a page of 101',
    '{ customers(first: 101) { totalCount } }',
    {},
    () => portalToken,
    'BAD_USER_INPUT',
    'input.first',
  ],
  [
    'a page of 1001',
    '{ customers(first: 1001) { totalCount } }',
    {},
    () => portalToken,
    'BAD_USER_INPUT',
    'request.limit.list_size',
  ],
  [
    'a text that is not a cursor',
    '{ customers(after: "x") { totalCount } }',
    {},
    () => portalToken,
    'BAD_USER_INPUT',
    'input.after',
  ],
  [
    'a number beyond Int',
    'query ($v: Int!) { customers(first: $v) { totalCount } }',
    { v: 99_999_999_999 },
    () => portalToken,
    'BAD_USER_INPUT',
    'input.v',
  ],
  [
    'a password as a number',
    'mutation ($v: LoginInput!) { login(input: $v) { accessToken } }',
    { v: { email: 'a@example.com', password: 1234567 } },
    () => undefined,
    'BAD_USER_INPUT',
    'input.password',
  ],
  ['an unknown field', '{ nothing }', {}, () => undefined, 'GRAPHQL_VALIDATION_FAILED', undefined],
  ['a document that does not parse', '{ customers(', {}, () => undefined, 'GRAPHQL_PARSE_FAILED', undefined],
];

test.each(cases)('%s', async (_title, query, variables, token, code, reason) => {
  const bearer = token();
  const answer = await postGraphql(url, { query, variables }, bearer ? { token: bearer } : {});
  expect(answer.body.errors?.[0]?.extensions).toEqual(reason ? { code, reason } : { code });
  expect(answer.status).toBeLessThan(500);
  const text = JSON.stringify(answer.body);
  expect(text).not.toMatch(/stack|select |insert |postgres|node_modules|1234567|:\d{5}\//i);
});

test.each([
  ['malformed JSON', '{"query":', 'application/json', 400],
  [
    'a body of 2 MB',
    JSON.stringify({ query: `{ __typename } #${'x'.repeat(2_000_000)}` }),
    'application/json',
    413,
  ],
  ['text', '{ __typename }', 'text/plain', 415],
  ['an array', '[{"query":"{ __typename }"}]', 'application/json', 400],
  ['a prototype', '{"query":"{ __typename }","__proto__":{"x":1}}', 'application/json', 400],
])('%s', async (_title, body, contentType, status) => {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body });
  expect(response.status).toBe(status);
  const answer = (await response.json()) as { errors: { extensions: { code: string } }[] };
  expect(answer.errors[0]?.extensions.code).toBe('BAD_REQUEST');
});

test.each([
  [
    'several operations and no name',
    { query: 'query A { __typename } query B { __typename }' },
    'OPERATION_RESOLUTION_FAILURE',
  ],
  [
    'a name that no operation has',
    { query: 'query A { __typename }', operationName: 'Z' },
    'OPERATION_RESOLUTION_FAILURE',
  ],
  [
    'a name from a prototype',
    { query: 'query A { __typename } query B { __typename }', operationName: '__proto__' },
    'OPERATION_RESOLUTION_FAILURE',
  ],
  ['a subscription', { query: 'subscription { x }' }, 'BAD_REQUEST'],
  ['a subscription to its type name', { query: 'subscription { __typename }' }, 'BAD_REQUEST'],
])('%s', async (_title, request, code) => {
  const folder = join(platform.home.path, 'proof');
  const subgraphs = Object.entries(portsFrom(portBase).subgraphs);
  // The entrances, and the subgraphs as a gateway asks them.
  for (const [port, subgraph] of [
    ...[0, 1, 2].map((offset) => [portBase + offset] as const),
    ...subgraphs.map(([name, subgraphPort]) => [subgraphPort, name] as const),
  ]) {
    const post = subgraph ? createTestGateway({ recipient: subgraph, folder }).post : postGraphql;
    const answer = await post(`http://localhost:${port}/graphql`, request);
    expect([port, answer.status < 500, answer.body.errors?.[0]?.extensions.code]).toEqual([port, true, code]);
  }
});

test('a host that is not ours is refused', async () => {
  const status = await new Promise((resolve, reject) => {
    request(url, { method: 'GET', headers: { host: 'evil.example' } }, (response) =>
      resolve(response.resume().statusCode),
    )
      .on('error', reject)
      .end();
  });
  expect(status).toBe(421);
});
