import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloClient, CombinedGraphQLErrors, gql, InMemoryCache, ServerError } from '@apollo/client';
import { CombinedError, createClient as createUrqlClient, fetchExchange } from '@urql/core';
import { ClientError, GraphQLClient } from 'graphql-request';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createSignetLink, followSession } from './apollo.ts';
import { createSignetClient, readError, type SignetClient } from './index.ts';
import { SignedIn, SignetProvider, useSession, useSignet } from './react.ts';
import { signetExchange } from './urql.ts';

const me = '{ me { email } }';
let server: Server;
let client: SignetClient;
/** What the entrance answers to an operation. */
let answer: (res: ServerResponse, bearer: string | undefined) => void;
let signedInAs: string | undefined;

const json = (res: ServerResponse, status: number, body: object, headers = {}) =>
  void res
    .writeHead(status, { 'content-type': 'application/graphql-response+json', ...headers })
    .end(JSON.stringify(body));
const refuse =
  (status: number, code: string, reason: string, headers = {}) =>
  (res: ServerResponse) =>
    json(res, status, { errors: [{ message: reason, extensions: { code, reason } }], data: null }, headers);

const listener: RequestListener = (req, res) => {
  let body = '';
  req.on('data', (part) => (body += part));
  req.on('end', () => {
    const operation = /Signet_(\w+)/.exec(body)?.[1];
    const claims = Buffer.from(JSON.stringify({ sub: signedInAs, sid: 'a session' })).toString('base64url');
    if (operation === 'signOut') json(res, 200, { data: { result: true } });
    else if (operation && signedInAs) {
      json(res, 200, {
        data: { result: { accessToken: `x.${claims}.x`, expiresIn: 600, refreshToken: 'r' } },
      });
    } else if (operation) refuse(401, 'UNAUTHENTICATED', 'auth.failure.missing_token')(res);
    else answer(res, req.headers.authorization);
  });
};

beforeAll(async () => {
  server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  signedInAs = 'ada';
  const { port } = server.address() as AddressInfo;
  client = createSignetClient({ url: `http://127.0.0.1:${port}/graphql`, platform: 'user' });
  return () => client.close();
});

/** The same operation through each library: what it threw or returned as its error. */
async function askAll(): Promise<unknown[]> {
  const apollo = new ApolloClient({ link: createSignetLink(client), cache: new InMemoryCache() });
  const urql = createUrqlClient({
    url: 'http://nowhere.invalid',
    preferGetMethod: false,
    exchanges: [signetExchange(client), fetchExchange],
  });
  return [
    await apollo.query({ query: gql(me) }).catch((error: unknown) => error),
    (await urql.query(me, {}).toPromise()).error,
    await new GraphQLClient(client.url, { fetch: client.fetch }).request(me).catch((error: unknown) => error),
  ];
}

test.each<[string, (res: ServerResponse) => void, object]>([
  [
    'a refusal',
    refuse(403, 'FORBIDDEN', 'authz.scope.deny'),
    { kind: 'forbidden', reason: 'authz.scope.deny' },
  ],
  ['nobody signed in', refuse(401, 'UNAUTHENTICATED', 'auth.failure.missing_token'), { kind: 'signed-out' }],
  ['a faulty input', refuse(400, 'BAD_USER_INPUT', 'input.email'), { kind: 'input', field: 'email' }],
  [
    'beside data',
    (res) =>
      json(res, 200, { data: { me: null }, errors: [{ message: 'no', extensions: { code: 'NOT_FOUND' } }] }),
    { kind: 'not-found' },
  ],
  [
    "a proxy's page",
    (res) => void res.writeHead(503, { 'content-type': 'text/html', 'retry-after': '9' }).end('<html>'),
    { kind: 'unavailable', retryAfterSeconds: 9 },
  ],
  [
    'a proxy that throttles',
    (res) => void res.writeHead(429, { 'retry-after': '9' }).end('slow'),
    { kind: 'throttled', retryAfterSeconds: 9 },
  ],
  ['a lost connection', (res) => void res.destroy(), { kind: 'network' }],
])(
  '%s is the same error through Apollo Client, urql and graphql-request',
  async (_what, respond, expected) => {
    answer = respond;
    const errors = await askAll();
    expect(errors.map(readError)).toMatchObject([expected, expected, expected]);
  },
);

test('a pause that auth asked for reaches each of them with its seconds', async () => {
  const apollo = new ApolloClient({ link: createSignetLink(client), cache: new InMemoryCache() });
  client.close();
  const paused = createSignetClient({
    url: client.url,
    platform: 'user',
    store: { read: () => ({ refreshToken: 'r' }), write: () => undefined },
    fetch: async () =>
      Response.json(
        { errors: [{ message: 'busy', extensions: { code: 'RATE_LIMITED', reason: 'auth.throttled' } }] },
        { status: 429, headers: { 'retry-after': '30' } },
      ),
  });
  client = paused;
  const errors = await askAll();
  expect(errors).toMatchObject([
    expect.any(CombinedGraphQLErrors),
    expect.any(CombinedError),
    expect.any(ClientError),
  ]);
  for (const error of errors) {
    expect(readError(error)).toMatchObject({
      kind: 'throttled',
      reason: 'auth.throttled',
      retryAfterSeconds: 30,
    });
  }
  apollo.stop();
});

test("Apollo's own error of a page that is no GraphQL keeps its status", async () => {
  answer = (res) => void res.writeHead(502).end('<html>');
  const [error] = await askAll();
  expect(ServerError.is(error)).toBe(true);
  expect(readError(error)).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 1 });
});

test('a mounted query of Apollo Client loses what it showed at sign-out, and asks again what everybody may see', async () => {
  answer = (res, bearer) =>
    bearer
      ? json(res, 200, { data: { me: { __typename: 'User', email: 'ada@example.com' }, news: 'for ada' } })
      : json(res, 200, {
          data: { me: null, news: 'for all' },
          errors: [
            {
              message: 'no',
              path: ['me'],
              extensions: { code: 'UNAUTHENTICATED', reason: 'auth.failure.missing_token' },
            },
          ],
        });
  const apollo = new ApolloClient({ link: createSignetLink(client), cache: new InMemoryCache() });
  const stop = followSession(apollo, client);
  await client.session.ready();
  await client.signIn({ email: 'ada@example.com', password: 'x' });
  const query = apollo.watchQuery({ query: gql('{ me { email } news }'), errorPolicy: 'all' });
  const shown: (string | undefined)[] = [];
  query.subscribe({ next: ({ data, error }) => shown.push(data ? JSON.stringify(data) : error && 'error') });
  await expect.poll(() => shown.at(-1)).toContain('ada@example.com');
  signedInAs = undefined;
  await client.signOut();
  await expect.poll(() => shown.at(-1)).toBe('{"me":null,"news":"for all"}');
  expect(readError(query.getCurrentResult().error)).toMatchObject({ kind: 'signed-out' });
  expect(JSON.stringify(apollo.cache.extract())).not.toContain('ada');
  stop();
  apollo.stop();
});

test('on a server nobody is known to be signed in, and nothing is asked', () => {
  const Status = () => useSession().status;
  const page = createElement(
    SignetProvider,
    { client },
    createElement(SignedIn, { pending: 'wait', fallback: 'sign in' }, 'inside'),
    createElement(Status),
  );
  expect(renderToString(page)).toContain('wait');
  expect(renderToString(page)).toContain('unknown');
  const Lost = () => String(useSignet());
  expect(() => renderToString(createElement(Lost))).toThrow('<SignetProvider client={…}>');
});
