import { type Caller, reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';

let subgraph: TestSubgraph;
let ada: Caller;
let orderId: string;
const serviceId = '0199c2f4-7a10-7000-8000-0000000000aa';
const staffId = '0199c2f4-7a10-7000-8000-0000000000bb';

beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  ada = await subgraph.addCustomer();
});
afterAll(() => subgraph?.stop());
beforeEach(async () => {
  orderId = await placeOrder(ada);
});

async function placeOrder(caller: Caller): Promise<string> {
  const productId = await addProduct(subgraph.database, subgraph.tenants.demo, { onHand: 10 });
  const { body } = await subgraph.ask(
    `mutation ($i: PlaceOrderInput!) { placeOrder(input: $i) { id } }`,
    { i: { items: [{ productId, quantity: 1 }], idempotencyKey: productId } },
    caller,
  );
  return body.data.placeOrder.id;
}

const service = async (of: 'user' | 'portal', scope?: string): Promise<Caller> => {
  const tenantId = subgraph.tenants.demo;
  const token = await subgraph.issuer.mintServiceToken({ of, tenantId, serviceId, ...(scope && { scope }) });
  return { id: serviceId, token };
};
const asAda = async (scope?: string): Promise<Caller> => {
  const tenantId = subgraph.tenants.demo;
  const options = { tenantId, userId: ada.id, staffId, ...(scope && { scope }) };
  return { id: ada.id, token: await subgraph.issuer.mintImpersonatedToken(options) };
};
const read = 'query ($id: ID!) { order(id: $id) { id customer { id } sharedWith { id } } }';
const list = '{ orders(first: 100) { edges { node { id } } } }';
const cancel = 'mutation ($id: ID!) { cancelOrder(id: $id) { status } }';
const ship = 'mutation ($id: ID!) { markOrderShipped(id: $id) { status } }';
const eventsOf = () =>
  subgraph.database.query(
    `select kind, platform, actor_id, subject_id, details - 'orderId' as details from auth.audit_event
     where details->>'orderId' = $1`,
    [orderId],
  );

describe('a service account of the portal', () => {
  it('reads orders and ships them, and is named in the audit log', async () => {
    const caller = await service('portal');
    const { body } = await subgraph.ask(read, { id: orderId }, caller);
    expect(body).toEqual({ data: { order: { id: orderId, customer: { id: ada.id }, sharedWith: [] } } });
    const all = (await subgraph.ask(list, {}, caller)).body.data.orders.edges;
    expect(all).toContainEqual({ node: { id: orderId } });
    const shipped = await subgraph.ask(ship, { id: orderId }, caller);
    expect(shipped.body).toEqual({ data: { markOrderShipped: { status: 'SHIPPED' } } });
    expect(await eventsOf()).toEqual([
      {
        kind: 'orders.order.shipped',
        platform: 'portal',
        actor_id: serviceId,
        subject_id: ada.id,
        details: { caller: 'service' },
      },
    ]);
  });

  it('does nothing that its scopes do not allow, and nothing that is for persons', async () => {
    const reader = await service('portal', 'orders:read');
    expect(reasonsOf(await subgraph.ask(ship, { id: orderId }, reader))).toEqual(['authz.scope.deny']);
    const caller = await service('portal');
    expect(reasonsOf(await subgraph.ask('{ myOrders { edges { cursor } } }', {}, caller))).toEqual([
      'authz.platform.deny',
    ]);
    const dashboard =
      '{ _entities(representations: [{ __typename: "Dashboard", id: "x" }]) { ... on Dashboard { id } } }';
    expect(reasonsOf(await subgraph.ask(dashboard, {}, caller))).toEqual(['authz.caller.deny']);
    expect(await eventsOf()).toEqual([]);
  });

  it("does not enter by the customers' entrance, nor a customers' service by staff's", async () => {
    for (const [entrance, of] of [
      ['user', 'portal'],
      ['portal', 'user'],
    ] as const) {
      const { token } = await service(of);
      const answer = await subgraph
        .gatewayOf(entrance)
        .post(subgraph.url, { query: '{ __typename }' }, { token });
      expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_invalid']]);
    }
  });
});

it("a service account of customers sees nobody's orders", async () => {
  const caller = await service('user');
  expect((await subgraph.ask(read, { id: orderId }, caller)).body).toEqual({ data: { order: null } });
  for (const query of [list, '{ myOrders { edges { cursor } } }']) {
    const [reason] = reasonsOf(await subgraph.ask(query, {}, caller));
    expect(reason).toMatch(/^authz\.(platform|caller)\.deny$/);
  }
  expect(reasonsOf(await subgraph.ask(cancel, { id: orderId }, caller))).toEqual(['authz.caller.deny']);
  const reference = [{ __typename: 'Order', id: orderId }];
  const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Order { id } } }';
  expect((await subgraph.ask(query, { r: reference }, caller)).body.data).toEqual({ _entities: [null] });
});

describe('a member of staff as the customer', () => {
  it('sees what the customer sees, and no more', async () => {
    const caller = await asAda();
    const { body } = await subgraph.ask('{ myOrders(first: 100) { edges { node { id } } } }', {}, caller);
    expect(body.data.myOrders.edges).toContainEqual({ node: { id: orderId } });
    expect((await subgraph.ask(read, { id: orderId }, caller)).body.data.order.id).toBe(orderId);
    const others = await placeOrder(await subgraph.addCustomer());
    expect((await subgraph.ask(read, { id: others }, caller)).body).toEqual({ data: { order: null } });
    expect(reasonsOf(await subgraph.ask(list, {}, caller))).toEqual(['authz.platform.deny']);
  });

  it('cancels an order with the scope for it, and is the actor in the audit log', async () => {
    const reader = await asAda('orders:read');
    expect(reasonsOf(await subgraph.ask(cancel, { id: orderId }, reader))).toEqual(['authz.scope.deny']);
    const { body } = await subgraph.ask(cancel, { id: orderId }, await asAda());
    expect(body).toEqual({ data: { cancelOrder: { status: 'CANCELLED' } } });
    expect(await eventsOf()).toEqual([
      {
        kind: 'orders.order.cancelled',
        platform: 'portal',
        actor_id: staffId,
        subject_id: ada.id,
        details: { caller: 'impersonated', act: staffId },
      },
    ]);
  });

  it.each([
    ['places none', 'mutation { placeOrder(input: { items: [], idempotencyKey: "k" }) { id } }'],
    ['shares none', 'mutation { shareOrder(input: { orderId: "a", userId: "b" }) { id } }'],
    ['stops no sharing', 'mutation { unshareOrder(input: { orderId: "a", userId: "b" }) { id } }'],
  ])('%s', async (_, query) => {
    expect(reasonsOf(await subgraph.ask(query, {}, await asAda()))).toEqual(['authz.caller.deny']);
  });
});

it('a customer who cancels an order of their own leaves no event of staff', async () => {
  await subgraph.ask(cancel, { id: orderId }, ada);
  expect(await eventsOf()).toEqual([]);
});
