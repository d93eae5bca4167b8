import { findCaller } from '@signet/db';
import { reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../../../launcher/src/platform.test-support.ts';

// The shop as its users meet it at the gateway: fields of several subgraphs in one answer.

let platform: TestPlatform;
let statements = 0;
beforeAll(async () => {
  platform = await startTestPlatform(
    {},
    {
      onQuery: () => {
        // What processes do by themselves, each second for example, is no part of a request.
        if (findCaller() !== undefined) statements += 1;
      },
    },
  );
});
afterAll(() => platform?.stop());

async function signIn(name: 'user' | 'portal', email: string) {
  const token = await platform.signIn(name, email);
  return (query: string, variables = {}) => platform.ask(query, { variables, token, entrance: name });
}

test('the dashboard joins what portal, orders and inventory count, for the tenant of the caller', async () => {
  const query = `{
    dashboard {
      customers supportNotes
      orders { placed shipped cancelled placedLastDay }
      products { outOfStock lowOnStock }
    }
  }`;
  const support = await signIn('portal', 'support@example.com');
  const { body } = await support(query);
  expect(body).toEqual({
    data: {
      dashboard: {
        customers: expect.any(Number),
        supportNotes: expect.any(Number),
        orders: {
          placed: expect.any(Number),
          shipped: expect.any(Number),
          cancelled: expect.any(Number),
          placedLastDay: expect.any(Number),
        },
        products: { outOfStock: expect.any(Number), lowOnStock: expect.any(Number) },
      },
    },
  });
  const orders = await support('{ orders(first: 100, status: CANCELLED) { edges { cursor } } }');
  expect(orders.body.data.orders.edges).toHaveLength(body.data.dashboard.orders.cancelled);
  const token = await platform.signIn('portal', 'support@example.com', { 'x-tenant': 'globex' });
  const elsewhere = await platform.ask(query, { token, entrance: 'portal' });
  expect(elsewhere.body.data.dashboard.orders).not.toEqual(body.data.dashboard.orders);
});

test('a customer reads an order that was shared with them, until the owner takes it back, and cancels nothing', async () => {
  const ada = await signIn('user', 'ada@example.com');
  const other = await signIn('user', 'mira.solberg@example.com');
  const mine = await ada('{ myOrders(first: 1) { edges { node { id } } } }');
  const orderId: string = mine.body.data.myOrders.edges[0].node.id;
  const { body } = await other('{ me { id } }');
  const input = { orderId, userId: body.data.me.id };
  const read =
    'query ($id: ID!) { order(id: $id) { id items { quantity product { name } } customer { id } } }';
  const share = 'mutation ($input: ShareOrderInput!) { shareOrder(input: $input) { sharedWith { id } } }';
  const unshare =
    'mutation ($input: UnshareOrderInput!) { unshareOrder(input: $input) { sharedWith { id } } }';

  expect((await other(read, { id: orderId })).body).toEqual({ data: { order: null } });
  const shared = await ada(share, { input });
  expect(shared.body).toEqual({ data: { shareOrder: { sharedWith: [{ id: input.userId }] } } });
  const seen = await other(read, { id: orderId });
  expect(seen.body).toEqual((await ada(read, { id: orderId })).body);
  expect(seen.body.data.order.items[0].product.name).toEqual(expect.any(String));

  const cancel = await other('mutation ($id: ID!) { cancelOrder(id: $id) { id } }', { id: orderId });
  expect(reasonsOf(cancel)).toEqual(['input.id']);
  const asked = await other('query ($id: ID!) { order(id: $id) { id sharedWith { id } } }', { id: orderId });
  expect(reasonsOf(asked)).toEqual(['authz.permission.deny']);
  expect(asked.body.data.order).toEqual({ id: orderId, sharedWith: null });
  const owner = await other('query ($id: ID!) { order(id: $id) { id customer { id email } } }', {
    id: orderId,
  });
  expect(owner.body.data).toEqual({ order: { id: orderId, customer: null } });
  expect(owner.body.errors).toMatchObject([
    {
      path: ['order', 'customer'],
      extensions: { code: 'FORBIDDEN', reason: 'authz.permission.deny' },
    },
  ]);

  await ada(unshare, { input });
  expect((await other(read, { id: orderId })).body).toEqual({ data: { order: null } });
});

describe('a federated page', () => {
  const page = `query ($first: Int!) { orders(first: $first) { edges { node {
    customer { email orders(first: 3) { edges { node { id } } } }
    items { quantity product { name stock { available reserved } } }
  } } } }`;

  test('takes as many SQL statements for 30 orders with customers, products and stock as for 2', async () => {
    const operations = await signIn('portal', 'operations@example.com');
    const countStatements = async (first: number) => {
      const before = statements;
      const { body } = await operations(page, { first });
      expect(body.errors).toBeUndefined();
      return { count: statements - before, orders: body.data.orders.edges.length };
    };
    await countStatements(2);
    const small = await countStatements(2);
    const large = await countStatements(30);
    expect(large.orders).toBe(30);
    expect(small.orders).toBe(2);
    expect(large.count).toBe(small.count);
    expect(small.count).toBeGreaterThan(0);
  });
});

test('public reads follow x-tenant', async () => {
  const count = async (headers: Record<string, string>) =>
    (await platform.ask('{ products(first: 1) { totalCount } }', { headers })).body.data.products.totalCount;
  expect(await count({ 'x-tenant': 'globex' })).toBeLessThan(await count({}));
});

test('a quantity of 0 is refused as bad input', async () => {
  const ada = await signIn('user', 'ada@example.com');
  const query =
    'mutation ($v: ID!) { placeOrder(input: { items: [{ productId: $v, quantity: 0 }], idempotencyKey: "k" }) { id } }';
  const { status, body } = await ada(query, { v: '00000000-0000-7000-8000-000000000000' });
  expect(body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', reason: 'input.items' });
  expect(status).toBeLessThan(500);
});

test("a refusal of orders, which keeps no audit log itself, is in the portal's audit log", async () => {
  const owner = await signIn('user', 'ada@example.com');
  const admin = await signIn('portal', 'admin@example.com');
  const { body: all } = await admin('{ customers(first: 20) { edges { node { email isActive } } } }');
  type Edge = { node: { email: string; isActive: boolean } };
  const { node } = all.data.customers.edges.findLast(
    (edge: Edge) => edge.node.isActive && !/^(ada|mira)/.test(edge.node.email),
  );
  const viewer = await signIn('user', node.email);
  const { body: mine } = await owner('{ myOrders(first: 1) { edges { node { id } } } }');
  const orderId = mine.data.myOrders.edges[0].node.id;
  const actorId = (await viewer('{ me { id } }')).body.data.me.id;
  await owner(`mutation { shareOrder(input: { orderId: "${orderId}", userId: "${actorId}" }) { id } }`);
  const reason = 'authz.permission.deny';
  expect(reasonsOf(await viewer(`{ order(id: "${orderId}") { sharedWith { id } } }`))).toEqual([reason]);
  const readDetails = async () => {
    const { body } = await admin(
      `{ auditLog(first: 100, filter: { kind: "authz.refused", actorId: "${actorId}" }) {
           edges { node { side details { name value } } } } }`,
    );
    return body.data.auditLog.edges
      .map(({ node }: { node: { side: string; details: { name: string; value: string }[] } }) => ({
        side: node.side,
        ...Object.fromEntries(node.details.map(({ name, value }) => [name, value])),
      }))
      .filter((row: { reason?: string }) => row.reason === reason);
  };
  await expect
    .poll(readDetails, { timeout: 30_000 })
    .toEqual([{ side: 'user', reason, entrance: 'user', place: 'orders', count: '1' }]);
});
