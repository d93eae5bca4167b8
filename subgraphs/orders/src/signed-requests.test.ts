import { createLogger, type Logger, type RunningServer } from '@signet/service';
import type { SubgraphConfig } from '@signet/subgraph';
import {
  type Caller,
  type GraphqlAnswer,
  postGraphql,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';

const placeOrder = `
  mutation place($productId: ID!, $key: String!) {
    placeOrder(input: { items: [{ productId: $productId, quantity: 1 }], idempotencyKey: $key }) { id }
  }`;

let subgraph: TestSubgraph;
let ada: Caller;
let boss: Caller;
let product: string;
const others: RunningServer[] = [];
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  ada = await subgraph.addCustomer();
  boss = await subgraph.addStaff('super_admin');
  product = await addProduct(subgraph.database, subgraph.tenants.demo, { onHand: 100 });
});
afterAll(async () => {
  await Promise.all(others.map((server) => server.stop()));
  await subgraph.stop();
});

async function startReplica(changes: Partial<SubgraphConfig> = {}, logger?: Logger): Promise<string> {
  const server = await definition.start(
    { ...subgraph.config, ...changes },
    logger ?? createLogger('test', 'silent'),
  );
  others.push(server);
  return `${server.url}/graphql`;
}

/** A request as it was captured on the way, to be sent as often as one likes. */
function capture(request: { query: string; variables?: object; operationName?: string }, caller = ada) {
  const body = JSON.stringify(request);
  const headers = subgraph.gatewayOf('graph').headersOf({ url: subgraph.url, body, token: caller.token });
  return async (url = subgraph.url): Promise<GraphqlAnswer> => {
    const response = await fetch(url, { method: 'POST', headers, body });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as GraphqlAnswer['body'],
    };
  };
}

const countOrders = async () =>
  (await subgraph.database.query('select count(*)::integer as count from orders.order'))[0].count as number;

describe('a captured mutation', () => {
  it('is taken in once', async () => {
    const send = capture({ query: placeOrder, variables: { productId: product, key: 'first' } });
    const before = await countOrders();
    expect(reasonsOf(await send())).toEqual([]);
    for (let n = 0; n < 3; n++) {
      const again = await send();
      expect([again.status, reasonsOf(again)]).toEqual([401, ['auth.failure.replay']]);
    }
    expect(await countOrders()).toBe(before + 1);
  });

  it('runs once in all replicas together, in the first that gets it', async () => {
    const urls = [subgraph.url, await startReplica(), await startReplica()];
    for (let round = 0; round < 5; round++) {
      const send = capture({
        query: placeOrder,
        variables: { productId: product, key: `replicas ${round}` },
      });
      const answers = await Promise.all([...urls, ...urls].map(send));
      const outcomes = answers.map((answer) => reasonsOf(answer)[0] ?? 'done').sort();
      expect(outcomes).toEqual([...Array(5).fill('auth.failure.replay'), 'done']);
    }
  });

  it('is known by the operation that runs, not by what stands beside it', async () => {
    const query = `query look { myOrders(first: 1) { totalCount: __typename } } ${placeOrder}`;
    const variables = { productId: product, key: 'beside' };
    const mutation = capture({ query, variables, operationName: 'place' });
    expect(reasonsOf(await mutation())).toEqual([]);
    expect(reasonsOf(await mutation())).toEqual(['auth.failure.replay']);
    const look = capture({ query, variables, operationName: 'look' });
    expect(reasonsOf(await look())).toEqual([]);
    expect(reasonsOf(await look())).toEqual([]);
  });

  it('can not be used up by who can not sign it', async () => {
    const request = { query: placeOrder, variables: { productId: product, key: 'forged' } };
    const body = JSON.stringify(request);
    const headers = subgraph.gatewayOf('graph').headersOf({ url: subgraph.url, body, token: ada.token });
    const forged = await fetch(subgraph.url, { method: 'POST', headers, body: `${body} ` });
    expect(forged.status).toBe(401);
    const honest = await fetch(subgraph.url, { method: 'POST', headers, body });
    expect(((await honest.json()) as { errors?: unknown }).errors).toBeUndefined();
  });

  it('is refused while nobody can say whether it came before', async () => {
    const gone = new URL(subgraph.config.DATABASE_URL);
    gone.port = '1';
    const url = await startReplica({ DATABASE_URL: gone.href });
    const answer = await capture({ query: placeOrder, variables: { productId: product, key: 'gone' } })(url);
    expect([answer.status, reasonsOf(answer)]).toEqual([503, ['service.unavailable']]);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(answer.body.data).toBeUndefined();
  });

  it('leaves a row that housekeeping finds', async () => {
    await capture({ query: placeOrder, variables: { productId: product, key: 'row' } })();
    const rows = await subgraph.database.query(
      `select extract(epoch from expires_at - now())::integer as left, length(nonce) from orders.proof_nonce`,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { left, length } of rows) {
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(61);
      expect(length).toBe(22);
    }
  });
});

it('a captured query gives no more than it gave before, and costs no row', async () => {
  const send = capture({ query: '{ myOrders(first: 1) { edges { cursor } } }' });
  const count = async () => (await subgraph.database.query('select nonce from orders.proof_nonce')).length;
  const before = await count();
  expect(reasonsOf(await send())).toEqual([]);
  expect(reasonsOf(await send())).toEqual([]);
  expect(await count()).toBe(before);
});

describe('an entrance for one platform', () => {
  const mine = { query: '{ myOrders(first: 1) { edges { cursor } } }' };
  const all = { query: '{ orders(first: 1) { edges { cursor } } }' };
  const reasonAt = async (entrance: 'graph' | 'user' | 'portal', request: object, caller?: Caller) => {
    const answer = await subgraph
      .gatewayOf(entrance)
      .post(subgraph.url, request as { query: string }, { token: caller?.token });
    return reasonsOf(answer)[0] ?? 'done';
  };

  it.each([
    ['user', 'its own', 'done', 'auth.failure.proof_invalid'],
    ['portal', "the other's", 'auth.failure.proof_invalid', 'done'],
    ['graph', 'both', 'done', 'done'],
  ] as const)(
    '%s: is believed to have tokens and fields of %s',
    async (entrance, _which, customers, staff) => {
      expect(await reasonAt(entrance, mine, ada)).toBe(customers);
      expect(await reasonAt(entrance, all, boss)).toBe(staff);
    },
  );

  it("may not send the other platform's token even where it asks for nothing", async () => {
    const nothing = { query: '{ __typename }' };
    expect(await reasonAt('user', nothing, boss)).toBe('auth.failure.proof_invalid');
    expect(await reasonAt('portal', nothing, ada)).toBe('auth.failure.proof_invalid');
  });

  it("may not ask for the other platform's fields even with its own token, or with none", async () => {
    expect(await reasonAt('user', all, ada)).toBe('auth.failure.proof_invalid');
    expect(await reasonAt('user', all)).toBe('auth.failure.proof_invalid');
    expect(await reasonAt('portal', mine, boss)).toBe('auth.failure.proof_invalid');
  });
});

it('tells the operator of replays, and of what an entrance may not have, by the name of the sender', async () => {
  const lines: object[] = [];
  const logger = createLogger('test', 'silent');
  const warn = (fields: unknown) => void (typeof fields === 'object' && fields && lines.push(fields));
  const url = await startReplica({}, Object.assign(Object.create(logger), { warn }));
  const send = capture({ query: placeOrder, variables: { productId: product, key: 'told' } });
  for (let n = 0; n < 3; n++) await send(url);
  const all = { query: '{ orders(first: 1) { edges { cursor } } }' };
  await subgraph.gatewayOf('user').post(url, all, { token: ada.token });
  await subgraph.gatewayOf('user').post(url, all, { token: boss.token });
  expect(lines).toEqual(
    expect.arrayContaining([
      { reason: 'auth.failure.replay', why: undefined, times: 1, from: 'gateway-graph' },
      {
        reason: 'auth.failure.proof_invalid',
        why: 'the entrance user serves nothing of the platform portal',
        times: 1,
        from: 'gateway-user',
      },
    ]),
  );
  expect(lines.filter((line) => 'reason' in line)).toHaveLength(2);
});

describe('REQUIRE_PROOF=no', () => {
  it('takes in what nobody signed, and says so loudly when it starts', async () => {
    const lines: unknown[] = [];
    const logger = createLogger('test', 'silent');
    const warn = (...line: unknown[]) => void lines.push(...line);
    const url = await startReplica({ REQUIRE_PROOF: false }, Object.assign(Object.create(logger), { warn }));
    expect(lines).toContainEqual(expect.stringContaining('REQUIRE_PROOF=no'));
    const request = { query: '{ myOrders(first: 1) { edges { cursor } } }' };
    expect(reasonsOf(await postGraphql(url, request, { token: ada.token }))).toEqual([]);
    expect(reasonsOf(await postGraphql(subgraph.url, request, { token: ada.token }))).toEqual([
      'auth.failure.proof_missing',
    ]);
  });
});
