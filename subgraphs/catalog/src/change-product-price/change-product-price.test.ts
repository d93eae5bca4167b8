import {
  addProduct,
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../../subgraph.ts';

const query = `
  mutation ($productId: ID!, $amount: Int!) {
    changeProductPrice(input: { productId: $productId, amount: $amount }) { id price { amount currency } }
  }`;
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let staff: Caller;
let productId: string;
let foreign: string;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  staff = await subgraph.addStaff('operations');
  productId = await addProduct(subgraph.database, subgraph.tenants.demo, { price: 100, currency: 'USD' });
  foreign = await addProduct(subgraph.database, subgraph.tenants.globex, { price: 100 });
});
afterAll(() => subgraph.stop());

describe('changeProductPrice', () => {
  it('changes the amount and keeps the currency', async () => {
    const { body } = await subgraph.ask(query, { productId, amount: 250 }, staff);
    expect(body.data.changeProductPrice).toEqual({ id: productId, price: { amount: 250, currency: 'USD' } });
    const [row] = await subgraph.database.query(
      'select price_amount, updated_at > created_at as touched from catalog.product where id = $1',
      [productId],
    );
    expect(row).toEqual({ price_amount: 250, touched: true });
  });

  it.each([0, -1, 10_000_001, 3_000_000_000])('refuses the amount %s', async (amount) => {
    expect(reasonsOf(await subgraph.ask(query, { productId, amount }, staff))).toEqual(['input.amount']);
  });

  it('refuses products that do not exist or are of another tenant, and changes nothing', async () => {
    for (const id of [unknownId, foreign]) {
      const answer = await subgraph.ask(query, { productId: id, amount: 1 }, staff);
      expect(reasonsOf(answer)).toEqual(['input.productId']);
    }
    const rows = await subgraph.database.query('select price_amount from catalog.product where id = $1', [
      foreign,
    ]);
    expect(rows).toEqual([{ price_amount: 100 }]);
  });

  it('refuses what is no id', async () => {
    await expectIdsRefused('input.productId', (id) =>
      subgraph.ask(query, { productId: id, amount: 1 }, staff),
    );
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { productId: unknownId, amount: 1 } },
    scope: 'catalog:write',
  });
});
