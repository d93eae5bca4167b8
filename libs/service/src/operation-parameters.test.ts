import { createRequire } from 'node:module';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mountGraphql } from './graphql-endpoint.ts';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { listen } from './run-process.ts';

// Vitest would give this file another instance of graphql than Apollo Server has.
const { buildSchema }: typeof import('graphql') = createRequire(import.meta.url)('graphql');

let server: FastifyInstance;
let url: string;

beforeAll(async () => {
  const logger = createLogger('test', 'silent');
  server = createHttpServer({ logger });
  const schema = buildSchema('type Query { echo(text: String = "none"): String }');
  Object.assign(schema.getQueryType()?.getFields().echo ?? {}, {
    resolve: (_: unknown, { text }: { text: string }) => text,
  });
  await mountGraphql({
    server,
    logger,
    path: '/graphql',
    introspection: false,
    source: { schema },
    context: async () => ({}),
  });
  url = `${await listen(server, { host: '127.0.0.1', port: 0 })}/graphql`;
});
afterAll(() => server.close());

const query = 'query A($t: String = "default") { echo(text: $t) }';
const answer = (response: Response) => response.json().then((body) => ({ status: response.status, body }));

/** `parameters` are JSON values; a URL holds the strings as they are. */
async function askBothWays(parameters: Record<string, unknown>) {
  const all: Record<string, unknown> = { query, ...parameters };
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(all)) {
    search.append(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  const headers = { 'content-type': 'application/json' };
  return {
    byBody: await answer(await fetch(url, { method: 'POST', headers, body: JSON.stringify(all) })),
    byUrl: await answer(await fetch(`${url}?${search}`, { headers })),
  };
}

const ran = { status: 200, body: { data: { echo: 'default' } } };

test.each([
  ['variables', null],
  ['variables', ''],
  ['variables', {}],
  ['extensions', null],
  ['extensions', ''],
  ['extensions', {}],
  ['operationName', ''],
  ['operationName', 'A'],
])('%s %j is the same in a URL and in a body', async (name, value) => {
  expect(await askBothWays({ [name]: value })).toEqual({ byBody: ran, byUrl: ran });
});

test('operationName null in a body is none; in a URL it is a name', async () => {
  const { byBody, byUrl } = await askBothWays({ operationName: null });
  expect(byBody).toEqual(ran);
  expect(byUrl).toMatchObject({
    status: 400,
    body: { errors: [{ extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } }] },
  });
});

test.each([
  ['variables', []],
  ['variables', 0],
  ['variables', 'x'],
  ['variables', { t: 1 }],
  ['variables', '{"a\\q":1}'],
  ['extensions', []],
  ['extensions', false],
  ['operationName', 'B'],
  ['query', ''],
])('%s %j is refused in both', async (name, value) => {
  const { byBody, byUrl } = await askBothWays({ [name]: value });
  expect([byBody.status, byUrl.status]).toEqual([400, 400]);
});

test('values of variables are the same in both, whatever they hold', async () => {
  for (const t of ['ü \u{1F600}', '+ %20&=#?', '', 'null']) {
    const echoed = { status: 200, body: { data: { echo: t } } };
    expect(await askBothWays({ variables: { t } })).toEqual({ byBody: echoed, byUrl: echoed });
  }
});

test.each(['query', 'operationName', 'variables', 'extensions', 'documentId'])(
  '%s twice is 400 in both',
  async (name) => {
    const headers = { 'content-type': 'application/json' };
    for (const [first, second] of [
      ['', ''],
      ['', '{}'],
      ['A', 'A'],
    ] as const) {
      const search = new URLSearchParams(name === 'query' ? {} : { query });
      search.append(name, first);
      search.append(name, second);
      expect((await fetch(`${url}?${search}`, { headers })).status).toBe(400);
      const body = `{"query":${JSON.stringify(query)},"${name}":"${first}","${name}":"${second}"}`;
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(400);
    }
  },
);

test.each(['{"__proto__":{}}', '{"t":"a","x":[{"__proto__":1}]}', '{"a":{"constructor":{"prototype":{}}}}'])(
  'names that change a prototype, in %s, are 400 in both',
  async (json) => {
    const headers = { 'content-type': 'application/json' };
    for (const name of ['variables', 'extensions']) {
      const search = new URLSearchParams({ query, [name]: json });
      expect((await fetch(`${url}?${search}`, { headers })).status).toBe(400);
      const body = `{"query":${JSON.stringify(query)},"${name}":${json}}`;
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(400);
    }
  },
);

test('half of a surrogate pair in the variables of a URL is 400, as in a body', async () => {
  const variables = '{"t":"\\ud800"}';
  const headers = { 'content-type': 'application/json' };
  const search = new URLSearchParams({ query, variables });
  expect((await fetch(`${url}?${search}`, { headers })).status).toBe(400);
  const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
  expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(400);
});
