import { reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';

const query = `
  query ($representations: [_Any!]!) {
    _entities(representations: $representations) { ... on Product { id stock { available inStock } } }
  }`;
const staffQuery = query.replace('inStock', 'inStock onHand reserved');

let subgraph: TestSubgraph;
let lamp: string;
let rug: string;
let foreign: string;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  const { database, tenants } = subgraph;
  lamp = await addProduct(database, tenants.demo, { onHand: 10 });
  rug = await addProduct(database, tenants.demo);
  foreign = await addProduct(database, tenants.globex, { onHand: 99 });
  await database.query('update inventory.stock set reserved = 4 where product_id = $1', [lamp]);
});
afterAll(() => subgraph.stop());

const refer = (
  ids: string[],
  { query: text = query, caller = undefined as { id: string; token: string } | undefined } = {},
) => subgraph.ask(text, { representations: ids.map((id) => ({ __typename: 'Product', id })) }, caller);

describe('stock', () => {
  it('is given without signing in: what is on the shelves and not promised', async () => {
    const { body } = await refer([lamp]);
    expect(body.data._entities).toEqual([{ id: lamp, stock: { available: 6, inStock: true } }]);
  });

  it('is zero for a product that was never counted, and for one of another tenant', async () => {
    const { body } = await refer([rug, foreign]);
    for (const { stock } of body.data._entities) expect(stock).toEqual({ available: 0, inStock: false });
  });

  it('is null for a text that is not an id', async () => {
    const answer = await refer(['x', '', '\0', 'a'.repeat(10_240)]);
    expect(answer.body).toEqual({ data: { _entities: [null, null, null, null] } });
  });

  it('comes from the row, never from what the caller says of it', async () => {
    const forged = { __typename: 'Product', id: lamp, stock: { on_hand: 1000, reserved: 0 }, on_hand: 1000 };
    const { body } = await subgraph.ask(query, { representations: [forged] });
    expect(body.data._entities[0].stock.available).toBe(6);
  });

  it('tells staff what is on the shelves and what is promised', async () => {
    const caller = await subgraph.addStaff('support');
    const { body } = await refer([lamp], { query: staffQuery, caller });
    expect(body.data._entities[0].stock).toEqual({ available: 6, inStock: true, onHand: 10, reserved: 4 });
  });

  it('refuses both numbers to customers and to who has not signed in, and still tells the rest', async () => {
    const customer = await subgraph.addCustomer();
    const answer = await refer([lamp], { query: staffQuery, caller: customer });
    expect(reasonsOf(answer)).toEqual(['authz.platform.deny', 'authz.platform.deny']);
    expect(answer.body.data._entities[0].stock).toEqual({
      available: 6,
      inStock: true,
      onHand: null,
      reserved: null,
    });
    const anonymous = await refer([lamp], { query: staffQuery });
    expect(new Set(reasonsOf(anonymous))).toEqual(new Set(['auth.failure.missing_token']));
  });

  it('costs the same number of statements for one product as for fifty', async () => {
    const { database, tenants } = subgraph;
    const ids = await Promise.all(Array.from({ length: 50 }, () => addProduct(database, tenants.demo)));
    // set_config, select
    for (const asked of [ids.slice(0, 1), ids]) {
      expect(await subgraph.countStatements(() => refer(asked))).toBe(2);
    }
  });
});
