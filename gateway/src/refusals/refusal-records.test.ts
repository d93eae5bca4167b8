import { createHash } from 'node:crypto';
import type { Check, RefusalRecord } from '@signet/schema/contract';
import { postGraphql } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway, type Who } from '../entrance/entrance.test-support.ts';

const patience = { timeout: 30_000 };
const idOfAll = '0199c2f4-7a10-7000-8000-00000000000b';
const document = '{ me { id } }';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    TRUSTED_PROXIES: '127.0.0.1/32',
    GRAPH_CORS_ORIGINS: 'https://shop.example',
    LIMIT_DEPTH: '4',
    LIMIT_TOKENS: '200',
  });
});
afterAll(() => gateway.stop());

type Asked = {
  body?: object | string;
  who?: Exclude<Who, 'anonymous'>;
  token?: string;
  headers?: Record<string, string>;
  path?: string;
  method?: string;
  entrance?: 'graph' | 'user' | 'portal';
};

let client = 0;
/** Each asks from a network of its own, so that no two meet in a share. */
async function ask({
  body,
  who,
  token = who && gateway.tokens[who],
  headers,
  path = '/graphql',
  ...asked
}: Asked) {
  client += 1;
  const network = `198.51.100.${client}`;
  const response = await fetch(`${gateway.urls[asked.entrance ?? 'graph']}${path}`, {
    method: asked.method ?? 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': network,
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const { errors } = (await response.json()) as { errors?: { extensions: { requestId: string } }[] };
  const requestId = response.headers.get('x-request-id') ?? '';
  if (errors) expect(errors[0]?.extensions.requestId).toBe(requestId);
  return { requestId, network, status: response.status };
}

const recorded = (): RefusalRecord[] => gateway.records.flatMap(({ records }) => records);
async function recordOf(requestId: string): Promise<RefusalRecord> {
  await expect.poll(() => recorded().some((one) => one.requestId === requestId), patience).toBe(true);
  return recorded().find((one) => one.requestId === requestId) as RefusalRecord;
}

const deep = '{ orders { edges { node { id lines { product { name } } } } } }';
const altered = () => {
  const [head, claims, signature = ''] = gateway.tokens.customer.split('.');
  return [head, claims, signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))].join('.');
};

type Case = [check: Check, told: string, asked: () => Asked];
const cases: Case[] = [
  ['HOST', 'a URL that is written in another way', () => ({ body: { query: document }, path: '/%67raphql' })],
  [
    'HOST',
    'a URL with bytes that are no UTF-8',
    () => ({ body: { query: document }, path: '/graphql?a=%ff' }),
  ],
  ['ROUTE', 'a path where nothing is', () => ({ body: { query: document }, path: '/nothing' })],
  ['BODY', 'no JSON', () => ({ body: '{"query"' })],
  ['BODY', 'another media type', () => ({ body: 'x', headers: { 'content-type': 'text/plain' } })],
  ['TEXT_LIMITS', 'too many tokens', () => ({ body: { query: `{ ${'a '.repeat(300)} }` } })],
  [
    'FORM',
    'a GET without the header that pages cannot send',
    () => ({
      method: 'GET',
      path: `/graphql?query=${encodeURIComponent(document)}`,
      headers: { 'content-type': '' },
    }),
  ],
  [
    'COOKIES',
    'a page of another origin',
    () => ({
      body: { query: document },
      headers: { 'signet-session': 'cookie', origin: 'https://evil.example' },
    }),
  ],
  ['TOKEN_FORM', 'no token', () => ({ body: { query: document }, token: 'x' })],
  ['TOKEN_SIGNATURE', 'an altered token', () => ({ body: { query: document }, token: altered() })],
  ['TOKEN_TIME', 'an expired token', () => ({ body: { query: document }, token: gateway.expiredToken })],
  [
    'TOKEN_ISSUER',
    "a customer's token at the door of staff",
    () => ({ body: { query: '{ portalMe { id } }' }, who: 'customer', entrance: 'portal' }),
  ],
  [
    'DOCUMENT',
    'the hash of a document that nobody has sent',
    () => ({ body: { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } } }),
  ],
  ['SYNTAX', 'a document that cannot be read', () => ({ body: { query: '{ me { id }' } })],
  [
    'OPERATION',
    'the name of no operation',
    () => ({ body: { query: 'query A { me { id } }', operationName: 'B' } }),
  ],
  ['LIMITS', 'a document that is too deep', () => ({ body: { query: deep }, who: 'customer' })],
  ['VALIDATION', 'a field that does not exist', () => ({ body: { query: '{ nothing }' } })],
  [
    'VARIABLES',
    'a value of another type',
    () => ({ body: { query: 'query ($id: ID!) { product(id: $id) { id } }', variables: { id: { a: 1 } } } }),
  ],
  ['RULES', 'a field of staff', () => ({ body: { query: '{ portalHealth }' }, who: 'customer' })],
];

describe('a refused request is recorded with the check that refused it', () => {
  // All at once: a report is sent each second.
  let answers: Awaited<ReturnType<typeof ask>>[];
  beforeAll(async () => {
    answers = await Promise.all(cases.map(([, , asked]) => ask(asked())));
  });
  it.each(cases.map(([check, told], index) => [check, told, index] as const))(
    '%s: %s',
    async (check, _told, index) => {
      const { requestId, status } = answers[index] as (typeof answers)[number];
      const record = await recordOf(requestId);
      expect([...new Set(record.refusals.map((one) => one.check))]).toEqual([check]);
      expect(record.status).toBe(status);
    },
  );

  it('with all that is known of it, and nothing that the client sent but names', async () => {
    const query =
      'query Who($secret: ID!) { product(id: $secret) { id } customers(first: 1) { edges { cursor } } portalHealth }';
    const { requestId, network } = await ask({
      body: { query, variables: { secret: 'hunter2' } },
      who: 'limited',
      headers: { 'graphql-client-name': 'shop', 'graphql-client-version': '3', cookie: 'a=hunter2' },
    });
    const record = await recordOf(requestId);
    expect(record).toEqual({
      requestId,
      at: expect.any(Number),
      isPartial: false,
      status: 403,
      hasToken: true,
      account: { id: idOfAll, tenantId: '0199c2f4-7a10-7000-8000-00000000000a' },
      role: 'super_admin',
      scopes: ['profile:read'],
      signInAge: expect.any(Number),
      network,
      operation: { name: 'Who', type: 'query', hash: createHash('sha256').update(query).digest('hex') },
      client: { name: 'shop', version: '3' },
      refusals: [
        {
          check: 'RULES',
          code: 'FORBIDDEN',
          reason: 'authz.scope.deny',
          field: 'Query.customers',
          path: 'customers',
          count: 1,
          rule: expect.arrayContaining([
            { kind: 'platform', anyOf: [['portal']], isMet: true },
            { kind: 'scopes', anyOf: [['customers:read']], isMet: false },
          ]),
        },
      ],
    });
    expect(JSON.stringify(gateway.records)).not.toContain('hunter2');
  });

  it('names the limit, what was counted and what is allowed', async () => {
    const { requestId } = await ask({ body: { query: deep }, who: 'customer' });
    const [refusal] = (await recordOf(requestId)).refusals;
    expect(refusal).toMatchObject({ reason: 'request.limit.depth', limit: { found: 6, allowed: 4 } });
  });

  it('says how recent a sign-in must be', async () => {
    const { requestId } = await ask({
      body: { query: `mutation { suspendCustomer(customerId: "${idOfAll}") { id } }` },
      who: 'aged',
    });
    const { refusals, signInAge } = await recordOf(requestId);
    expect(refusals).toMatchObject([{ check: 'RULES', reason: 'authz.step_up.required' }]);
    expect(refusals[0]?.rule).toContainEqual({ kind: 'recentAuth', seconds: 300, isMet: false });
    expect(signInAge).toBeGreaterThanOrEqual(1000);
  });

  it.each(['the slow lane', 'the fast lane'])('what a subgraph refuses, with its name: %s', async (lane) => {
    const query = `{ me { id } ${lane === 'the fast lane' ? '' : 'again: me { id } '}}`;
    if (lane === 'the fast lane') await ask({ body: { query }, who: 'customer' });
    const extensions = { code: 'FORBIDDEN', reason: 'authz.permission.deny' };
    const end = gateway.answerErrors('auth', [{ message: 'x', path: ['me'], extensions }]);
    try {
      const { requestId, status } = await ask({ body: { query }, who: 'customer' });
      expect(status).toBe(200);
      expect((await recordOf(requestId)).refusals).toMatchObject([
        { check: 'OBJECT', code: 'FORBIDDEN', reason: 'authz.permission.deny', subgraph: 'auth' },
      ]);
    } finally {
      end();
    }
  });

  it('reports what has no room as a number, and takes no room of others', async () => {
    const from = { 'x-forwarded-for': '203.0.113.7' };
    const leftOut = () => gateway.records.reduce((sum, one) => sum + (one.leftOut ?? 0), 0);
    const before = leftOut();
    await Promise.all(
      Array.from({ length: 60 }, () =>
        postGraphql(`${gateway.urls.graph}/graphql`, { query: document }, { headers: from }),
      ),
    );
    await expect.poll(leftOut, patience).toBe(before + 40);
    const { requestId } = await ask({ body: { query: document } });
    expect((await recordOf(requestId)).refusals[0]?.reason).toBe('auth.failure.missing_token');
  });

  it('and one that was granted is not', async () => {
    const { requestId } = await ask({ body: { query: document }, who: 'customer' });
    const later = await ask({ body: { query: '{ nothing }' } });
    await recordOf(later.requestId);
    expect(recorded().filter((one) => one.requestId === requestId)).toEqual([]);
  });
});
