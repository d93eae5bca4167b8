import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../../../launcher/src/platform.test-support.ts';

// The largest page of a customer's orders: what the limits let through must be answered, whatever it becomes on its way.

let platform: TestPlatform;
let token: string;
beforeAll(async () => {
  platform = await startTestPlatform({ LIMIT_COST: '20000' });
  await platform.home.database.query(`
    with customer as (select u.id, tenant_id from auth.user u join auth.tenant t on t.id = tenant_id where email = 'ada@example.com' and slug = 'demo'),
    category as (select id, tenant_id from catalog.category where tenant_id = (select tenant_id from customer) limit 1),
    product as (
      insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency)
      select tenant_id, id, 'LARGE-' || i, 'Large ' || i, 100, 'EUR' from category, generate_series(1, 4000) i
      returning id, tenant_id, substr(name, 7)::integer as number
    ), placed as (
      insert into orders.order (tenant_id, user_id, total_amount, currency, placed_at)
      select tenant_id, id, i, 'EUR', now() + i * interval '1 minute' from customer, generate_series(1, 80) i
      returning id, tenant_id, total_amount as number
    )
    insert into orders.order_item (tenant_id, order_id, position, product_id, quantity, unit_price_amount)
    select placed.tenant_id, placed.id, 1 + product.number % 50, product.id, 1, 100
    from placed join product on (product.number - 1) / 50 = placed.number - 1`);
  token = await platform.signIn('user', 'ada@example.com');
});
afterAll(() => platform?.stop());

const ask = (first: number) =>
  platform.ask(
    `query ($first: Int!) { myOrders(first: $first) { edges { node { items { product { name stock { available } } } } } } }`,
    { variables: { first }, token, entrance: 'user' },
  );

test('80 orders of 50 items are answered with the product and the stock of each', async () => {
  const { status, body } = await ask(80);
  expect(body.errors).toBeUndefined();
  expect(status).toBe(200);
  type Item = { product: { name: string; stock: { available: number } } };
  const items: Item[] = body.data.myOrders.edges.flatMap(
    ({ node }: { node: { items: Item[] } }) => node.items,
  );
  expect(items).toHaveLength(4000);
  expect(new Set(items.map(({ product }) => product.name)).size).toBe(4000);
  expect(items.every(({ product }) => product.stock.available === 0)).toBe(true);
});
