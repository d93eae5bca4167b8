import { type Kysely, sql } from 'kysely';

type IndexRow = { name: string; definition: string };

/**
 * Fills the catalog by SQL, as the admin: `count` products, nine of ten of the tenant `demo`, in fifty categories. Indexes are built
 * after the rows, which takes a tenth of the time. Returns the tenant's id.
 */
export async function addManyProducts(db: Kysely<unknown>, count: number): Promise<string> {
  await sql`insert into auth.tenant (slug, name) values ('demo', 'Demo'), ('other', 'Other')`.execute(db);
  await sql`
    insert into catalog.category (tenant_id, slug, name)
    select id, 'category-' || number, 'Category ' || number from auth.tenant, generate_series(1, 50) number`.execute(
    db,
  );
  const { rows: indexes } = await sql<IndexRow>`
    select c.relname as name, pg_get_indexdef(indexrelid) as definition
    from pg_index join pg_class c on c.oid = indexrelid
    where indrelid in ('catalog.product'::regclass, 'catalog.product_search'::regclass) and not indisunique`.execute(
    db,
  );
  for (const { name } of indexes) await sql`drop index ${sql.ref(`catalog.${name}`)}`.execute(db);
  await sql`alter table catalog.product disable trigger copy_for_search`.execute(db);
  await sql`
    insert into catalog.product (tenant_id, category_id, sku, name, description, price_amount, currency, created_at)
    select tenant.id, categories.ids[1 + random[1] % 50], 'SKU-' || lpad(i::text, 8, '0'),
      makers.names[1 + random[2] % 10] || ' ' || materials.names[1 + random[3] % 12] || ' '
        || things.names[1 + random[4] % 14] || ' ' || i,
      'Made by hand from ' || materials.names[1 + random[5] % 12] || ', number ' || md5(i::text) || '.',
      100 + random[6] % 100000, 'EUR', timestamptz '2025-01-01' + (random[7] % 1000000) * interval '30 seconds'
    from generate_series(1, ${count}::integer) i
    -- The same in each run.
    cross join lateral (select array(select hashint4((i # (salt << 24))) & 1073741823 from generate_series(1, 7) salt) as random) random
    join auth.tenant on slug = case when i % 10 = 0 then 'other' else 'demo' end
    join (select tenant_id, array_agg(id) as ids from catalog.category group by 1) categories on tenant_id = tenant.id,
      (values (array['Aurora', 'Borealis', 'Ceres', 'Dione', 'Elm & Oak', 'Fjord', 'Größe', 'Hestia', 'Ikaros', 'Zenit'])) makers (names),
      (values (array['brass', 'copper', 'oak', 'linen', 'glass', 'steel', 'felt', 'cork', 'wool', 'marble', 'walnut', 'rattan'])) materials (names),
      (values (array['floor lamp', 'desk lamp', 'rug', 'vase', 'teapot', 'chair', 'shelf', 'mirror', 'kettle', 'blanket', 'clock', 'stool',
        'Äpfelschale', '电灯'])) things (names)`.execute(db);
  await sql`
    insert into catalog.product_search
    select id, tenant_id, category_id, name, price_amount, created_at, search_text from catalog.product`.execute(
    db,
  );
  await sql`alter table catalog.product enable trigger copy_for_search`.execute(db);
  await db.connection().execute(async (connection) => {
    await sql`set maintenance_work_mem = '512MB'`.execute(connection);
    for (const { definition } of indexes) await sql.raw(definition).execute(connection);
  });
  await sql`vacuum analyze catalog.product, catalog.product_search`.execute(db);
  const { rows } = await sql<{ id: string }>`select id from auth.tenant where slug = 'demo'`.execute(db);
  return (rows[0] as { id: string }).id;
}
