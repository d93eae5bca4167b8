import type pg from 'pg';

/** A million products and customers and ten million orders at a scale of 1. */
export type Scale = { products: number; customers: number; orders: number };

export function scaleOf(scale: number): Scale {
  return { products: 1_000_000 * scale, customers: 1_000_000 * scale, orders: 10_000_000 * scale };
}

/** Ids that ascend and that a number gives: rows of one table find those of another without a join. */
const idOf = (kind: number, number: string) =>
  `('0199000${kind}-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;
const product = 1;
const customer = 2;
const order = 3;
/** So many rows a statement: what is done is seen. */
const chunk = 250_000;

const pick = (list: string, seed: string) =>
  `(${list})[1 + (hashint8(${seed}) & 1073741823) % cardinality(${list})]`;
const listOf = (words: string) =>
  `array[${words
    .split(' ')
    .map((word) => `'${word}'`)
    .join(', ')}]`;
const firstNames = listOf(
  'Ada Aiko Amara Anton Beatriz Bruno Carla Chidi Daria Dmitri Elena Emeka Farah Felix Greta Hana Hugo Ines Ivan Jonas Kaya Lena Liam Maja Mateo Mina Noah Nora Omar Petra Quinn Rosa Sami Sofia Tariq Uma Vera Wanda Yusuf Zoe',
);
const lastNames = listOf(
  'Abebe Almeida Andersson Bakker Becker Costa Dubois Eriksen Fischer Garcia Haddad Horvat Ito Jansen Kaya Keller Kowalski Larsen Lehmann Lopez Martin Meyer Moreau Nakamura Novak Okafor Petrov Ricci Rossi Santos Schmidt Silva Suzuki Tanaka Vogel Weber Wójcik Yilmaz Zhang Zimmer',
);
const makers = listOf('Aurora Borealis Ceres Dione Fjord Größe Hestia Ikaros Juno Zenit');
const materials = listOf('brass copper oak linen glass steel felt cork wool marble walnut rattan');
const things = listOf('lamp rug vase teapot chair shelf mirror kettle blanket clock stool bowl tray bench');

/**
 * Adds them to the tenant by SQL, as the admin, without triggers: rows are written in the order of their ids, and indexes that no key needs
 * are built afterwards. The customer `ownerId` gets 1,000 of the orders. Returns the seconds that each part took.
 */
export async function fillShop(
  client: pg.Client,
  tenantId: string,
  { products, customers, orders, ownerId }: Scale & { ownerId: string },
): Promise<Record<string, number>> {
  const seconds: Record<string, number> = {};
  const part = async (name: string, fn: () => Promise<unknown>) => {
    const start = performance.now();
    await fn();
    seconds[name] = Math.round((performance.now() - start) / 1000);
    console.log(`${name}: ${seconds[name]} s`);
  };
  const inChunks = async (count: number, statement: string) => {
    for (let from = 1; from <= count; from += chunk) {
      await client.query(
        statement.replaceAll('$numbers', `generate_series(${from}, ${Math.min(count, from + chunk - 1)}) i`),
      );
    }
  };
  // The rows are right as they are made: no foreign key has to be looked at, no trigger has to run.
  await client.query(`set session_replication_role = replica; set synchronous_commit = off;
    set maintenance_work_mem = '1GB'; set statement_timeout = 0`);
  const indexes = await dropIndexes(client);
  // The trigger that makes customers searchable does not run either: auth's housekeeping begins anew.
  await client.query(`update auth.user_search_progress set last_id = '00000000-0000-0000-0000-000000000000'`);
  const tenant = `'${tenantId}'::uuid`;
  await part('customers', () =>
    inChunks(
      customers,
      `insert into auth.user (id, tenant_id, email, email_verified, full_name, password_hash, pepper_id, created_at)
       select ${idOf(customer, 'i')}, ${tenant}, lower(normalize(first, nfkc)) || '.' || lower(last) || i || '@example.net', true,
         first || ' ' || last, '-', '-', now() - i * interval '30 seconds'
       from (select i, ${pick(firstNames, 'i * 7')} as first, ${pick(lastNames, 'i * 13')} as last from $numbers) named`,
    ),
  );
  await part('products', async () => {
    await inChunks(
      products,
      `insert into catalog.product (id, tenant_id, category_id, sku, name, description, price_amount, currency, created_at)
       select ${idOf(product, 'i')}, ${tenant}, categories.ids[1 + (hashint8(i * 3) & 1073741823) % cardinality(ids)],
         'BIG-' || lpad(i::text, 8, '0'),
         ${pick(makers, 'i * 5')} || ' ' || ${pick(materials, 'i * 11')} || ' ' || ${pick(things, 'i * 17')} || ' ' || i,
         'Made by hand from ' || ${pick(materials, 'i * 19')} || ', number ' || md5(i::text) || '.',
         100 + (hashint8(i * 23) & 1073741823) % 100000, 'EUR', now() - i * interval '30 seconds'
       from $numbers, (select array_agg(id order by id) as ids from catalog.category where tenant_id = ${tenant}) categories`,
    );
    await client.query(`insert into catalog.product_search
      select id, tenant_id, category_id, name, price_amount, created_at, search_text from catalog.product
      where id >= ${idOf(product, '0')} and id < ${idOf(customer, '0')}`);
  });
  await part('stock', () =>
    inChunks(
      products,
      `insert into inventory.stock (product_id, tenant_id, on_hand)
       select ${idOf(product, 'i')}, ${tenant}, (hashint8(i * 29) & 1073741823) % 500 from $numbers`,
    ),
  );
  const placedAt = `now() - (${orders} - i) * interval '10 seconds'`;
  await part('orders', () =>
    inChunks(
      orders,
      `insert into orders.order (id, tenant_id, user_id, status, total_amount, currency, placed_at, shipped_at, cancelled_at, reserved_until)
       select ${idOf(order, 'i')}, ${tenant},
         case when i % ${Math.max(1, orders / 1000)} = 0 then '${ownerId}'::uuid else ${idOf(customer, `1 + (hashint8(i * 31) & 1073741823) % ${customers}`)} end,
         status, 1000 + i % 9000, 'EUR', ${placedAt}, case status when 'shipped' then ${placedAt} end,
         case status when 'cancelled' then ${placedAt} end, now() + interval '30 days'
       from (select i, case when i % 50 = 0 then 'placed' when i % 17 = 0 then 'cancelled' else 'shipped' end as status from $numbers) states`,
    ),
  );
  await part('order items', () =>
    inChunks(
      orders,
      `insert into orders.order_item (tenant_id, order_id, position, product_id, quantity, unit_price_amount)
       select ${tenant}, ${idOf(order, 'i')}, 1, ${idOf(product, `1 + (hashint8(i * 37) & 1073741823) % ${products}`)}, 1, 1000 + i % 9000
       from $numbers`,
    ),
  );
  for (const { name, definition } of indexes) await part(`index ${name}`, () => client.query(definition));
  await part('vacuum analyze', () =>
    client.query(
      'vacuum analyze auth.user, catalog.product, catalog.product_search, inventory.stock, orders.order, orders.order_item',
    ),
  );
  await client.query('checkpoint');
  return seconds;
}

type Index = { name: string; definition: string };

async function dropIndexes(client: pg.Client): Promise<Index[]> {
  const { rows } = await client.query<Index & { schema: string }>(
    `select n.nspname as schema, c.relname as name, pg_get_indexdef(indexrelid) as definition
     from pg_index join pg_class c on c.oid = indexrelid join pg_namespace n on n.oid = c.relnamespace
     where not indisunique and indrelid in ('auth.user'::regclass, 'catalog.product'::regclass, 'catalog.product_search'::regclass,
       'inventory.stock'::regclass, 'orders.order'::regclass, 'orders.order_item'::regclass)`,
  );
  for (const { schema, name } of rows) await client.query(`drop index ${schema}.${name}`);
  return rows;
}
