import {
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
  titled,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';

const query = `
  mutation ($productId: ID!, $change: Int!, $reason: String! = "Counted") {
    adjustStock(input: { productId: $productId, change: $change, reason: $reason }) {
      id stock { available onHand reserved }
    }
  }`;
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  staff = await subgraph.addStaff('operations');
});
afterAll(() => subgraph.stop());

const adjust = (productId: string, change: number, more: object = {}) =>
  subgraph.ask(query, { productId, change, ...more }, staff);
const addStock = (onHand: number) => addProduct(subgraph.database, subgraph.tenants.demo, { onHand });
const findRow = async (productId: string) => {
  const rows = await subgraph.database.query(
    'select on_hand, reserved from inventory.stock where product_id = $1',
    [productId],
  );
  return rows[0];
};

describe('adjustStock', () => {
  it('adds and takes away', async () => {
    const productId = await addStock(10);
    await adjust(productId, 5);
    const { body } = await adjust(productId, -7);
    expect(body.data.adjustStock).toEqual({
      id: productId,
      stock: { available: 8, onHand: 8, reserved: 0 },
    });
  });

  it('begins to keep stock of a product that was never counted', async () => {
    const productId = await addProduct(subgraph.database, subgraph.tenants.demo);
    const answers = await Promise.all([adjust(productId, 3), adjust(productId, 4)]);
    expect(answers.flatMap(reasonsOf)).toEqual([]);
    expect(await findRow(productId)).toEqual({ on_hand: 7, reserved: 0 });
  });

  it('loses none of 50 changes made at once', async () => {
    const productId = await addStock(0);
    await Promise.all(Array.from({ length: 50 }, () => adjust(productId, 2)));
    expect(await findRow(productId)).toEqual({ on_hand: 100, reserved: 0 });
  });

  it('leaves what orders were promised, also when several take away at once', async () => {
    const productId = await addStock(10);
    await subgraph.database.query('update inventory.stock set reserved = 4 where product_id = $1', [
      productId,
    ]);
    expect(reasonsOf(await adjust(productId, -7))).toEqual(['input.change']);
    const answers = await Promise.all(Array.from({ length: 10 }, () => adjust(productId, -1)));
    expect(answers.flatMap(reasonsOf)).toEqual(Array(4).fill('input.change'));
    expect(await findRow(productId)).toEqual({ on_hand: 4, reserved: 4 });
  });

  it('refuses to take from a product that was never counted, and keeps no row', async () => {
    const productId = await addProduct(subgraph.database, subgraph.tenants.demo);
    expect(reasonsOf(await adjust(productId, -1))).toEqual(['input.change']);
    expect(await findRow(productId)).toBeUndefined();
  });

  it('refuses more than 1000000000 pieces', async () => {
    const productId = await addStock(1_000_000_000);
    expect(reasonsOf(await adjust(productId, 1))).toEqual(['input.change']);
    expect(reasonsOf(await adjust(productId, 1_000_000_000))).toEqual(['input.change']);
  });

  it('refuses products that do not exist or are of another tenant, counted there or not', async () => {
    const { database, tenants } = subgraph;
    const counted = await addProduct(database, tenants.globex, { onHand: 5 });
    const uncounted = await addProduct(database, tenants.globex);
    for (const productId of [unknownId, counted, uncounted]) {
      expect(reasonsOf(await adjust(productId, 1))).toEqual(['input.productId']);
    }
    expect(await findRow(counted)).toEqual({ on_hand: 5, reserved: 0 });
  });

  it.each(
    titled([
      [{ change: 0 }, 'input.change'],
      [{ change: 1_000_000_001 }, 'input.change'],
      [{ change: -3_000_000_000 }, 'input.change'],
      [{ change: 1.5 }, 'input.change'],
      [{ reason: '' }, 'input.reason'],
      [{ reason: 'a\0' }, 'input.reason'],
      [{ reason: 'a'.repeat(10_240) }, 'input.reason'],
    ]),
  )('refuses %s', async (_title, more, reason) => {
    expect(reasonsOf(await adjust(unknownId, 1, more))).toEqual([reason]);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.productId', (id) => adjust(id, 1));
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { productId: unknownId, change: 1 } },
    scope: 'stock:write',
  });
});
