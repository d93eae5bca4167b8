import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { postGraphql } from '@signet/testing';
import { expect } from 'vitest';
import type { Caller, LoadContext, LoadPart } from '../../../deploy/chaos/mixed-load.test-support.ts';

type Product = { id: string; name: string };
type PlacedOrder = { key: string; email: string; productId: string; quantity: number; id?: string };

const shelves = 100_000;
const readMine = `{ me { email }
  myOrders(first: 10) { edges { node { id items { quantity product { id name stock { available } } } } } } }`;
const placeOrder =
  'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { id items { quantity } } }';

/** Customers who read their orders and place new ones. In the end none is lost or there twice, and the stock adds up. */
export async function createOrderLoad({ load, database }: LoadContext): Promise<LoadPart> {
  const products = await addProducts(database);
  const placedOrders: PlacedOrder[] = [];
  /** Orders that a customer was shown, by e-mail address. */
  const shown = new Map<string, Set<string>>();

  async function readOwn(customer: Caller): Promise<boolean> {
    const answer = await load.ask(customer, readMine);
    if (!answer) return false;
    const { me, myOrders } = answer.body.data ?? {};
    if (me && me.email !== customer.email) load.wrong.push(`${customer.email} is shown ${me.email}`);
    const ids = shown.get(customer.email) ?? new Set();
    shown.set(customer.email, ids);
    const isComplete = load.judge(answer, Boolean(me && myOrders));
    for (const { node } of myOrders?.edges ?? []) {
      ids.add(node.id);
      for (const { quantity, product } of node.items ?? []) {
        const known = products.find(({ id }) => id === product?.id);
        if (product?.name && product.name !== known?.name) load.wrong.push(`a product is ${product.name}`);
        if (isComplete && !(quantity > 0 && product?.name && product.stock)) load.wrong.push('a gap unsaid');
      }
    }
    return isComplete;
  }

  /** Sends one order until it is confirmed, then now and then once more: it must stay one. True when at once. */
  async function order(customer: Caller): Promise<boolean> {
    const product = products[Math.floor(Math.random() * products.length)] as Product;
    const quantity = 1 + Math.floor(Math.random() * 3);
    const placed: PlacedOrder = { key: randomUUID(), email: customer.email, productId: product.id, quantity };
    placedOrders.push(placed);
    const input = { items: [{ productId: product.id, quantity }], idempotencyKey: placed.key };
    let tries = 0;
    for (let again = Math.random() < 0.2 ? 2 : 1; again > 0 && !load.isAbandoned; tries += 1) {
      const answer = await load.ask(customer, placeOrder, { input });
      const given = answer?.body.data?.placeOrder;
      if (answer) load.judge(answer, Boolean(given));
      if (!given) {
        await sleep(150);
        continue;
      }
      if (placed.id !== undefined && placed.id !== given.id) load.wrong.push('one key gave two orders');
      if (given.items[0]?.quantity !== quantity) load.wrong.push('an order has another quantity');
      placed.id = given.id;
      again -= 1;
    }
    if (tries > 2) load.counts.retried += 1;
    return tries <= 2;
  }

  return {
    stepsOf: (customer) => [() => readOwn(customer), () => order(customer)],
    whileAway: { name: 'catalog', check: checkWithoutCatalog },
    async check() {
      const rows = await database.query<{ id: string; key: string; email: string }>(
        `select o.id, k.key, u.email::text from orders.order o join auth.user u on u.id = o.user_id
         left join orders.idempotency_key k on k.order_id = o.id`,
      );
      const told = placedOrders.map(({ id, key, email }) => ({ id, key, email }));
      const byKey = (a: { key: string }, b: { key: string }) => a.key.localeCompare(b.key);
      expect(rows.sort(byKey)).toEqual(told.sort(byKey));
      for (const [email, ids] of shown) {
        const own = new Set(rows.filter((row) => row.email === email).map(({ id }) => id));
        expect([...ids].filter((id) => !own.has(id))).toEqual([]);
      }
      const stock = await database.query<{ product_id: string; reserved: number; on_hand: number }>(
        'select product_id, reserved, on_hand from inventory.stock',
      );
      for (const { product_id, reserved, on_hand } of stock) {
        const ordered = placedOrders.filter(({ productId }) => productId === product_id);
        const quantity = ordered.reduce((sum, each) => sum + each.quantity, 0);
        expect([on_hand, reserved]).toEqual([shelves, quantity]);
      }
    },
  };
}

/** Customers see their orders all the same, and an error says what is missing. */
async function checkWithoutCatalog(customer: Caller): Promise<void> {
  const query = '{ me { email } myOrders(first: 1) { edges { node { id items { product { name } } } } } }';
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => postGraphql(`${customer.url}/graphql`, { query }, customer)),
  );
  for (const { status, body } of answers) {
    const [{ node }] = body.data.myOrders.edges;
    expect([status, body.data.me.email, node.id]).toEqual([200, customer.email, expect.any(String)]);
    expect(node.items[0]).toEqual({ product: null });
    expect(body.errors).toEqual([
      {
        message: expect.any(String),
        path: ['myOrders', 'edges'],
        extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'service.unavailable' },
      },
    ]);
  }
}

function addProducts(database: LoadContext['database']): Promise<Product[]> {
  return database.query<Product>(
    `with category as (
       insert into catalog.category (tenant_id, slug, name) select id, 'lamps', 'Lamps' from auth.tenant
       returning tenant_id, id
     ), product as (
       insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency)
       select tenant_id, id, 'lamp-' || number, 'Lamp ' || number, 100, 'EUR' from category, generate_series(1, 3) number
       returning tenant_id, id, name
     ), stock as (
       insert into inventory.stock (tenant_id, product_id, on_hand) select tenant_id, id, $1 from product
     )
     select id, name from product`,
    [shelves],
  );
}
