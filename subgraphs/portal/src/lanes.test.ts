import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApolloServer } from '@apollo/server';
import { createLogger, type RunningServer } from '@signet/service';
import { type Caller, type SignedMessage, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import definition from '../subgraph.ts';

const addNote = `mutation add($customerId: ID!, $body: String!) {
  addSupportNote(input: { customerId: $customerId, body: $body }) { id body }
}`;
const twoOperations = 'query a { portalHealth } query b { b: __typename }';
const json = 'application/json';
const graphqlResponse = 'application/graphql-response+json';

let subgraph: TestSubgraph;
let byApollo: { server: RunningServer; url: string };
let ada: Caller;
let boss: Caller;
let reader: Caller;
const askApollo = vi.spyOn(ApolloServer.prototype, 'executeHTTPGraphQLRequest');

beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  const server = await definition.start(subgraph.config, createLogger('test', 'silent'), { lane: 'apollo' });
  byApollo = { server, url: `${server.url}/graphql` };
  ada = await subgraph.addCustomer();
  boss = await subgraph.addStaff('super_admin');
  reader = await subgraph.addStaff('support');
});
afterAll(async () => {
  await byApollo.server.stop();
  await subgraph.stop();
});

type Case = {
  body: unknown;
  caller?: () => Caller | undefined;
  context?: SignedMessage['context'];
  entrance?: 'graph' | 'user' | 'portal';
  /** Sent beside what is signed, or in its place. */
  headers?: Record<string, string>;
  /** Sends the same bytes that often; the last answer counts. */
  times?: number;
};

type Answer = { status: number | undefined; headers: Record<string, unknown>; body: string };

/** Signs for each server anew: a nonce is good for one of them. */
async function send(
  url: string,
  { body, caller, context = {}, entrance = 'graph', ...rest }: Case,
): Promise<Answer> {
  const bytes = typeof body === 'string' ? body : JSON.stringify(body);
  const token = caller?.()?.token;
  const signed = subgraph.gatewayOf(entrance).headersOf({ url, body: bytes, token, context });
  let answer: Answer | undefined;
  for (let n = 0; n < (rest.times ?? 1); n += 1) {
    answer = await post(url, { ...signed, ...rest.headers }, bytes);
  }
  return answer as Answer;
}

async function post(url: string, headers: Record<string, string>, bytes: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request(url, { method: 'POST', headers }).on('response', resolve).on('error', reject).end(bytes);
  const response = await promise;
  const { date: _, ...others } = response.headers;
  const body = (await text(response)).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'an id');
  return { status: response.statusCode, headers: others, body };
}

const cases: Record<string, Case & { fast: boolean }> = {
  'a page': {
    body: { query: '{ customers(first: 1) { edges { node { id email } } } }' },
    caller: () => boss,
    fast: true,
  },
  'nothing but a type': { body: { query: '{ __typename }' }, fast: true },
  'a variable': {
    body: { query: 'query ($n: Int!) { customers(first: $n) { edges { cursor } } }', variables: { n: 1 } },
    caller: () => boss,
    fast: true,
  },
  'one of two operations': { body: { query: twoOperations, operationName: 'b' }, fast: true },
  'a query that comes again': {
    body: { query: '{ portalHealth }' },
    caller: () => boss,
    times: 2,
    fast: true,
  },
  entities: {
    body: {
      query: 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { email } } }',
      variables: { r: [{ __typename: 'User', id: 'not an id' }, { __typename: 'User' }] },
    },
    caller: () => boss,
    fast: true,
  },
  'entities of no type': {
    body: { query: '{ _entities(representations: [{ __typename: "Nothing" }]) { __typename } }' },
    caller: () => boss,
    fast: true,
  },
  'a mutation': {
    body: () => ({ query: addNote, variables: { customerId: ada.id, body: 'hello' } }),
    caller: () => boss,
    fast: true,
  },
  'a mutation that comes again': {
    body: () => ({ query: addNote, variables: { customerId: ada.id, body: 'hello' } }),
    caller: () => boss,
    times: 2,
    fast: true,
  },
  'a mutation with a refused value': {
    body: () => ({ query: addNote, variables: { customerId: ada.id, body: '' } }),
    caller: () => boss,
    fast: true,
  },
  'a refusal by the session': { body: { query: '{ customers(first: 1) { edges { cursor } } }' }, fast: true },
  'a refusal by the platform': {
    body: { query: '{ __typename customers(first: 1) { edges { cursor } } }' },
    caller: () => ada,
    fast: true,
  },
  'a refusal by a scope beside data': {
    body: { query: '{ portalHealth auditLog(first: 1) { edges { cursor } } }' },
    caller: () => reader,
    fast: true,
  },
  "the other platform's field": {
    body: { query: '{ customers(first: 1) { edges { cursor } } }' },
    entrance: 'user',
    fast: true,
  },
  'a variable of another type': {
    body: {
      query: 'query ($n: Int!) { customers(first: $n) { edges { cursor } } }',
      variables: { n: 'secret' },
    },
    caller: () => boss,
    fast: true,
  },
  'two wrong variables': {
    body: { query: 'query ($n: Int!, $a: String!) { customers(first: $n, after: $a) { edges { cursor } } }' },
    caller: () => boss,
    fast: true,
  },
  'a null where none may be': {
    body: {
      query: 'query ($n: Int = 1) { customers(first: $n) { edges { cursor } } }',
      variables: { n: null },
    },
    caller: () => boss,
    fast: true,
  },
  'an operation that is not there': { body: { query: twoOperations, operationName: 'c' }, fast: false },
  'no name where one is needed': { body: { query: twoOperations }, fast: false },
  'an empty name': { body: { query: '{ __typename }', operationName: '', variables: null }, fast: true },
  'a document with a fault': { body: { query: '{ nothing }' }, fast: false },
  'a document that is none': { body: { query: '{' }, fast: false },
  'a subscription': { body: { query: 'subscription { x }' }, fast: false },
  introspection: { body: { query: '{ __schema { queryType { name } } }' }, fast: false },
  'no operation': { body: {}, fast: false },
  'an operation that is no text': { body: { query: 1 }, fast: false },
  'a list of operations': { body: [{ query: '{ __typename }' }], fast: false },
  'variables that are a list': { body: { query: '{ __typename }', variables: [] }, fast: false },
  'a name that is no text': { body: { query: '{ __typename }', operationName: 1 }, fast: false },
  'a persisted query': {
    body: { query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } },
    fast: false,
  },
  'a member that nobody knows': { body: { query: '{ __typename }', other: 1 }, fast: false },
  'a token that is none': {
    body: { query: '{ __typename }' },
    caller: () => ({ id: '', token: 'a.b.c' }),
    fast: false,
  },
  'a tenant that is not there': {
    body: { query: '{ __typename }' },
    context: { tenant: 'nobody' },
    fast: false,
  },
  "another tenant's token": {
    body: { query: '{ __typename }' },
    caller: () => boss,
    context: { tenant: 'globex' },
    fast: false,
  },
  'no time left': { body: { query: '{ __typename }' }, context: { timeoutMs: 0 }, fast: false },
  'another digest': {
    body: { query: '{ __typename }' },
    headers: { 'content-digest': 'sha-256=:AAAA:' },
    fast: false,
  },
  'a token that was not signed': {
    body: { query: '{ __typename }' },
    headers: { authorization: 'Bearer a.b.c' },
    fast: false,
  },
  'a member twice': { body: '{"query":"{ __typename }","query":"{ __typename }"}', fast: false },
  'a body over the limit': { body: { query: `{ __typename }${' '.repeat(1024 * 1024)}` }, fast: false },
  'a body that is no JSON': { body: '{ __typename }', fast: false },
};

describe.each([
  ['no Accept', {}],
  [json, { accept: json }],
  [graphqlResponse, { accept: graphqlResponse }],
  ['both', { accept: `${graphqlResponse}, ${json};q=0.9` }],
  ['text/html', { accept: 'text/html' }],
] as [string, Record<string, string>][])('under %s', (_title, accept) => {
  it.each(Object.entries(cases))(
    '%s is answered alike in both lanes',
    async (_name, { fast, ...written }) => {
      const body = typeof written.body === 'function' ? written.body() : written.body;
      const asked: Case = { ...written, body, headers: { ...accept, ...written.headers } };
      await send(subgraph.url, asked);
      const before = askApollo.mock.calls.length;
      const answer = await send(subgraph.url, asked);
      const calls = askApollo.mock.calls.length - before;
      expect(answer).toEqual(await send(byApollo.url, asked));
      if (fast) expect(calls).toBe(0);
      else expect(askApollo.mock.calls.length - before).toBe(2 * calls);
    },
  );
});

it('a client that leaves costs others nothing in either lane', async () => {
  for (const url of [subgraph.url, byApollo.url]) {
    const body = JSON.stringify({ query: '{ customers(first: 1) { edges { node { id } } } }' });
    const headers = subgraph.gatewayOf('graph').headersOf({ url, body, token: boss.token });
    for (let n = 0; n < 3; n += 1) {
      const left = request(url, { method: 'POST', headers }).on('error', () => {});
      left.end(body);
      await sleep(n);
      left.destroy();
    }
    expect(await send(url, { body, caller: () => boss })).toMatchObject({ status: 200 });
  }
});
