import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { createLogger } from '@signet/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../documents/decide-document.ts';
import { startTestGateway, type TestGateway, type Who } from './entrance.test-support.ts';

type Lane = 'fast' | 'apollo';
type Body = { query?: string; operationName?: unknown; variables?: unknown; extensions?: unknown };
type Request = { body: Body; who?: Who | 'expired'; headers?: Record<string, string> };
type Answer = {
  status: number | undefined;
  headers: readonly string[];
  body: string;
  lane: Lane | undefined;
};

const lanes: Lane[] = [];
/** Whether the last request passed Fastify by. */
let wasDirect = false;
const follow = (message: unknown) => {
  const { lane, request: asked } = message as { lane: Lane; request: object };
  lanes.push(lane);
  wasDirect = !('server' in asked);
};
beforeAll(() => subscribe('signet.answer', follow));
afterAll(() => unsubscribe('signet.answer', follow));

/** The same gateway twice: with both lanes, and with Apollo Server's alone. */
let [gateway, reference] = [] as unknown as [TestGateway, TestGateway];
beforeAll(async () => {
  const start = (name: string) =>
    startTestGateway({ LANES: name, GRAPH_CORS_ORIGINS: 'https://shop.example' });
  [gateway, reference] = [await start('both'), await start('apollo')];
});
afterAll(() => Promise.all([gateway?.stop(), reference?.stop()]));

/** The whole answer, with all headers as they were sent but for the time. */
async function send({ body, who = 'customer', headers = {} }: Request, to = gateway): Promise<Answer> {
  const token = who === 'expired' ? to.expiredToken : who === 'anonymous' ? undefined : to.tokens[who];
  const asked = request(`${to.urls.graph}/graphql`, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  lanes.length = 0;
  const answer = new Promise<import('node:http').IncomingMessage>((resolve, reject) =>
    asked.once('response', resolve).once('error', reject),
  );
  asked.end(JSON.stringify(body));
  const response = await answer;
  const requestId = String(response.headers['x-request-id']);
  const pairs = response.rawHeaders.flatMap((name, at, all) =>
    at % 2 === 0 && name.toLowerCase() !== 'date' ? [`${name}: ${all[at + 1]}`.replace(requestId, 'id')] : [],
  );
  const answered = (await text(response)).replaceAll(requestId, 'id');
  return { status: response.statusCode, headers: pairs.sort(), body: answered, lane: lanes[0] };
}

const page =
  'query Page($n: Int = 2, $id: ID!, $with: Boolean = true) { products(first: $n) { totalCount edges { node { id name @include(if: $with) stock { available } } } } product(id: $id) { n: name } }';
const mine = '{ me { id email } }';
const many = 'query A { a: __typename categories { id } } query B { me { id } }';
const buy =
  'mutation ($items: [OrderItemInput!]!) { placeOrder(input: { items: $items, idempotencyKey: "k" }) { id } }';
const search = 'query ($f: ProductFilter) { products(first: 3, filter: $f) { totalCount } }';
const searches = 'query ($f: [ProductFilter!]) { products(first: 3, anyOf: $f) { totalCount } }';
const texts = (count: number) => ({ f: Array.from({ length: count }, () => ({ text: 'a' })) });

/** What the second request of its kind gets from the fast lane. */
const fast: [string, Request][] = [
  [
    'variables, fragments and directives',
    { body: { query: page, variables: { id: '1', n: 3, with: false } } },
  ],
  ['defaults of variables', { body: { query: page, variables: { id: '1' } } }],
  ['a token', { body: { query: mine } }],
  ['a mutation', { body: { query: buy, variables: { items: [{ productId: '1', quantity: 1 }] } } }],
  ['the operation that it names', { body: { query: many, operationName: 'A' } }],
  ['a name that is null', { body: { query: mine, operationName: null, variables: null, extensions: null } }],
  ['no token', { who: 'anonymous', body: { query: '{ categories { id name } }' } }],
  ['nothing but __typename', { who: 'anonymous', body: { query: '{ __typename }' } }],
  ['an input object', { body: { query: search, variables: { f: { category: 'a' } } } }],
  ['a list of input objects', { body: { query: searches, variables: texts(2) } }],
  ['variables that it does not declare', { body: { query: mine, variables: { other: [1, { a: null }] } } }],
  ['extensions', { body: { query: mine, extensions: { trace: { a: 1 } } } }],
  ['a persisted query', { body: { query: mine, extensions: persisted(mine) } }],
  [
    'the newer media type',
    { body: { query: mine }, headers: { accept: 'application/graphql-response+json' } },
  ],
  ['the older media type', { body: { query: mine }, headers: { accept: 'application/json' } }],
  [
    'both media types',
    {
      body: { query: mine },
      headers: { accept: 'application/graphql-response+json;q=0.5, application/json' },
    },
  ],
  ['a page of a listed origin', { body: { query: mine }, headers: { origin: 'https://shop.example' } }],
  ['a page of another origin', { body: { query: mine }, headers: { origin: 'https://evil.example' } }],
  [
    'a page that signs in by cookie',
    {
      body: { query: mine },
      headers: { origin: 'https://shop.example', 'signet-session': 'cookie', cookie: 'a=b' },
    },
  ],
];

/** What Apollo Server's lane answers each time, also where the document is known. */
const refused: [string, Request][] = [
  ['a field that is refused', { who: 'limited', body: { query: mine } }],
  ['a field without a token', { who: 'anonymous', body: { query: mine } }],
  ['a sign-in that was too long ago', { who: 'aged', body: { query: '{ payroll }' } }],
  ['a token that has expired', { who: 'expired', body: { query: mine } }],
  ['a token that is none', { body: { query: mine }, headers: { authorization: 'Bearer x' } }],
  ['a page that is too long', { body: { query: page, variables: { id: '1', n: 5000 } } }],
  ['a cost that is too high', { body: { query: searches, variables: texts(11) } }],
  ['variables that are too deep', { body: { query: mine, variables: { a: [[[[[[[[[[1]]]]]]]]]] } } }],
  ['a variable of another type', { body: { query: page, variables: { id: { a: 1 } } } }],
  ['a variable that is missing', { body: { query: page } }],
  ['variables that are no object', { body: { query: mine, variables: [1] } }],
  ['extensions that are a text', { body: { query: mine, extensions: 'x' } }],
  ['an operation that is not there', { body: { query: many, operationName: 'C' } }],
  ['no name where there are two', { body: { query: many } }],
  ['a name that is a number', { body: { query: mine, operationName: 7 } }],
  ['a text that is none', { body: { query: '{ nothing' } }],
  ['an invalid document', { body: { query: '{ nothing }' } }],
  ['no document', { body: { variables: {} } }],
  ['a hash of another text', { body: { query: mine, extensions: persisted(page) } }],
  ['an unknown hash', { body: { extensions: persisted('{ unknown }') } }],
  ['the schema', { body: { query: '{ __schema { queryType { name } } }' } }],
  [
    'a page that may not sign in by cookie',
    { body: { query: mine }, headers: { origin: 'https://evil.example', 'signet-session': 'cookie' } },
  ],
];

function persisted(query: string) {
  return { persistedQuery: { version: 1, sha256Hash: sha256(query) } };
}

/** What takes Fastify's way to the fast lane: it is for Fastify's hooks to set cookies and to report origins. */
const notDirect = ['a page of another origin', 'a page that signs in by cookie'];

describe('the two lanes', () => {
  it.each(fast)('answer alike: %s', async (title, asked) => {
    const known = [await send(asked), await send(asked)][1];
    expect(known).toMatchObject({ status: 200, lane: 'fast' });
    expect(wasDirect).toBe(!notDirect.includes(title));
    expect(await send(asked, reference)).toEqual({ ...known, lane: 'apollo' });
    expect(gateway.takeCalls()).toHaveLength(2 * reference.takeCalls().length);
  });

  it.each(refused)('refuse alike, by Apollo Server: %s', async (_title, asked) => {
    for (const [, known] of fast) await send(known);
    const [first, again] = [await send(asked), await send(asked)];
    expect(first.lane).toBe('apollo');
    expect(again).toEqual(first);
    expect(await send(asked, reference)).toEqual(first);
  });

  it('report and log a refusal once', async () => {
    const [both, apollo] = [await refuseSome('both'), await refuseSome('apollo')];
    expect(both.lanes).toContain('fast');
    expect(apollo.lanes).not.toContain('fast');
    expect(both.reported).toEqual(apollo.reported);
    expect(both.reported).toMatchObject({ 'authz.platform.deny': 2, 'auth.failure.malformed': 2 });
    expect(both.logged).toEqual(apollo.logged);
    expect(both.logged).toContain('access refused');
  });
});

/** Sends refused operations to a gateway that knows them, and stops it: then everything has been reported and logged. */
async function refuseSome(lane: string) {
  const logged: string[] = [];
  const logger = createLogger('test', 'info', { write: (line) => void logged.push(JSON.parse(line).msg) });
  const started = await startTestGateway({ LANES: lane }, logger);
  await send({ body: { query: mine } }, started);
  logged.length = 0;
  const used: (Lane | undefined)[] = [];
  for (const asked of [
    { body: { query: mine } },
    { who: 'limited', body: { query: mine } },
    { who: 'limited', body: { query: mine } },
    { body: { query: mine }, headers: { authorization: 'Bearer x' } },
    { body: { query: mine }, headers: { authorization: 'Bearer x' } },
    { who: 'expired', body: { query: mine } },
  ] as Request[]) {
    used.push((await send(asked, started)).lane);
  }
  await started.stop();
  const reported: Record<string, number> = {};
  for (const { reason, count } of started.reports.flatMap(({ refusals }) => refusals)) {
    reported[reason] = (reported[reason] ?? 0) + count;
  }
  return { lanes: used, reported, logged: logged.toSorted() };
}
