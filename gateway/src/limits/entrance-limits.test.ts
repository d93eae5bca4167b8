import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { takeRequestIds } from '@signet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../entrance/entrance.test-support.ts';
import { repeat } from './documents.test-support.ts';

type Answer = {
  data?: Record<string, unknown>;
  errors?: { message: string; extensions: { code: string } }[];
};

describe('limits at an entrance', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway();
  });
  afterAll(() => gateway.stop());
  beforeEach(() => void gateway.takeCalls());

  async function post(body: object | string, headers: Record<string, string> = {}) {
    const response = await fetch(`${gateway.urls.graph}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: takeRequestIds((await response.json()) as Answer, response) };
  }

  const deepText = `{${'a{'.repeat(50)}`;
  it.each<[reason: string, request: object]>([
    ['characters', { query: `#${'x'.repeat(50_000)}\n{ __typename }` }],
    ['tokens', { query: `{ ${'a '.repeat(5000)} }` }],
    ['nesting', { query: deepText }],
    [
      'depth',
      { query: `{ ${'me { orders { edges { node { customer { '.repeat(3)} id ${'}}}}}'.repeat(3)} }` },
    ],
    ['root_fields', { query: `{ ${repeat(21, '__typename')} }` }],
    [
      'list_size',
      { query: 'query($n: Int!) { products(first: $n) { totalCount } }', variables: { n: 10_000 } },
    ],
    ['input_depth', { query: '{ __typename }', variables: { a: [[[[[[[[[[]]]]]]]]]] } }],
    ['input_depth', { query: '{ __typename }', extensions: { a: [[[[[[[[[[]]]]]]]]]] } }],
    [
      'input_values',
      {
        query: '{ __typename }',
        variables: { a: Object.fromEntries(Array.from({ length: 5001 }, (_, at) => [at, 1])) },
      },
    ],
    [
      'cost',
      { query: `{ ${repeat(20, 'a%: products(first: 100) { edges { node { price { amount } } } }')} }` },
    ],
    ['credentials', { query: 'mutation { a: logout login(input: {}) { expiresIn } refresh { expiresIn } }' }],
  ])(
    'refuse with request.limit.%s, 400 whatever the client accepts, and no subgraph is called',
    async (reason, request) => {
      for (const accept of ['*/*', 'application/json', 'application/graphql-response+json']) {
        const { status, body } = await post(request, { accept });
        expect([accept, status]).toEqual([accept, 400]);
        expect(body).toEqual({
          errors: [
            {
              message: expect.stringMatching(/At most \d+ are allowed\.$|^Send one/),
              extensions: { code: 'BAD_USER_INPUT', reason: `request.limit.${reason}` },
            },
          ],
        });
      }
      expect(gateway.takeCalls()).toEqual([]);
    },
  );

  it('hold for operations by GET, and for their variables', async () => {
    const get = async (parameters: Record<string, string>) => {
      const url = `${gateway.urls.graph}/graphql?${new URLSearchParams(parameters)}`;
      const response = await fetch(url, { headers: { 'apollo-require-preflight': 'yes' } });
      const { errors } = takeRequestIds((await response.json()) as Answer, response);
      return [response.status, errors?.[0]?.extensions];
    };
    const refused = (reason: string) => [400, { code: 'BAD_USER_INPUT', reason: `request.limit.${reason}` }];
    expect(await get({ query: deepText })).toEqual(refused('nesting'));
    // The same name in other letters, and what other readers of URLs take for a separator.
    const encoded = encodeURIComponent(deepText);
    for (const search of [
      `%71uery=${encoded}`,
      `a=;&query=${encoded}`,
      `query=${encoded}&query=x`,
      `query=x&query=${encoded}`,
    ]) {
      const response = await fetch(`${gateway.urls.graph}/graphql?${search}`, {
        headers: { 'apollo-require-preflight': 'yes' },
      });
      expect([search, response.status, await response.text()]).toEqual([
        search,
        400,
        expect.stringContaining('request.limit.nesting'),
      ]);
    }
    const variables = `${'['.repeat(1000)}${']'.repeat(1000)}`;
    expect(await get({ query: '{ __typename }', variables: `{"a":${variables}}` })).toEqual(
      refused('input_depth'),
    );
  });

  it('leave no text of the engine in an answer to JSON of 100,000 levels', async () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const body of [nested, `{"query":"{ __typename }","variables":${nested}}`, `{"query":${nested}}`]) {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).not.toMatch(/stack|recursion|RangeError|node_modules/i);
    }
  });

  const inherited = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
  it.each(inherited)('%s is a name like any other', async (name) => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort();
    const aliased = await post({
      query: `{ ${name}: products(first: 1) { ${name}: edges { ${name}: node { ${name}: name stock { ${name}: available } } } } }`,
    });
    expect(aliased).toEqual({
      status: 200,
      body: { data: own(name, own(name, [own(name, { ...own(name, 'x'), stock: own(name, 1) })])) },
    });
    const named = await post({
      query: `query ${name}($${name}: Int!) { products(first: $${name}) { totalCount } }`,
      operationName: name,
      variables: JSON.parse(`{"${name}": 3}`),
    });
    // Fastify refuses a body with such a key before anything reads it.
    expect([200, 400]).toContain(named.status);
    expect(named.body.errors?.[0]?.message ?? named.body.data).toEqual(
      named.status === 200 ? { products: { totalCount: 1 } } : expect.stringContaining('malformed'),
    );
    const argument = await post({ query: `{ products(${name}: 1) { totalCount } }` });
    expect(argument.status).toBe(400);
    const field = await post({ query: `{ ${name} { ${name} } ...${name} }` });
    expect(field.status).toBe(400);
    const keys = await post(
      `{"query":"{ __typename }","${name}":{"x":1},"variables":{"a":{"${name}":{"x":1}}}}`,
    );
    expect([200, 400]).toContain(keys.status);
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

describe('an answer of a subgraph with keys of prototypes', () => {
  it('reaches neither the client nor Object.prototype', async () => {
    const evil = '"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}';
    const subgraph = createServer((_req, res) => {
      res.setHeader('content-type', 'application/json');
      res.end(
        `{"data":{"_0_products":{"edges":[{"node":{"__typename":"Product","id":"1","name":"lamp",${evil}},${evil}}],${evil}},${evil}},${evil}}`,
      );
    }).listen(0, '127.0.0.1');
    await once(subgraph, 'listening');
    const gateway = await startTestGateway({
      PORTAL_URL: `http://127.0.0.1:${(subgraph.address() as AddressInfo).port}/graphql`,
    });
    try {
      const response = await fetch(`${gateway.urls.graph}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ products { edges { node { name stock { available } } } } }' }),
      });
      expect(await response.text()).toBe(
        '{"data":{"products":{"edges":[{"node":{"name":"lamp","stock":{"available":1}}}]}}}\n',
      );
      expect(({} as { polluted?: string }).polluted).toBeUndefined();
    } finally {
      await gateway.stop();
      subgraph.closeAllConnections();
      subgraph.close();
    }
  });
});

/** An object with that one key of its own, also where a literal would set the prototype. */
function own(name: string, value: unknown): Record<string, unknown> {
  return Object.defineProperty({}, name, { value, enumerable: true, writable: true, configurable: true });
}
