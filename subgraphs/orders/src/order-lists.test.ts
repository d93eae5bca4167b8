import {
  type Caller,
  expectIdsRefused,
  itIsForCustomers,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
  titled,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';
import { orderResolvers } from './order.ts';

const page = `
  edges { cursor node { id status customer { id } items { quantity product { id } } total { amount } } }
  pageInfo { hasNextPage endCursor }`;
const mineQuery = `query ($first: Int! = 100, $after: String) { myOrders(first: $first, after: $after) { ${page} } }`;
const allQuery = `
  query ($first: Int! = 100, $after: String, $status: OrderStatus, $customerId: ID) {
    orders(first: $first, after: $after, status: $status, customerId: $customerId) { ${page} }
  }`;
const oneQuery = 'query ($id: ID!) { order(id: $id) { id customer { id } } }';
const entities = `
  query ($representations: [_Any!]!, $first: Int! = 100, $after: String) {
    _entities(representations: $representations) {
      ... on User { id orders(first: $first, after: $after) { ${page} } }
      ... on Order { id status }
    }
  }`;
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let ada: Caller;
let bob: Caller;
let stranger: Caller;
let staff: Caller;

/** Orders of two items each, many of them at the very same moment. */
async function addOrders(tenantId: string, userId: string, count: number): Promise<void> {
  const products = [
    await addProduct(subgraph.database, tenantId),
    await addProduct(subgraph.database, tenantId),
  ];
  await subgraph.database.query(
    `with placed as (
       insert into orders.order (tenant_id, user_id, total_amount, currency, placed_at)
       select $1, $2, 300, 'EUR', timestamptz '2026-01-01 00:00:00.123456Z' + (n / 4) * interval '1 microsecond'
       from generate_series(1, $3::integer) as n returning id, tenant_id
     )
     insert into orders.order_item (tenant_id, order_id, position, product_id, quantity, unit_price_amount)
     select placed.tenant_id, placed.id, product.position, product.id, product.position, 100
     from placed, unnest($4::uuid[]) with ordinality as product (id, position)`,
    [tenantId, userId, count, products],
  );
}

beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  const { demo, globex } = subgraph.tenants;
  [ada, bob, stranger, staff] = await Promise.all([
    subgraph.addCustomer(),
    subgraph.addCustomer(),
    subgraph.addCustomer({ tenantId: globex }),
    subgraph.addStaff('support'),
  ]);
  await addOrders(demo, ada.id, 50);
  await addOrders(demo, bob.id, 7);
  await addOrders(globex, stranger.id, 3);
  await subgraph.database.query(
    `update orders.order set status = 'cancelled', cancelled_at = now()
     where id in (select id from orders.order where user_id = $1 limit 2)`,
    [bob.id],
  );
});
afterAll(() => subgraph.stop());

type Edge = { node: { id: string; status: string; customer: { id: string } } };
type Page = { edges: Edge[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

/** Ids in the order in which pages of `first` bring them. */
async function walk(ask: (after: string | null) => Promise<Page>): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  do {
    const { edges, pageInfo }: Page = await ask(after);
    ids.push(...edges.map(({ node }) => node.id));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after);
  return ids;
}

const refer = (userIds: string[], caller: Caller | undefined, variables: object = {}) =>
  subgraph.ask(
    entities,
    { representations: userIds.map((id) => ({ __typename: 'User', id })), ...variables },
    caller,
  );

describe('myOrders', () => {
  it('are each met once on a walk through orders of the same moment, latest first', async () => {
    const rows = await subgraph.database.query(
      'select id from orders.order where user_id = $1 order by placed_at desc, id desc',
      [ada.id],
    );
    const ids = await walk(async (after) => {
      const { body } = await subgraph.ask(mineQuery, { first: 7, after }, ada);
      return body.data.myOrders;
    });
    expect(ids).toEqual(rows.map((row) => row.id));
  });

  it('hold items in their order', async () => {
    const { body } = await subgraph.ask(mineQuery, { first: 1 }, bob);
    const [{ node }] = body.data.myOrders.edges;
    expect(node.items.map((item: { quantity: number }) => item.quantity)).toEqual([1, 2]);
    expect(node.customer).toEqual({ id: bob.id });
  });

  it('cost the same number of statements for 1 order as for 50', async () => {
    // set_config, select: the items come with their orders.
    for (const first of [1, 50]) {
      expect(await subgraph.countStatements(() => subgraph.ask(mineQuery, { first }, ada))).toBe(2);
    }
  });

  it.each([
    'id status placedAt total { amount currency } customer { id } sharedWith { id } items { quantity }',
    'id placedAt shippedAt',
    'id cancelledAt items { quantity }',
    'id reservedUntil',
    'id expiredAt',
  ])('show { %s } of each order as the order by itself does', async (fields) => {
    const { body } = await subgraph.ask(
      `{ myOrders { edges { node { ...o } } } } fragment o on Order { ${fields} }`,
      {},
      bob,
    );
    const listed = body.data.myOrders.edges.map(({ node }: { node: object }) => node);
    expect(listed).toHaveLength(7);
    for (const order of listed) {
      const alone = await subgraph.ask(
        `query ($id: ID!) { order(id: $id) { ${fields} } }`,
        { id: order.id },
        bob,
      );
      expect(alone.body.data.order).toEqual(order);
    }
  });

  it('read what an order in brief lacks where it is asked for all the same', async () => {
    const whole = {
      shipped_at: new Date(1),
      cancelled_at: new Date(2),
      reserved_until: new Date(3),
      expired_at: new Date(4),
    };
    const ctx = { loaders: { order: { load: async (id: string) => (id === 'known' ? whole : undefined) } } };
    const read = (field: keyof typeof orderResolvers, id = 'known') =>
      (orderResolvers[field] as (...args: unknown[]) => unknown)({ id, status: 'placed' }, {}, ctx, {});
    const fields = ['shippedAt', 'cancelledAt', 'reservedUntil', 'expiredAt'] as const;
    expect(await Promise.all(fields.map((field) => read(field)))).toEqual(Object.values(whole));
    expect(await read('shippedAt', 'unknown')).toBeNull();
  });

  it('read the row behind the page only where the page tells of it', async () => {
    const { body } = await subgraph.ask('{ myOrders(first: 3) { edges { node { id } } } }', {}, bob);
    const first = '{ myOrders(first: 3) { edges { node { id } } pageInfo { hasNextPage } } }';
    const whole = await subgraph.ask(first, {}, bob);
    expect(whole.body.data.myOrders.pageInfo).toEqual({ hasNextPage: true });
    expect(whole.body.data.myOrders.edges).toEqual(body.data.myOrders.edges);
    expect(body.data.myOrders.edges).toHaveLength(3);
  });

  it('hold the same items as each order by itself', async () => {
    const fields = 'id items { quantity unitPrice { amount currency } lineTotal { amount } product { id } }';
    const { body } = await subgraph.ask(`{ myOrders(first: 5) { edges { node { ${fields} } } } }`, {}, ada);
    const listed = body.data.myOrders.edges.map(({ node }: { node: object }) => node);
    expect(listed).toHaveLength(5);
    const alone = listed.map(async ({ id }: { id: string }) => {
      const answer = await subgraph.ask(`query ($id: ID!) { order(id: $id) { ${fields} } }`, { id }, ada);
      return answer.body.data.order;
    });
    expect(await Promise.all(alone)).toEqual(listed);
  });

  it.each(
    titled([
      [{ first: 0 }, 'input.first'],
      [{ first: 101 }, 'input.first'],
      [{ after: '' }, 'input.after'],
      [{ after: '\0' }, 'input.after'],
      [{ after: 'a'.repeat(10_240) }, 'input.after'],
    ]),
  )('refuse %s', async (_title, variables, reason) => {
    expect(reasonsOf(await subgraph.ask(mineQuery, variables, ada))).toEqual([reason]);
  });

  itIsForCustomers({ subgraph: () => subgraph, operation: { query: mineQuery }, scope: 'orders:read' });
});

describe('orders', () => {
  const askAll = async (variables: object): Promise<Page> =>
    (await subgraph.ask(allQuery, { ...variables }, staff)).body.data.orders;

  it("are everybody's of the own tenant", async () => {
    const ids = await walk((after) => askAll({ first: 20, after }));
    expect(new Set(ids).size).toBe(57);
    expect(ids).toHaveLength(57);
  });

  it('can be filtered by status and customer', async () => {
    expect((await askAll({ status: 'CANCELLED' })).edges).toHaveLength(2);
    expect((await askAll({ status: 'SHIPPED' })).edges).toHaveLength(0);
    expect((await askAll({ customerId: bob.id })).edges).toHaveLength(7);
    const both = await askAll({ customerId: bob.id, status: 'PLACED' });
    expect(both.edges.every(({ node }) => node.customer.id === bob.id && node.status === 'PLACED')).toBe(
      true,
    );
    expect((await askAll({ customerId: stranger.id })).edges).toEqual([]);
  });

  it('cost the same number of statements for 1 order as for 50', async () => {
    for (const first of [1, 50]) {
      expect(await subgraph.countStatements(() => askAll({ first }))).toBe(4);
    }
  });

  it('refuse an unknown status and a customer that is not an id', async () => {
    expect(reasonsOf(await subgraph.ask(allQuery, { status: 'LOST' }, staff))).toEqual(['input.status']);
    await expectIdsRefused('input.customerId', (customerId) => subgraph.ask(allQuery, { customerId }, staff));
  });

  itIsForStaff({ subgraph: () => subgraph, operation: { query: allQuery }, scope: 'orders:read' });
});

describe('order', () => {
  const firstOrderOf = async ({ id }: Caller): Promise<string> => {
    const [row] = await subgraph.database.query('select id from orders.order where user_id = $1', [id]);
    return row.id;
  };

  it('is given to who placed it and to staff', async () => {
    const id = await firstOrderOf(ada);
    for (const caller of [ada, staff]) {
      const { body } = await subgraph.ask(oneQuery, { id }, caller);
      expect(body.data.order).toEqual({ id, customer: { id: ada.id } });
    }
  });

  it("is null when it is somebody else's, another tenant's or unknown", async () => {
    const asked = [
      [await firstOrderOf(ada), bob],
      [await firstOrderOf(stranger), ada],
      [await firstOrderOf(stranger), staff],
      [unknownId, ada],
    ] as const;
    for (const [id, caller] of asked) {
      expect((await subgraph.ask(oneQuery, { id }, caller)).body).toEqual({ data: { order: null } });
    }
  });

  it('is refused without a token and without the scope', async () => {
    const id = await firstOrderOf(ada);
    expect(reasonsOf(await subgraph.ask(oneQuery, { id }))).toEqual(['auth.failure.missing_token']);
    const claims = { scope: 'profile:read' };
    for (const caller of [
      await subgraph.addCustomer({ claims }),
      await subgraph.addStaff('super_admin', { claims }),
    ]) {
      expect(reasonsOf(await subgraph.ask(oneQuery, { id }, caller))).toEqual(['authz.scope.deny']);
    }
  });

  it('is refused for a text that is not an id', async () => {
    await expectIdsRefused('input.id', (id) => subgraph.ask(oneQuery, { id }, ada));
  });

  it('obeys the same rules as a reference', async () => {
    const id = await firstOrderOf(ada);
    const representations = [{ __typename: 'Order', id, status: 'shipped', user_id: bob.id }];
    const ask = (caller?: Caller) => subgraph.ask(entities, { representations }, caller);
    expect((await ask(ada)).body.data._entities).toEqual([{ id, status: 'PLACED' }]);
    expect((await ask(bob)).body.data._entities).toEqual([null]);
    expect(reasonsOf(await ask())).toEqual(['auth.failure.missing_token']);
  });
});

describe("a customer's orders", () => {
  it('are given to that customer and to staff', async () => {
    const own = await refer([bob.id], bob);
    expect(own.body.data._entities[0].orders.edges).toHaveLength(7);
    const { body } = await refer([ada.id, bob.id], staff);
    expect(body.data._entities.map((user: { orders: Page }) => user.orders.edges.length)).toEqual([50, 7]);
  });

  it('are the same in one statement for several customers as for each', async () => {
    const brief = `query ($representations: [_Any!]!, $after: String) { _entities(representations: $representations) {
      ... on User { orders(first: 3, after: $after) { edges { node { id status items { quantity } } } } } } }`;
    const askFor = async (ids: string[], after?: string) => {
      const representations = ids.map((id) => ({ __typename: 'User', id }));
      return (await subgraph.ask(brief, { representations, after }, staff)).body.data._entities;
    };
    const first = await refer([ada.id], staff, { first: 3 });
    for (const after of [undefined, first.body.data._entities[0].orders.pageInfo.endCursor]) {
      const both = await askFor([ada.id, bob.id], after);
      expect(both[0].orders.edges).toHaveLength(3);
      expect(both).toEqual([...(await askFor([ada.id], after)), ...(await askFor([bob.id], after))]);
    }
  });

  it('are not given to another customer, whatever the representation says', async () => {
    const forged = { __typename: 'User', id: ada.id, userId: bob.id, orders: { edges: [] } };
    const answer = await subgraph.ask(entities, { representations: [forged] }, bob);
    expect(answer.body.data).toEqual({ _entities: [null] });
    expect(reasonsOf(answer)).toEqual(['authz.permission.deny']);
    expect(reasonsOf(await refer([ada.id], undefined))).toEqual(['auth.failure.missing_token']);
  });

  it("are none for another tenant's staff", async () => {
    const other = await subgraph.addStaff('super_admin', { tenantId: subgraph.tenants.globex });
    expect((await refer([ada.id], other)).body.data._entities[0].orders.edges).toEqual([]);
  });

  it('are null for a text that is not an id', async () => {
    expect((await refer(['x', '\0'], staff)).body).toEqual({ data: { _entities: [null, null] } });
  });

  it('come a page at a time', async () => {
    const ids = await walk(async (after) => {
      const { body } = await refer([ada.id], ada, { first: 9, after });
      return body.data._entities[0].orders;
    });
    expect(new Set(ids).size).toBe(50);
  });

  it('cost the same number of statements for one customer as for many', async () => {
    const others = await Promise.all(Array.from({ length: 10 }, () => subgraph.addCustomer()));
    const many = [ada.id, bob.id, ...others.map(({ id }) => id)];
    for (const ids of [[ada.id], many]) {
      expect(await subgraph.countStatements(() => refer(ids, staff, { first: 20 }))).toBe(2);
    }
  });
});
