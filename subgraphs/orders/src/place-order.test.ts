import {
  type Caller,
  expectIdsRefused,
  itIsForCustomers,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addProduct } from '../../catalog/src/testing.test-support.ts';
import definition from '../subgraph.ts';

const query = `
  mutation ($items: [OrderItemInput!]!, $idempotencyKey: String!, $expectedTotal: Int) {
    placeOrder(input: { items: $items, idempotencyKey: $idempotencyKey, expectedTotal: $expectedTotal }) {
      id status placedAt shippedAt cancelledAt customer { id }
      total { amount currency }
      items { quantity product { id } unitPrice { amount } lineTotal { amount currency } }
    }
  }`;
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let ada: Caller;
beforeAll(async () => {
  // reservation-limits.test.ts has the limits of a customer.
  const settings = { RESERVATION_ORDERS: '1000', RESERVATION_PIECES: '100000' };
  subgraph = await startTestSubgraph(definition, { settings });
  ada = await subgraph.addCustomer();
});
afterAll(() => subgraph.stop());

let lastKey = 0;
const newKey = () => `key-${++lastKey}`;
const addStock = (options: Parameters<typeof addProduct>[2] = {}) =>
  addProduct(subgraph.database, subgraph.tenants.demo, { onHand: 50, ...options });
type PlaceOptions = { key?: string; caller?: Caller; expectedTotal?: number | null };
const place = (items: unknown, { key = newKey(), caller = ada, ...more }: PlaceOptions = {}) =>
  subgraph.ask(query, { items, idempotencyKey: key, ...more }, caller);
const findStock = async (productId: string) => {
  const rows = await subgraph.database.query(
    'select on_hand, reserved from inventory.stock where product_id = $1',
    [productId],
  );
  return rows[0];
};
const countOrders = async (caller: Caller): Promise<number> => {
  const rows = await subgraph.database.query(
    'select count(*)::integer as count from orders.order where user_id = $1',
    [caller.id],
  );
  return rows[0].count;
};

it('refuses a customer whose address is not verified, unless nobody asks for that', async () => {
  const [unverified, waived] = [
    await subgraph.addCustomer({ claims: { email_verified: false } }),
    await subgraph.addCustomer({ claims: { email_verified: false, verification: 'waived' } }),
  ];
  const productId = await addStock();
  const items = [{ productId, quantity: 1 }];
  expect(reasonsOf(await place(items, { caller: unverified }))).toEqual(['authz.permission.deny']);
  expect(await countOrders(unverified)).toBe(0);
  expect(reasonsOf(await place(items, { caller: waived }))).toEqual([]);
});

describe('placeOrder', () => {
  it('keeps the prices of this moment and reserves the stock', async () => {
    const lamp = await addStock({ price: 1999 });
    const rug = await addStock({ price: 250 });
    const { body } = await place([
      { productId: rug, quantity: 4 },
      { productId: lamp, quantity: 2 },
    ]);
    expect(body.data.placeOrder).toMatchObject({
      status: 'PLACED',
      shippedAt: null,
      cancelledAt: null,
      customer: { id: ada.id },
      total: { amount: 4998, currency: 'EUR' },
      items: [
        {
          product: { id: rug },
          quantity: 4,
          unitPrice: { amount: 250 },
          lineTotal: { amount: 1000, currency: 'EUR' },
        },
        {
          product: { id: lamp },
          quantity: 2,
          unitPrice: { amount: 1999 },
          lineTotal: { amount: 3998, currency: 'EUR' },
        },
      ],
    });
    expect(await findStock(lamp)).toEqual({ on_hand: 50, reserved: 2 });
    await subgraph.database.query('update catalog.product set price_amount = 1 where id = $1', [lamp]);
    const again = await subgraph.ask(
      'query ($id: ID!) { order(id: $id) { total { amount } } }',
      { id: body.data.placeOrder.id },
      ada,
    );
    expect(again.body.data.order.total.amount).toBe(4998);
  });

  it('sells exactly 50 pieces to 200 who want one at once', async () => {
    const productId = await addStock({ onHand: 50 });
    const customers = await Promise.all(Array.from({ length: 4 }, () => subgraph.addCustomer()));
    // On a machine that is busy with other things some wait too long for a connection. Clients then repeat with the same key.
    const placeUntilAnswered = async (caller: Caller) => {
      const key = newKey();
      for (;;) {
        const answer = await place([{ productId, quantity: 1 }], { caller, key });
        if (!reasonsOf(answer).includes('service.unavailable')) return answer;
      }
    };
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => placeUntilAnswered(customers[index % 4] as Caller)),
    );
    expect(answers.filter(({ body }) => body.data?.placeOrder).length).toBe(50);
    expect(answers.flatMap(reasonsOf)).toEqual(Array(150).fill('input.items'));
    expect(await findStock(productId)).toEqual({ on_hand: 50, reserved: 50 });
    const counts = await Promise.all(customers.map(countOrders));
    expect(counts.reduce((sum, count) => sum + count)).toBe(50);
  });

  it('takes nothing of an order that can not be filled whole', async () => {
    const [plenty, few] = [await addStock(), await addStock({ onHand: 1, name: 'Rare lamp' })];
    const answer = await place([
      { productId: plenty, quantity: 5 },
      { productId: few, quantity: 2 },
    ]);
    expect(answer.body.errors?.[0]).toMatchObject({
      message: 'Not enough of "Rare lamp" is in stock for a quantity of 2.',
      extensions: { code: 'BAD_USER_INPUT', reason: 'input.items' },
    });
    expect(await findStock(plenty)).toEqual({ on_hand: 50, reserved: 0 });
  });

  it('never lets orders of the same products wait for each other in a circle', async () => {
    const [one, two] = [await addStock({ onHand: 1000 }), await addStock({ onHand: 1000 })];
    const lines = [
      { productId: one, quantity: 1 },
      { productId: two, quantity: 1 },
    ];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => place(index % 2 ? lines : lines.toReversed())),
    );
    expect(answers.flatMap(reasonsOf)).toEqual([]);
  });
});

describe('an idempotency key', () => {
  it('gives the same order for the same items, in whatever order they stand', async () => {
    const [one, two] = [await addStock(), await addStock()];
    const lines = [
      { productId: one, quantity: 1 },
      { productId: two, quantity: 2 },
    ];
    const first = await place(lines, { key: 'again' });
    const second = await place(lines.toReversed(), { key: 'again' });
    expect(second.body).toEqual(first.body);
    expect(await findStock(two)).toEqual({ on_hand: 50, reserved: 2 });
  });

  it('gives one order to 20 equal requests sent at once', async () => {
    const caller = await subgraph.addCustomer();
    const productId = await addStock();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => place([{ productId, quantity: 3 }], { key: 'parallel', caller })),
    );
    expect(new Set(answers.map(({ body }) => body.data.placeOrder.id)).size).toBe(1);
    expect(await findStock(productId)).toEqual({ on_hand: 50, reserved: 3 });
    expect(await countOrders(caller)).toBe(1);
  });

  it('is the same in every spelling of its accents', async () => {
    const productId = await addStock();
    const first = await place([{ productId, quantity: 3 }], { key: 'caf\u00e9' });
    const second = await place([{ productId, quantity: 3 }], { key: 'cafe\u0301' });
    expect(second.body).toEqual(first.body);
    expect(await findStock(productId)).toEqual({ on_hand: 50, reserved: 3 });
  });

  it('is refused for other items', async () => {
    const productId = await addStock();
    await place([{ productId, quantity: 1 }], { key: 'used' });
    const answer = await place([{ productId, quantity: 2 }], { key: 'used' });
    expect(reasonsOf(answer)).toEqual(['input.idempotencyKey']);
    expect(await findStock(productId)).toEqual({ on_hand: 50, reserved: 1 });
  });

  it("has nothing to do with another customer's equal key", async () => {
    const productId = await addStock();
    const mine = await place([{ productId, quantity: 1 }], { key: 'equal' });
    const caller = await subgraph.addCustomer();
    const theirs = await place([{ productId, quantity: 2 }], { key: 'equal', caller });
    expect(theirs.body.data.placeOrder.id).not.toBe(mine.body.data.placeOrder.id);
  });

  it('can be used again after a refusal', async () => {
    const productId = await addStock({ onHand: 0 });
    const lines = [{ productId, quantity: 1 }];
    expect(reasonsOf(await place(lines, { key: 'retry' }))).toEqual(['input.items']);
    await subgraph.database.query('update inventory.stock set on_hand = 1 where product_id = $1', [
      productId,
    ]);
    expect(reasonsOf(await place(lines, { key: 'retry' }))).toEqual([]);
  });

  it('is refused when it is empty, over 200 characters or holds NUL', async () => {
    for (const key of ['', ' ', '\u200b\u2060', 'a\0', 'a'.repeat(201), 'a'.repeat(10_240)]) {
      const answer = await place([{ productId: unknownId, quantity: 1 }], { key });
      expect(reasonsOf(answer)).toEqual(['input.idempotencyKey']);
    }
  });
});

describe('expectedTotal', () => {
  it('refuses a price that has changed, says the new total, and reserves nothing', async () => {
    const productId = await addStock({ price: 1999 });
    await subgraph.database.query('update catalog.product set price_amount = 2100 where id = $1', [
      productId,
    ]);
    const lines = [{ productId, quantity: 2 }];
    const refused = await place(lines, { key: 'dearer', expectedTotal: 3998 });
    expect(reasonsOf(refused)).toEqual(['input.expectedTotal']);
    expect(refused.body.errors?.[0]?.message).toContain('4200 EUR');
    expect(await findStock(productId)).toEqual({ on_hand: 50, reserved: 0 });
    const placed = await place(lines, { key: 'dearer', expectedTotal: 4200 });
    expect(placed.body.data.placeOrder.total.amount).toBe(4200);
    expect(await findStock(productId)).toEqual({ on_hand: 50, reserved: 2 });
  });

  it('asks for nothing where it is left out or null', async () => {
    const productId = await addStock();
    for (const more of [{}, { expectedTotal: null }]) {
      expect(reasonsOf(await place([{ productId, quantity: 1 }], more))).toEqual([]);
    }
  });

  it('leaves an order as it is that was placed with the same key', async () => {
    const productId = await addStock({ price: 500 });
    const first = await place([{ productId, quantity: 1 }], { key: 'kept', expectedTotal: 500 });
    const again = await place([{ productId, quantity: 1 }], { key: 'kept', expectedTotal: 700 });
    expect(again.body).toEqual(first.body);
  });
});

describe('placeOrder refuses as input.items', () => {
  const expectRefused = async (items: unknown, text: RegExp) => {
    const answer = await place(items);
    expect(reasonsOf(answer)).toEqual(['input.items']);
    expect(answer.body.errors?.[0]?.message).toMatch(text);
  };

  it('no items and more than 50', async () => {
    await expectRefused([], /1 to 50 items/);
    await expectRefused(Array(51).fill({ productId: unknownId, quantity: 1 }), /1 to 50 items/);
  });

  it('a product that stands twice, in capitals too', async () => {
    const twice = [unknownId, unknownId.toUpperCase()].map((productId) => ({ productId, quantity: 1 }));
    await expectRefused(twice, /stands in an order once/);
  });

  it.each([0, -1, 1001, 2_147_483_647])('a quantity of %s', async (quantity) => {
    await expectRefused([{ productId: unknownId, quantity }], /between 1 and 1000/);
  });

  it('a text that is not an id', async () => {
    await expectIdsRefused('input.items', (productId) => place([{ productId, quantity: 1 }]));
  });

  it('products that are unknown, of another tenant, archived or never counted', async () => {
    const { database, tenants } = subgraph;
    const foreign = await addProduct(database, tenants.globex, { onHand: 5 });
    const archived = await addStock({ isArchived: true, name: 'Old lamp' });
    const uncounted = await addProduct(database, tenants.demo);
    await expectRefused([{ productId: unknownId, quantity: 1 }], /no product/);
    await expectRefused([{ productId: foreign, quantity: 1 }], /no product/);
    await expectRefused([{ productId: archived, quantity: 1 }], /"Old lamp" is no longer sold/);
    await expectRefused([{ productId: uncounted, quantity: 1 }], /in stock/);
  });

  it('several currencies', async () => {
    const [euros, dollars] = [await addStock(), await addStock({ currency: 'USD' })];
    const lines = [euros, dollars].map((productId) => ({ productId, quantity: 1 }));
    await expectRefused(lines, /one currency; these are priced in EUR and USD|USD and EUR/);
  });

  it('a total beyond what an Int holds', async () => {
    const productId = await addStock({ price: 10_000_000, onHand: 1000 });
    await expectRefused([{ productId, quantity: 215 }], /2147483647/);
    expect(reasonsOf(await place([{ productId, quantity: 214 }]))).toEqual([]);
  });
});

describe('placeOrder', () => {
  it('refuses numbers that are no Int, and says where', async () => {
    const answer = await place([{ productId: unknownId, quantity: 3_000_000_000 }]);
    expect(answer.status).toBe(400);
    expect(reasonsOf(answer)).toEqual(['input.quantity']);
  });

  itIsForCustomers({
    subgraph: () => subgraph,
    operation: {
      query,
      variables: { items: [{ productId: unknownId, quantity: 1 }], idempotencyKey: 'a' },
    },
    scope: 'orders:write',
  });
});
