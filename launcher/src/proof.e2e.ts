import { join } from 'node:path';
import { type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import {
  createTestGateway,
  type GraphqlAnswer,
  postGraphql,
  reasonsOf,
  type TestGateway,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHome, findFreePortBase } from './platform.test-support.ts';
import { type RunningPlatform, startPlatform } from './start-platform.ts';

// What whoever reaches a subgraph's port can do there: with no key, with a captured request, with an entrance's key.

const password = 'correct horse battery staple';
let home: Awaited<ReturnType<typeof createHome>>;
let platform: RunningPlatform;
let portBase: number;
let tokens: { user: string; portal: string };

beforeAll(async () => {
  home = await createHome();
  portBase = await findFreePortBase();
  platform = await startPlatform(
    { PORT_BASE: String(portBase), SIGNET_HOME: home.path, LOG_LEVEL: 'fatal' },
    { print: () => {} },
  );
  tokens = {
    user: await signIn('login', 'ada@example.com'),
    portal: await signIn('portalLogin', 'admin@example.com'),
  };
});
afterAll(async () => {
  await platform?.stop();
  await home?.remove();
});

async function signIn(field: string, email: string): Promise<string> {
  const query = `mutation { it: ${field}(input: { email: "${email}", password: "${password}" }) { accessToken } }`;
  const { body } = await postGraphql(`${platform.gatewayUrl}/graphql`, { query });
  return body.data.it.accessToken;
}

const urlOf = (name: SubgraphName) => {
  const { portOffset } = subgraphs.find((subgraph) => subgraph.name === name) ?? { portOffset: 0 };
  return `http://127.0.0.1:${portBase + portOffset}/graphql`;
};
const gatewayOf = (recipient: SubgraphName, entrance: 'graph' | 'user' | 'portal' = 'graph'): TestGateway =>
  createTestGateway({ recipient, entrance, folder: join(home.path, 'proof') });

const names = subgraphs.map(({ name }) => name);
const questions = [
  '{ __typename }',
  '{ _service { sdl } }',
  '{ _entities(representations: [{ __typename: "User", id: "1" }]) { __typename } }',
  '{ __schema { queryType { name } } }',
];

describe.each(names)('%s', (name) => {
  test.each(questions)('answers %s to no one without a proof, whatever token they have', async (query) => {
    for (const token of [undefined, tokens.user, tokens.portal]) {
      const answer = await postGraphql(urlOf(name), { query }, token === undefined ? {} : { token });
      expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_missing']]);
      expect(answer.body.data).toBeUndefined();
    }
  });

  test('believes no Signet-Context that came without a proof', async () => {
    const headers = { 'signet-context': 'id="r", entrance="graph", auth=?0, address="192.0.2.1"' };
    const answer = await postGraphql(urlOf(name), { query: '{ __typename }' }, { headers });
    expect(reasonsOf(answer)).toEqual(['auth.failure.proof_missing']);
  });

  test('answers a gateway, and not what was signed for another subgraph', async () => {
    const query = '{ __typename }';
    expect(reasonsOf(await gatewayOf(name).post(urlOf(name), { query }))).toEqual([]);
    const other = names.find((found) => found !== name) ?? name;
    expect(reasonsOf(await gatewayOf(other).post(urlOf(name), { query }))).toEqual([
      'auth.failure.proof_invalid',
    ]);
  });

  test("refuses the other platform's token under an entrance's key", async () => {
    const query = '{ __typename }';
    for (const [entrance, platformName] of [
      ['user', 'portal'],
      ['portal', 'user'],
    ] as const) {
      const answer = await gatewayOf(name, entrance).post(
        urlOf(name),
        { query },
        { token: tokens[platformName] },
      );
      expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_invalid']]);
    }
  });

  test('is open where it must be', async () => {
    expect((await fetch(new URL('/health/ready', urlOf(name)))).status).toBe(200);
  });

  test('takes in a mutation once', async () => {
    const mutation = mutations[name] as Mutation;
    const send = capture(name, mutation);
    expect(reasonsOf(await send())).toEqual([mutation.reason]);
    const again = await send();
    expect([again.status, reasonsOf(again)]).toEqual([401, ['auth.failure.replay']]);
  });
});

type Mutation = { query: string; token?: 'user' | 'portal'; reason: string };

const nobody = '0199c2f4-7a10-7000-8000-00000000dead';
/** One of each that changes nothing, and what it is refused with when it is taken in. */
const mutations: Record<SubgraphName, Mutation> = {
  auth: {
    query: 'mutation { refresh(input: { refreshToken: "unknown" }) { expiresIn } }',
    reason: 'auth.failure.invalid_credentials',
  },
  portal: {
    query: `mutation { suspendCustomer(customerId: "${nobody}") { id } }`,
    token: 'portal',
    reason: 'input.customerId',
  },
  catalog: {
    query: `mutation { archiveProduct(id: "${nobody}") { id } }`,
    token: 'portal',
    reason: 'input.id',
  },
  inventory: {
    query: `mutation { adjustStock(input: { productId: "${nobody}", change: 1, reason: "none" }) { id } }`,
    token: 'portal',
    reason: 'input.productId',
  },
  orders: {
    query: `mutation { cancelOrder(id: "${nobody}") { id } }`,
    token: 'user',
    reason: 'input.id',
  },
};

/** A request as it was captured on the way. */
function capture(name: SubgraphName, { query, token }: Mutation): () => Promise<GraphqlAnswer> {
  const url = urlOf(name);
  const body = JSON.stringify({ query });
  const headers = gatewayOf(name).headersOf({ url, body, token: token && tokens[token] });
  return async () => {
    const response = await fetch(url, { method: 'POST', headers, body });
    const answer = (await response.json()) as GraphqlAnswer['body'];
    return { status: response.status, headers: response.headers, body: answer };
  };
}

describe("with the customers' entrance's key", () => {
  test.each([
    ['auth', 'mutation { portalLogin(input: { email: "admin@example.com", password: "x" }) { expiresIn } }'],
    ['auth', 'mutation { portalRefresh(input: { refreshToken: "x" }) { expiresIn } }'],
    ['portal', '{ portalHealth }'],
    ['orders', '{ orders(first: 1) { totalCount: __typename } }'],
  ] as const)("%s is not asked for staff's field: %s", async (name, query) => {
    const answer = await gatewayOf(name, 'user').post(urlOf(name), { query });
    expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_invalid']]);
  });
});

describe("with the staff's entrance's key", () => {
  test.each([
    ['auth', 'mutation { login(input: { email: "ada@example.com", password: "x" }) { expiresIn } }'],
    ['auth', 'mutation { register(input: { email: "a@example.com", password: "x" }) { expiresIn } }'],
    ['orders', '{ myOrders(first: 1) { totalCount: __typename } }'],
  ] as const)("%s is not asked for customers' field: %s", async (name, query) => {
    const answer = await gatewayOf(name, 'portal').post(urlOf(name), { query });
    expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_invalid']]);
  });
});
