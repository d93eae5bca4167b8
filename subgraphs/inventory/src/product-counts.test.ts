import { createDatabase, keepTally } from '@signet/db';
import { type Caller, itIsForStaff, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';
import { stockTally } from './stock.queries.ts';

/** As the gateway asks, with the id that the portal gave it. */
const query = `
  query ($id: ID!) {
    _entities(representations: [{ __typename: "Dashboard", id: $id }]) {
      ... on Dashboard { id products { outOfStock lowOnStock } }
    }
  }`;

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  staff = await subgraph.addStaff('support');
});
afterAll(() => subgraph.stop());

describe('Dashboard.products', () => {
  it("counts the tenant's own and nobody else's", async () => {
    const { database, tenants } = subgraph;
    for (const onHand of [0, 0, 1, 9, 10]) await addProduct(database, tenants.demo, { onHand });
    await addProduct(database, tenants.demo);
    await addProduct(database, tenants.globex, { onHand: 0 });
    const { body } = await subgraph.ask(query, { id: tenants.demo }, staff);
    expect(body.data._entities).toEqual([{ id: tenants.demo, products: { outOfStock: 2, lowOnStock: 2 } }]);
  });

  it('follows stock over its borders, whatever moves it', async () => {
    const { database } = subgraph;
    const tenantId = await database.addTenant('moving');
    const other = await subgraph.addStaff('operations', { tenantId });
    const read = async () =>
      (await subgraph.ask(query, { id: tenantId }, other)).body.data._entities[0].products;
    const db = createDatabase(database.urlOf('signet_inventory'), { maxConnections: 2 });
    try {
      await addProduct(database, tenantId, { onHand: 10 });
      const set = (onHand: number, reserved: number) =>
        database.query('update inventory.stock set on_hand = $2, reserved = $3 where tenant_id = $1', [
          tenantId,
          onHand,
          reserved,
        ]);
      expect(await read()).toEqual({ outOfStock: 0, lowOnStock: 0 });
      const steps = [
        [10, 1, { outOfStock: 0, lowOnStock: 1 }],
        [10, 2, { outOfStock: 0, lowOnStock: 1 }],
        [10, 10, { outOfStock: 1, lowOnStock: 0 }],
        [0, 0, { outOfStock: 1, lowOnStock: 0 }],
        [30, 0, { outOfStock: 0, lowOnStock: 0 }],
        [30, 30, { outOfStock: 1, lowOnStock: 0 }],
      ] as const;
      for (const [onHand, reserved, counts] of steps) {
        await set(onHand, reserved);
        expect(await read()).toEqual(counts);
        await keepTally(stockTally)(db, 1000);
        expect(await read()).toEqual(counts);
      }
    } finally {
      await db.destroy();
    }
  });

  it('is all zero where nothing happened yet', async () => {
    const tenantId = await subgraph.database.addTenant('quiet');
    const other = await subgraph.addStaff('operations', { tenantId });
    const { body } = await subgraph.ask(query, { id: tenantId }, other);
    expect(body.data._entities).toEqual([{ id: tenantId, products: { outOfStock: 0, lowOnStock: 0 } }]);
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
