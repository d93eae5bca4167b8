import { createDatabase, type Database, runHousekeeping } from '@signet/db';
import { type Caller, reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';
import { expireOrders } from './expire-orders.ts';

const place = `
  mutation ($productId: ID!) {
    placeOrder(input: { items: [{ productId: $productId, quantity: 3 }], idempotencyKey: "one" }) { id }
  }`;
const fields = 'id status reservedUntil expiredAt shippedAt cancelledAt';
const read = `query ($id: ID!) { order(id: $id) { ${fields} } }`;
const ship = `mutation ($id: ID!) { markOrderShipped(id: $id) { ${fields} } }`;
const cancel = `mutation ($id: ID!) { cancelOrder(id: $id) { ${fields} } }`;

let subgraph: TestSubgraph;
let staff: Caller;
const pools: Kysely<Database>[] = [];
/** Starts what the process does every minute, which would otherwise wait for its time. */
let runEveryMinute: () => void;
beforeAll(async () => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.25);
  const timers = vi.spyOn(globalThis, 'setTimeout');
  subgraph = await startTestSubgraph(definition, { settings: { RESERVATION_MINUTES: '30' } });
  const timer = timers.mock.calls.find(([, delay]) => delay === 45_000);
  runEveryMinute = () => timer?.[0]();
  random.mockRestore();
  timers.mockRestore();
  staff = await subgraph.addStaff('operations');
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.destroy()));
  await subgraph.stop();
});

/** As the process: with its role, on a pool of its own. */
function openReplica() {
  const pool = createDatabase(subgraph.database.urlOf('signet_orders'), { maxConnections: 2 });
  pools.push(pool);
  return pool;
}

/** An order of 3 pieces of a product of which there are 10. */
async function placeOrder(tenantId = subgraph.tenants.demo) {
  const caller = await subgraph.addCustomer({ tenantId });
  const productId = await addProduct(subgraph.database, tenantId, { onHand: 10 });
  const { body } = await subgraph.ask(place, { productId }, caller);
  const id: string = body.data.placeOrder.id;
  return {
    id,
    caller,
    setDue: () => setDue([id]),
    read: async () => (await subgraph.ask(read, { id }, caller)).body.data.order,
    async findStock() {
      const rows = await subgraph.database.query(
        `select on_hand || '/' || reserved as stock from inventory.stock where product_id = $1`,
        [productId],
      );
      return rows[0].stock;
    },
  };
}

const setDue = (ids: readonly string[]) =>
  subgraph.database.query(`update orders.order set reserved_until = now() where id = any($1)`, [ids]);

describe('a reservation', () => {
  it('lasts for RESERVATION_MINUTES', async () => {
    const order = await placeOrder();
    const { status, reservedUntil, expiredAt } = await order.read();
    expect([status, expiredAt]).toEqual(['PLACED', null]);
    const minutes = (Date.parse(reservedUntil) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(28);
    expect(minutes).toBeLessThan(31);
    expect(await expireOrders(openReplica(), 1000)).toBe(0);
    expect(await order.findStock()).toBe('10/3');
  });

  it('stays where the process stops before its turn', async () => {
    const order = await placeOrder();
    await order.setDue();
    expect(await expireOrders(openReplica(), 1000, AbortSignal.abort())).toBe(0);
    expect(await order.read()).toMatchObject({ status: 'PLACED' });
    expect(await expireOrders(openReplica(), 1000)).toBe(1);
  });

  it('is given back when it has expired, in every tenant; the order then says so and changes no more', async () => {
    const orders = [await placeOrder(), await placeOrder(subgraph.tenants.globex)];
    const kept = await placeOrder();
    for (const { setDue } of orders) await setDue();
    expect(await expireOrders(openReplica(), 1000)).toBe(2);
    for (const order of orders) {
      expect(await order.read()).toMatchObject({
        status: 'EXPIRED',
        reservedUntil: null,
        expiredAt: expect.any(String),
        shippedAt: null,
        cancelledAt: null,
      });
      expect(await order.findStock()).toBe('10/0');
    }
    expect(await kept.findStock()).toBe('10/3');
    const [order] = orders as [Awaited<ReturnType<typeof placeOrder>>];
    expect(reasonsOf(await subgraph.ask(ship, { id: order.id }, staff))).toEqual(['input.id']);
    expect(reasonsOf(await subgraph.ask(cancel, { id: order.id }, order.caller))).toEqual(['input.id']);
    expect(await order.findStock()).toBe('10/0');
    expect(await expireOrders(openReplica(), 1000)).toBe(0);
  });

  it('is given back by the process itself, about every minute', async () => {
    const order = await placeOrder();
    await order.setDue();
    runEveryMinute();
    await expect.poll(async () => (await order.read()).status, { timeout: 30_000 }).toBe('EXPIRED');
    expect(await order.findStock()).toBe('10/0');
  });

  it('is the answer to its key still', async () => {
    const order = await placeOrder();
    await order.setDue();
    await expireOrders(openReplica(), 1000);
    const [{ product_id: productId }] = await subgraph.database.query(
      'select product_id from orders.order_item where order_id = $1',
      [order.id],
    );
    const again = await subgraph.ask(place, { productId }, order.caller);
    expect(again.body.data.placeOrder.id).toBe(order.id);
    expect(await order.findStock()).toBe('10/0');
  });

  it('is given back once where replicas come at once, with a lock among them and without', async () => {
    const orders = await Promise.all(Array.from({ length: 12 }, () => placeOrder()));
    await setDue(orders.map(({ id }) => id));
    const replicas = [openReplica(), openReplica(), openReplica()];
    const jobs = [{ name: 'expired', prune: expireOrders }];
    const counts = await Promise.all([
      ...replicas.map((db) => expireOrders(db, 1000)),
      ...replicas.map((db) =>
        runHousekeeping({ db, name: 'orders', jobs }).then((done) => done?.expired ?? 0),
      ),
    ]);
    expect(counts.reduce((sum, count) => sum + count)).toBe(12);
    for (const order of orders) expect(await order.findStock()).toBe('10/0');
  });

  it('that can not be given back keeps no other from it', async () => {
    const [broken, whole] = [await placeOrder(), await placeOrder()];
    await subgraph.database.query(
      'update inventory.stock set reserved = 0 where product_id in (select product_id from orders.order_item where order_id = $1)',
      [broken.id],
    );
    await setDue([broken.id]);
    await setDue([whole.id]);
    await expect(expireOrders(openReplica(), 1000)).rejects.toThrow('some orders could not expire');
    expect((await whole.read()).status).toBe('EXPIRED');
    expect((await broken.read()).status).toBe('PLACED');
    await subgraph.database.query(
      `update orders.order set reserved_until = now() + interval '1 day' where id = $1`,
      [broken.id],
    );
  });
});

describe('an order that expires while it is shipped or cancelled', () => {
  const outcomes: Record<string, string> = { SHIPPED: '7/0', CANCELLED: '10/0', EXPIRED: '10/0' };

  it.each([
    ['shipped', ship],
    ['cancelled', cancel],
  ])('has one end, and the stock tells the same: %s', async (title, query) => {
    const replica = openReplica();
    for (let round = 0; round < 12; round += 1) {
      const order = await placeOrder();
      await order.setDue();
      const caller = title === 'shipped' ? staff : order.caller;
      const change = () => subgraph.ask(query, { id: order.id }, caller);
      // Whoever begins later has a chance too.
      const [answer, expired] =
        round % 2
          ? await Promise.all([change(), expireOrders(replica, 1000)])
          : (await Promise.all([expireOrders(replica, 1000), change()])).reverse();
      const { status } = await order.read();
      expect(await order.findStock()).toBe(outcomes[status]);
      expect(expired).toBe(status === 'EXPIRED' ? 1 : 0);
      expect(reasonsOf(answer as never)).toEqual(status === 'EXPIRED' ? ['input.id'] : []);
    }
  });
});

describe('orders.due_orders', () => {
  it('tells the process ids only, and of due orders only', async () => {
    const [due, other] = [await placeOrder(), await placeOrder()];
    await due.setDue();
    const client = openReplica();
    const { rows } = await sql`select * from orders.due_orders(5)`.execute(client);
    expect(rows).toEqual([{ tenant_id: subgraph.tenants.demo, id: due.id }]);
    expect(rows).not.toContainEqual(expect.objectContaining({ id: other.id }));
    await expireOrders(client, 1000);
  });
});
