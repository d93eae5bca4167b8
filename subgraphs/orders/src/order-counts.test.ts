import { createDatabase, keepTally } from '@signet/db';
import { type Caller, itIsForStaff, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';
import { orderTally } from './order-counts.queries.ts';

/** As the gateway asks, with the id that the portal gave it. */
const query = `
  query ($id: ID!) {
    _entities(representations: [{ __typename: "Dashboard", id: $id }]) {
      ... on Dashboard { id orders { placed shipped cancelled placedLastDay } }
    }
  }`;

const timelines = `
  query ($id: ID!) {
    _entities(representations: [{ __typename: "Dashboard", id: $id }]) {
      ... on Dashboard {
        orders { placed shipped cancelled placedLastDay }
        ordersPlaced(range: WEEK) { series { name values } }
      }
    }
  }`;

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  staff = await subgraph.addStaff('support');
});
afterAll(() => subgraph.stop());

/** Orders placed and closed at different times. */
const addOrders = (tenantId: string, userId: string) =>
  subgraph.database.query(
    `insert into orders.order (tenant_id, user_id, status, total_amount, currency, placed_at, shipped_at, cancelled_at)
     select $1, $2, status, 1, 'EUR', now() - age, case status when 'shipped' then now() end,
       case status when 'cancelled' then now() end
     from (values ('placed', interval '1 hour'), ('placed', interval '2 days'), ('placed', interval '3 days'),
       ('shipped', interval '1 hour'), ('shipped', interval '2 days'), ('cancelled', interval '2 days')) as v (status, age)`,
    [tenantId, userId],
  );

describe('Dashboard.orders', () => {
  it("counts the tenant's own and nobody else's", async () => {
    const { tenants } = subgraph;
    await addOrders(tenants.demo, (await subgraph.addCustomer()).id);
    await addOrders(tenants.globex, (await subgraph.addCustomer({ tenantId: tenants.globex })).id);
    const { body } = await subgraph.ask(query, { id: tenants.demo }, staff);
    expect(body.data._entities).toEqual([
      { id: tenants.demo, orders: { placed: 3, shipped: 2, cancelled: 1, placedLastDay: 2 } },
    ]);
  });

  it('follows each order from state to state, before and after its counts are folded', async () => {
    const tenantId = await subgraph.database.addTenant('busy');
    const other = await subgraph.addStaff('operations', { tenantId });
    await addOrders(tenantId, (await subgraph.addCustomer({ tenantId })).id);
    const read = async () => {
      const { body } = await subgraph.ask(timelines, { id: tenantId }, other);
      const { orders, ordersPlaced } = body.data._entities[0];
      const series: { name: string; values: number[] }[] = ordersPlaced.series;
      return {
        ...orders,
        ofTwoDays: series
          .map(({ name, values }) => `${name} ${values.reduce((a, b) => a + b, 0)}`)
          .join(', '),
      };
    };
    const counts = { placed: 3, shipped: 2, cancelled: 1, placedLastDay: 2 };
    const ofTwoDays = 'placed 3, shipped 2, cancelled 1, expired 0';
    expect(await read()).toEqual({ ...counts, ofTwoDays });
    const keep = keepTally(orderTally);
    const db = createDatabase(subgraph.database.urlOf('signet_orders'), { maxConnections: 2 });
    try {
      await keep(db, 1000);
      expect(await read()).toEqual({ ...counts, ofTwoDays });
      await subgraph.database.query(
        `update orders.order set status = 'shipped', shipped_at = now() where tenant_id = $1 and status = 'placed'`,
        [tenantId],
      );
      const shipped = {
        ...counts,
        placed: 0,
        shipped: 5,
        ofTwoDays: 'placed 0, shipped 5, cancelled 1, expired 0',
      };
      expect(await read()).toEqual(shipped);
      await keep(db, 1000);
      expect(await read()).toEqual(shipped);
      await subgraph.database.query(`delete from orders.order where tenant_id = $1 and status = 'shipped'`, [
        tenantId,
      ]);
      expect(await read()).toMatchObject({ shipped: 0, cancelled: 1 });
    } finally {
      await db.destroy();
    }
  });

  it('is counted in pieces, which the next process goes on with, while orders change', async () => {
    const { database } = subgraph;
    const others = createDatabase(database.urlOf('signet_orders'), { maxConnections: 2 });
    await keepTally(orderTally)(others, 1000);
    await others.destroy();
    const tenantId = await database.addTenant('large');
    const userId = (await subgraph.addCustomer({ tenantId })).id;
    const add = (count: number, age: string) =>
      database.query(
        `insert into orders.order (tenant_id, user_id, total_amount, currency, placed_at)
         select $1, $2, 1, 'EUR', now() - ${age} from generate_series(1, $3) i`,
        [tenantId, userId, count],
      );
    const ship = (where: string) =>
      database.query(
        `update orders.order set status = 'shipped', shipped_at = now() where tenant_id = $1 and status = 'placed' and ${where}`,
        [tenantId],
      );
    await add(400, `i * interval '5 hours'`);
    await ship(`extract(minute from placed_at)::integer % 2 = 0 and placed_at > now() - interval '9 days'`);
    const stopping = new AbortController();
    let pieces = 0;
    const open = () =>
      createDatabase(database.urlOf('signet_orders'), {
        maxConnections: 2,
        onQuery: (text) => {
          if (!text.includes('update "orders"."tally_counting"')) return;
          pieces += 1;
          if (pieces === 3) stopping.abort();
        },
      });
    const keep = keepTally(orderTally, { pieceRows: 50 });
    const progress = () =>
      database.query(`select counted_before from orders.tally_counting where tenant_id = $1`, [tenantId]);
    const first = open();
    await keep(first, 1000, stopping.signal);
    await first.destroy();
    const [kept] = await progress();
    expect(kept?.counted_before).toBeInstanceOf(Date);
    // In what is counted, and in what is not.
    await add(60, `i * interval '30 hours'`);
    await ship(`placed_at < now() - interval '1 day'`);
    await database.query(
      `delete from orders.order where tenant_id = $1 and id in (
      select id from orders.order where tenant_id = $1 order by placed_at limit 20)`,
      [tenantId],
    );
    await database.query('select orders.fold_tally(50000)');
    const second = open();
    let isOver = false;
    const counting = keep(second, 1000).finally(() => {
      isOver = true;
    });
    for (let turn = 0; !isOver; turn += 1) {
      await add(3, `i * interval '${1 + (turn % 70)} days'`);
      await ship(`placed_at < now() - interval '${turn % 70} days'`);
      await database.query('select orders.fold_tally(50000)');
    }
    await counting;
    await ship('true');
    await keep(second, 1000);
    await second.destroy();
    expect(pieces).toBeGreaterThan(8);
    expect(await progress()).toEqual([]);
    const sums = (from: string) =>
      database.query(
        `select label, sum(amount)::integer as amount from (${from}) kept group by label order by label`,
        [tenantId],
      );
    const tally = await sums(
      'select label, amount from orders.tally where tenant_id = $1 union all select label, amount from orders.tally_delta where tenant_id = $1',
    );
    const orders = await sums('select status as label, 1 as amount from orders.order where tenant_id = $1');
    expect(tally.filter(({ amount }) => amount !== 0)).toEqual(orders);
    expect(orders[0]?.amount).toBeGreaterThan(439);
    const byTime = (from: string) =>
      database.query(
        `select date_bin('1 day', at, '2000-01-01T00:00:00Z') as day, sum(amount)::integer as amount from (${from}) kept
         where at > now() - interval '30 days' group by day having sum(amount) <> 0 order by day`,
        [tenantId],
      );
    expect(
      await byTime(`select starts_at as at, amount from orders.tally where tenant_id = $1
        union all select starts_at, amount from orders.tally_delta where tenant_id = $1`),
    ).toEqual(
      await byTime(
        `select date_bin('1 hour', placed_at, '2000-01-01T00:00:00Z') as at, 1 as amount from orders.order where tenant_id = $1`,
      ),
    );
  });

  it('is all zero where nothing happened yet', async () => {
    const tenantId = await subgraph.database.addTenant('quiet');
    const other = await subgraph.addStaff('operations', { tenantId });
    const { body } = await subgraph.ask(query, { id: tenantId }, other);
    expect(body.data._entities).toEqual([
      { id: tenantId, orders: { placed: 0, shipped: 0, cancelled: 0, placedLastDay: 0 } },
    ]);
  });

  it("is null for another tenant's dashboard and for what is no tenant", async () => {
    for (const id of [subgraph.tenants.globex, 'x', '']) {
      expect((await subgraph.ask(query, { id }, staff)).body).toEqual({ data: { _entities: [null] } });
    }
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { id: '0199c2f4-7a10-7000-8000-000000000001' } },
    scope: 'dashboard:read',
  });
});
