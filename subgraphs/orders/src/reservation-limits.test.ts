import { type Caller, reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';

const query = `
  mutation ($items: [OrderItemInput!]!, $idempotencyKey: String!) {
    placeOrder(input: { items: $items, idempotencyKey: $idempotencyKey }) { id }
  }`;

let subgraph: TestSubgraph;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
});
afterAll(() => subgraph.stop());

let lastKey = 0;
type Item = { productId: string; quantity: number };
const place = (caller: Caller, items: readonly Item[]) =>
  subgraph.ask(query, { items, idempotencyKey: `key-${++lastKey}` }, caller);
const addStock = (onHand: number) => addProduct(subgraph.database, subgraph.tenants.demo, { onHand });
const countReserved = async (productIds: readonly string[]): Promise<number> => {
  const rows = await subgraph.database.query(
    'select sum(reserved)::integer as reserved from inventory.stock where product_id = any($1)',
    [productIds],
  );
  return rows[0].reserved;
};

describe('one account', () => {
  it('does not empty the shelves: its open orders have 1000 pieces together', async () => {
    const productIds = await Promise.all(Array.from({ length: 50 }, () => addStock(1000)));
    const everything = productIds.map((productId) => ({ productId, quantity: 1000 }));
    const caller = await subgraph.addCustomer();
    const refused = await place(caller, everything);
    expect(reasonsOf(refused)).toEqual(['input.items']);
    expect(refused.body.errors?.[0]?.message).toBe(
      'Your open orders may have 1000 pieces together. They have 0; this one has 50000.',
    );
    const answers = await Promise.all(
      everything.slice(0, 12).map((item) => place(caller, [{ ...item, quantity: 300 }])),
    );
    expect(answers.filter(({ body }) => body.data?.placeOrder)).toHaveLength(3);
    expect(answers.flatMap(reasonsOf)).toEqual(Array(9).fill('input.items'));
    expect(await countReserved(productIds)).toBe(900);
    expect(reasonsOf(await place(caller, [{ productId: productIds[0] as string, quantity: 100 }]))).toEqual(
      [],
    );
    expect(reasonsOf(await place(caller, [{ productId: productIds[0] as string, quantity: 1 }]))).toEqual([
      'input.items',
    ]);
    // Somebody else is not concerned.
    const other = await subgraph.addCustomer();
    expect(reasonsOf(await place(other, [{ productId: productIds[0] as string, quantity: 500 }]))).toEqual(
      [],
    );
  });

  it('has 20 orders open, also when it sends 30 at once, and more when one is closed', async () => {
    const productId = await addStock(1000);
    const caller = await subgraph.addCustomer();
    const item = [{ productId, quantity: 1 }];
    const answers = await Promise.all(Array.from({ length: 30 }, () => place(caller, item)));
    const ids = answers.flatMap(({ body }) => body.data?.placeOrder?.id ?? []);
    expect(ids).toHaveLength(20);
    expect(await countReserved([productId])).toBe(20);
    const refused = await place(caller, item);
    expect(refused.body.errors?.[0]).toMatchObject({
      message: 'You have 20 open orders, and may have 20. Wait until one is shipped, or cancel one.',
      extensions: { code: 'BAD_USER_INPUT', reason: 'input.items' },
    });
    await subgraph.ask('mutation ($id: ID!) { cancelOrder(id: $id) { id } }', { id: ids[0] }, caller);
    expect(reasonsOf(await place(caller, item))).toEqual([]);
  });

  it('gets an order again that it has placed, however many are open', async () => {
    const productId = await addStock(1000);
    const caller = await subgraph.addCustomer();
    const ask = (idempotencyKey: string) =>
      subgraph.ask(query, { items: [{ productId, quantity: 50 }], idempotencyKey }, caller);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, number) => ask(`again-${number}`)));
    expect(answers.flatMap(reasonsOf)).toEqual([]);
    expect((await ask('again-7')).body).toEqual(answers[7]?.body);
  });
});
