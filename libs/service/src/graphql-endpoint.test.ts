import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAuthorization } from './credential-headers.ts';
import { RefusalError } from './errors.ts';
import { mountGraphql } from './graphql-endpoint.ts';
import { createHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { listen } from './run-process.ts';

// Vitest would give this file another instance of graphql than Apollo Server has.
const graphql: typeof import('graphql') = createRequire(import.meta.url)('graphql');
const { GraphQLError, GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } = graphql;

const json = 'application/json';
const graphqlResponse = 'application/graphql-response+json';
const secret = 'hunter2';
let server: FastifyInstance;
let url: string;

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      echo: {
        type: GraphQLInt,
        args: { n: { type: new GraphQLNonNull(GraphQLInt) } },
        resolve: (_, { n }) => n,
      },
      refuse: {
        type: GraphQLString,
        resolve: () => {
          throw new RefusalError('authz.scope.deny');
        },
      },
      fail: {
        type: GraphQLString,
        resolve: () => {
          throw new GraphQLError(secret, { extensions: { url: secret } });
        },
      },
    },
  }),
  mutation: new GraphQLObjectType({ name: 'Mutation', fields: { change: { type: GraphQLInt } } }),
});

beforeAll(async () => {
  const logger = createLogger('test', 'silent');
  server = createHttpServer({ logger });
  await mountGraphql({
    server,
    logger,
    path: '/graphql',
    introspection: false,
    source: { schema },
    translateError: (error) =>
      error instanceof RangeError ? new RefusalError('service.unavailable', { cause: error }) : undefined,
    context: async (request) => {
      const authorization = readAuthorization(request.raw);
      if (authorization === 'down') throw new RangeError(`database ${secret}`);
      if (authorization === 'broken') throw new Error(secret);
      if (authorization) throw new RefusalError('auth.failure.expired');
      return {};
    },
  });
  url = `${await listen(server, { host: '127.0.0.1', port: 0 })}/graphql`;
});
afterAll(() => server.close());

async function ask(body: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': json, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test's own query says.
  const parsed: any = await answer.json();
  return { status: answer.status, headers: answer.headers, body: parsed };
}

/** With no header but the given: fetch adds Accept and joins headers of one name. */
async function askPlainly(query: string, headers: Record<string, string[]>) {
  const req = request(url, { method: 'POST', headers: { 'content-type': json, ...headers } });
  req.end(JSON.stringify({ query }));
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  return { status: res.statusCode, text: await text(res) };
}

const faults = [
  ['GRAPHQL_PARSE_FAILED', { query: '{' }],
  ['GRAPHQL_VALIDATION_FAILED', { query: '{ nothing }' }],
  ['BAD_USER_INPUT', { query: 'query ($n: Int!) { echo(n: $n) }', variables: { n: secret } }],
  ['OPERATION_RESOLUTION_FAILURE', { query: 'query A { __typename }', operationName: 'B' }],
] as const;
const accepts: [string, number][] = [
  ['*/*', 400],
  [graphqlResponse, 400],
  [`${graphqlResponse}, ${json};q=0.9`, 400],
  [`${json}, ${graphqlResponse}`, 400],
  [json, 200],
  [`${json}; charset=utf-8, */*;q=0.1`, 200],
];

test('an empty operationName is as good as none', async () => {
  expect((await ask({ query: '{ __typename }', operationName: '' })).body).toEqual({
    data: { __typename: 'Query' },
  });
  const query = new URLSearchParams({ query: 'query A { __typename }', operationName: '' });
  const byGet = await fetch(`${url}?${query}`, { headers: { 'apollo-require-preflight': 'yes' } });
  expect(await byGet.json()).toEqual({ data: { __typename: 'Query' } });
  const two = await ask({ query: 'query A { __typename } query B { __typename }', operationName: '' });
  expect([two.status, two.body.errors[0].extensions.code]).toEqual([400, 'OPERATION_RESOLUTION_FAILURE']);
});

test.each(
  faults.flatMap(([code, body]) => accepts.map(([accept, status]) => ({ code, body, accept, status }))),
)('$code under Accept $accept is $status', async ({ code, body, accept, status }) => {
  const answer = await ask(body, { accept });
  expect(answer.status).toBe(status);
  expect(answer.body.errors).toHaveLength(1);
  expect(answer.body.errors[0].extensions.code).toBe(code);
  expect(JSON.stringify(answer.body)).not.toContain(secret);
  const type = String(answer.headers.get('content-type')).split(';')[0];
  expect(type).toBe(accept.includes(graphqlResponse) ? graphqlResponse : json);
});

test('a request error is 400 where Accept is absent', async () => {
  expect((await askPlainly('{', {})).status).toBe(400);
});

test.each([json, graphqlResponse, '*/*'])(
  'under Accept %s a refusal of the context is the status',
  async (accept) => {
    const refused = await ask({ query: '{ __typename }' }, { accept, authorization: 'Bearer x' });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(refused.body).toEqual({
      errors: [
        {
          message: 'The access token has expired.',
          extensions: { code: 'UNAUTHENTICATED', reason: 'auth.failure.expired' },
        },
      ],
    });
    const down = await ask({ query: '{ __typename }' }, { accept, authorization: 'down' });
    expect(down.status).toBe(503);
    expect(down.headers.get('retry-after')).toBe('2');
    expect(down.body.errors[0].extensions).toEqual({
      code: 'SERVICE_UNAVAILABLE',
      reason: 'service.unavailable',
    });
  },
);

test('a context that fails is 500 without the cause', async () => {
  const answer = await ask({ query: '{ __typename }' }, { authorization: 'broken' });
  expect(answer.status).toBe(500);
  expect(answer.body).toEqual({
    errors: [{ message: 'Something went wrong on our side.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
  });
});

test('a refusal and a failure of a resolver are 200 beside the data', async () => {
  const answer = await ask({ query: '{ refuse fail __typename }' });
  expect(answer.status).toBe(200);
  expect(answer.body.data).toEqual({ refuse: null, fail: null, __typename: 'Query' });
  expect(answer.body.errors.map((error: { extensions: { code: string } }) => error.extensions)).toEqual([
    { code: 'FORBIDDEN', reason: 'authz.scope.deny' },
    { code: 'INTERNAL_SERVER_ERROR' },
  ]);
  expect(JSON.stringify(answer.body)).not.toContain(secret);
});

test('an argument that turns out to be null is bad input, not a fault of ours', async () => {
  const answer = await ask({ query: 'query ($n: Int = 1) { echo(n: $n) }', variables: { n: null } });
  expect(answer.body.errors[0].extensions).toEqual({ code: 'BAD_USER_INPUT', reason: 'input.n' });
});

test('more faulty variables than anybody counts are bad input', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `v${index}`);
  const query = `query (${names.map((n) => `$${n}: Int!`).join()}) { ${names.map((n) => `${n}: echo(n: $${n})`).join(' ')} }`;
  const answer = await ask({ query, variables: Object.fromEntries(names.map((n) => [n, secret])) });
  expect(answer.status).toBe(400);
  expect(
    new Set(answer.body.errors.map((error: { extensions: { code: string } }) => error.extensions.code)),
  ).toEqual(new Set(['BAD_USER_INPUT']));
});

test.each([
  '[]',
  '[{"query":"{ __typename }"}]',
  '1',
  '"text"',
  'null',
  'true',
  '{}',
  '{"query":1}',
  '{"query":{}}',
  '{"query":"{ __typename }","variables":[]}',
  '{"query":"{ __typename }","operationName":1}',
  '{"query":""}',
])('the body %s is 400', async (body) => {
  for (const accept of [json, graphqlResponse]) {
    const answer = await ask(body, { accept });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  }
});

test('a query may come by GET, a mutation may not, and neither without a header that forces a preflight', async () => {
  const get = (query: string, headers: Record<string, string> = { 'apollo-require-preflight': 'yes' }) =>
    fetch(`${url}?query=${encodeURIComponent(query)}`, { headers });
  expect(await (await get('{ __typename }')).json()).toEqual({ data: { __typename: 'Query' } });
  const mutation = await get('mutation { change }');
  expect(mutation.status).toBe(405);
  expect(mutation.headers.get('allow')).toBe('POST');
  expect(await mutation.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  expect((await get('{ __typename }', {})).status).toBe(400);
});

test('a client that takes no JSON is told so', async () => {
  const answer = await ask({ query: '{ __typename }' }, { accept: 'text/html' });
  expect(answer.status).toBe(406);
  expect(answer.body).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
});

test('two Authorization headers are 401 malformed', async () => {
  const { status, text } = await askPlainly('{ __typename }', { authorization: ['Bearer a', 'Bearer b'] });
  expect(status).toBe(401);
  expect(JSON.parse(text).errors[0].extensions.reason).toBe('auth.failure.malformed');
});

test('introspection is refused and names are not suggested where it is off', async () => {
  const introspection = await ask({ query: '{ __schema { types { name } } }' });
  expect(introspection.body.errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  expect(JSON.stringify((await ask({ query: '{ ech }' })).body)).not.toContain('echo');
});
