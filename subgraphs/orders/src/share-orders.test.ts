import {
  type Caller,
  expectIdsRefused,
  itIsForCustomers,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const shareQuery = `
  mutation ($orderId: ID!, $userId: ID!) {
    shareOrder(input: { orderId: $orderId, userId: $userId }) { id sharedWith { id } }
  }`;
const unshareQuery = `
  mutation ($orderId: ID!, $userId: ID!) {
    unshareOrder(input: { orderId: $orderId, userId: $userId }) { id sharedWith { id } }
  }`;
const readQuery =
  'query ($id: ID!) { order(id: $id) { id status items { quantity } total { amount } customer { id } } }';
const sharedWithQuery = 'query ($id: ID!) { order(id: $id) { id sharedWith { id } } }';
const cancelQuery = 'mutation ($id: ID!) { cancelOrder(id: $id) { id } }';
const entitiesQuery = `
  query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Order { id status } } }`;
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let sentSql: string[] = [];
let ada: Caller;
let bob: Caller;
let carol: Caller;
let stranger: Caller;
let staff: Caller;
let orderId: string;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition, { onQuery: (sql) => sentSql.push(sql) });
  [ada, bob, carol, stranger, staff] = await Promise.all([
    subgraph.addCustomer(),
    subgraph.addCustomer(),
    subgraph.addCustomer(),
    subgraph.addCustomer({ tenantId: subgraph.tenants.globex }),
    subgraph.addStaff('support'),
  ]);
});
afterAll(() => subgraph.stop());

const isAboutRelations = (sql: string) => sql.includes('relation_tuple');

async function addOrders({ id }: Caller, count: number, tenantId = subgraph.tenants.demo): Promise<string[]> {
  const rows = await subgraph.database.query(
    `insert into orders.order (tenant_id, user_id, total_amount, currency)
     select $1, $2, 300, 'EUR' from generate_series(1, $3::integer) returning id`,
    [tenantId, id, count],
  );
  return rows.map((row) => row.id);
}
beforeEach(async () => {
  const [id] = await addOrders(ada, 1);
  orderId = id as string;
});

const share = (userId: string, caller = ada, id = orderId) =>
  subgraph.ask(shareQuery, { orderId: id, userId }, caller);
const unshare = (userId: string, caller = ada, id = orderId) =>
  subgraph.ask(unshareQuery, { orderId: id, userId }, caller);
const read = async (caller: Caller, id = orderId) =>
  (await subgraph.ask(readQuery, { id }, caller)).body.data.order;
const refer = (ids: readonly string[], caller: Caller, more = {}) =>
  subgraph.ask(
    entitiesQuery,
    { representations: ids.map((id) => ({ __typename: 'Order', id, ...more })) },
    caller,
  );
const countTuples = async () =>
  (await subgraph.database.query('select from access.relation_tuple where object = $1', [orderId])).length;

describe('shareOrder', () => {
  it('lets another customer read the order, from the next request on', async () => {
    expect(await read(bob)).toBeNull();
    const { body } = await share(bob.id);
    expect(body).toEqual({ data: { shareOrder: { id: orderId, sharedWith: [{ id: bob.id }] } } });
    expect(await read(bob)).toEqual({
      id: orderId,
      status: 'PLACED',
      items: [],
      total: { amount: 300 },
      customer: { id: ada.id },
    });
    expect((await refer([orderId], bob)).body.data._entities).toEqual([{ id: orderId, status: 'PLACED' }]);
  });

  it('says the same when asked again, and keeps one tuple', async () => {
    const first = await share(bob.id);
    expect((await share(bob.id.toUpperCase(), ada, orderId.toUpperCase())).body).toEqual(first.body);
    expect(await countTuples()).toBe(1);
  });

  it('lets nobody else in: no third customer, no other tenant, no other order', async () => {
    await share(bob.id);
    const [other] = await addOrders(ada, 1);
    expect(await read(carol)).toBeNull();
    expect(await read(stranger)).toBeNull();
    expect(await read(bob, other)).toBeNull();
  });

  it("refuses somebody else's order, another tenant's and an unknown one alike", async () => {
    const [foreign = ''] = await addOrders(stranger, 1, subgraph.tenants.globex);
    for (const [caller, id] of [
      [bob, orderId],
      [ada, foreign],
      [ada, unknownId],
    ] as const) {
      for (const ask of [share, unshare]) {
        expect((await ask(carol.id, caller, id)).body.errors).toMatchObject([
          { message: 'There is no such order.', extensions: { reason: 'input.orderId' } },
        ]);
      }
    }
  });

  it('refuses customers that are unknown, of another tenant, or the caller, and staff', async () => {
    for (const id of [unknownId, stranger.id, staff.id, ada.id]) {
      expect(reasonsOf(await share(id))).toEqual(['input.userId']);
    }
    expect(await countTuples()).toBe(0);
  });

  it('ends at 50 customers, also when the last place is wanted by many at once', async () => {
    await subgraph.database.query(
      `with customers as (
         insert into auth.user (tenant_id, email, password_hash, pepper_id)
         select $1, n || '-' || $2 || '@example.com', '-', '-' from generate_series(1, 49) as n returning id
       )
       insert into access.relation_tuple (tenant_id, namespace, object, relation, subject)
       select $1, 'order', $2, 'viewer', 'user:' || id from customers`,
      [subgraph.tenants.demo, orderId],
    );
    const others = await Promise.all(Array.from({ length: 8 }, () => subgraph.addCustomer()));
    // The first round opens the connections, so that the others meet in the database.
    for (let round = 0; round < 4; round += 1) {
      const answers = await Promise.all(others.map(({ id }) => share(id)));
      expect(answers.flatMap(reasonsOf)).toEqual(Array(7).fill('input.userId'));
      expect(await countTuples()).toBe(50);
      for (const { id } of others) await unshare(id);
    }
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.orderId', (id) => share(bob.id, ada, id));
    await expectIdsRefused('input.userId', (id) => share(id));
  });

  itIsForCustomers({
    subgraph: () => subgraph,
    operation: { query: shareQuery, variables: { orderId: unknownId, userId: unknownId } },
    scope: 'orders:write',
  });
});

describe('unshareOrder', () => {
  it('takes the order back at once, and says the same when asked again', async () => {
    await share(bob.id);
    await share(carol.id);
    const first = await unshare(bob.id);
    expect(first.body).toEqual({ data: { unshareOrder: { id: orderId, sharedWith: [{ id: carol.id }] } } });
    expect(await read(bob)).toBeNull();
    expect((await refer([orderId], bob)).body.data._entities).toEqual([null]);
    expect((await unshare(bob.id)).body).toEqual(first.body);
    expect(await read(carol)).toMatchObject({ id: orderId });
  });

  it('changes nothing for somebody with whom it was never shared', async () => {
    for (const id of [unknownId, stranger.id, ada.id]) {
      expect(reasonsOf(await unshare(id))).toEqual([]);
    }
  });

  it('is seen by what follows in the same request', async () => {
    const { body } = await subgraph.ask(
      `mutation ($input: ShareOrderInput!, $back: UnshareOrderInput!) {
        a: shareOrder(input: $input) { sharedWith { id } }
        b: unshareOrder(input: $back) { sharedWith { id } }
        c: shareOrder(input: $input) { sharedWith { id } }
      }`,
      { input: { orderId, userId: bob.id }, back: { orderId, userId: bob.id } },
      ada,
    );
    const one = { sharedWith: [{ id: bob.id }] };
    expect(body).toEqual({ data: { a: one, b: { sharedWith: [] }, c: one } });
  });

  it('and shareOrder at once leave the order shared or not, and never fail', async () => {
    for (let round = 0; round < 4; round += 1) {
      const requests = Array.from({ length: 12 }, (_, index) => (index % 2 ? share : unshare)(bob.id));
      expect((await Promise.all(requests)).flatMap(reasonsOf)).toEqual([]);
      const count = await countTuples();
      expect(count).toBeLessThanOrEqual(1);
      expect((await read(bob)) !== null).toBe(count === 1);
    }
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.orderId', (id) => unshare(bob.id, ada, id));
    await expectIdsRefused('input.userId', (id) => unshare(id));
  });

  itIsForCustomers({
    subgraph: () => subgraph,
    operation: { query: unshareQuery, variables: { orderId: unknownId, userId: unknownId } },
    scope: 'orders:write',
  });
});

describe('a customer with whom an order was shared', () => {
  beforeEach(() => share(bob.id));

  it('can neither cancel it, nor share it further, nor take it from others', async () => {
    await share(carol.id);
    expect(reasonsOf(await subgraph.ask(cancelQuery, { id: orderId }, bob))).toEqual(['input.id']);
    expect(reasonsOf(await share(stranger.id, bob))).toEqual(['input.orderId']);
    expect(reasonsOf(await unshare(carol.id, bob))).toEqual(['input.orderId']);
    expect(await read(ada)).toMatchObject({ status: 'PLACED' });
    expect(await countTuples()).toBe(2);
  });

  it('learns neither with whom else it was shared, nor the other orders of its owner', async () => {
    const answer = await subgraph.ask(sharedWithQuery, { id: orderId }, bob);
    expect(reasonsOf(answer)).toEqual(['authz.permission.deny']);
    expect(answer.body.data.order).toEqual({ id: orderId, sharedWith: null });
    const query = 'query ($id: ID!) { order(id: $id) { customer { orders { edges { cursor } } } } }';
    const orders = await subgraph.ask(query, { id: orderId }, bob);
    expect(reasonsOf(orders)).toEqual(['authz.permission.deny']);
    expect(orders.body.data).toEqual({ order: { customer: { orders: null } } });
  });

  it('has none of its orders shown to the owner in turn', async () => {
    const query = 'query ($id: ID!) { order(id: $id) { sharedWith { id orders { edges { cursor } } } } }';
    const answer = await subgraph.ask(query, { id: orderId }, ada);
    expect(reasonsOf(answer)).toEqual(['authz.permission.deny']);
    expect(answer.body.data).toEqual({ order: { sharedWith: [{ id: bob.id, orders: null }] } });
  });

  it('needs the scope orders:read as everybody does', async () => {
    const token = await subgraph.issuer.mintUserToken({
      tenantId: subgraph.tenants.demo,
      userId: bob.id,
      claims: { scope: 'profile:read orders:write' },
    });
    expect(reasonsOf(await subgraph.ask(readQuery, { id: orderId }, { id: bob.id, token }))).toEqual([
      'authz.scope.deny',
    ]);
  });

  it('does not find it among the own orders', async () => {
    const { body } = await subgraph.ask('{ myOrders { edges { cursor } } }', {}, bob);
    expect(body.data.myOrders.edges).toEqual([]);
  });
});

describe('what lets nobody in', () => {
  it('a representation that claims to be shared, or another id beside its own', async () => {
    await share(bob.id);
    const [other = ''] = await addOrders(ada, 1);
    const forged = {
      user_id: carol.id,
      sharedWith: [{ __typename: 'User', id: carol.id }],
      viewer: `user:${carol.id}`,
      status: 'SHIPPED',
    };
    expect((await refer([orderId], carol, forged)).body).toEqual({ data: { _entities: [null] } });
    expect((await refer([other], bob, { object: orderId, orderId })).body).toEqual({
      data: { _entities: [null] },
    });
    expect((await refer([orderId], bob, forged)).body.data._entities).toEqual([
      { id: orderId, status: 'PLACED' },
    ]);
  });

  it("another tenant's tuple about this very order and customer", async () => {
    // Foreign keys would not let it be; the check must hold without them.
    await subgraph.database.query('alter table access.relation_tuple disable trigger all');
    await subgraph.database.query(
      `insert into access.relation_tuple (tenant_id, namespace, object, relation, subject)
       values ($1, 'order', $2, 'viewer', $3)`,
      [subgraph.tenants.globex, orderId, `user:${carol.id}`],
    );
    await subgraph.database.query('alter table access.relation_tuple enable trigger all');
    expect(await read(carol)).toBeNull();
    expect((await subgraph.ask(sharedWithQuery, { id: orderId }, ada)).body.data.order.sharedWith).toEqual(
      [],
    );
  });

  it('staff with the id of a customer, or a customer with the id of staff', async () => {
    await share(bob.id);
    const token = await subgraph.issuer.mintPortalToken({
      tenantId: subgraph.tenants.globex,
      staffId: bob.id,
      role: 'support',
    });
    expect(
      (await subgraph.ask(readQuery, { id: orderId }, { id: bob.id, token })).body.data.order,
    ).toBeNull();
  });
});

describe('sharedWith', () => {
  it('is for who placed the order and for staff, the earliest first', async () => {
    await share(carol.id);
    await share(bob.id);
    for (const caller of [ada, staff]) {
      const { body } = await subgraph.ask(sharedWithQuery, { id: orderId }, caller);
      expect(body).toEqual({
        data: { order: { id: orderId, sharedWith: [{ id: carol.id }, { id: bob.id }] } },
      });
    }
  });

  it('costs the same number of statements on a page of 1 as of 50', async () => {
    const owner = await subgraph.addCustomer();
    const ids = await addOrders(owner, 50);
    await Promise.all(ids.slice(0, 10).map((id) => share(bob.id, owner, id)));
    const query = `query ($first: Int!) { myOrders(first: $first) { edges { node { sharedWith { id } } } } }`;
    // set_config, select: for the orders, and for all with whom they were shared.
    for (const first of [1, 50]) {
      expect(await subgraph.countStatements(() => subgraph.ask(query, { first }, owner))).toBe(4);
    }
  });
});

describe('a page of shared orders', () => {
  it('costs one query about relations and the same number of statements for 1 as for 50', async () => {
    const ids = await addOrders(ada, 50);
    for (const id of ids) await share(bob.id, ada, id);
    for (const asked of [ids.slice(0, 1), ids, [...ids, ...ids, ...(await addOrders(ada, 20))]]) {
      sentSql = [];
      // For the orders, and for the relations: asked by the reference, kept for the fields.
      const statements = await subgraph.countStatements(async () => {
        const { body } = await refer(asked, bob);
        expect(new Set(body.data._entities.map((order: { id: string } | null) => order?.id)).size).toBe(
          new Set(asked).size === 70 ? 51 : asked.length,
        );
      });
      expect(sentSql.filter(isAboutRelations)).toHaveLength(1);
      expect(statements).toBe(8);
    }
  });

  it('costs no query about relations to who placed them, or to staff', async () => {
    const ids = await addOrders(ada, 20);
    for (const caller of [ada, staff]) {
      sentSql = [];
      await refer(ids, caller);
      expect(sentSql.filter(isAboutRelations)).toEqual([]);
    }
  });
});
