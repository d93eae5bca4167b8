import { createDatabase, type Database, inTenant } from '@signet/db';
import { reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';
import { productOrders } from './product-orders.ts';
import { findProductPage, walk } from './products.queries.ts';
import type { ProductSort } from './resolvers.generated.ts';
import { addProduct } from './testing.test-support.ts';

const query = `
  query ($first: Int! = 100, $after: String, $filter: ProductFilter, $sort: ProductSort! = NAME) {
    products(first: $first, after: $after, filter: $filter, sort: $sort) {
      totalCount totalCountIsExact
      pageInfo { hasNextPage endCursor }
      edges { node { name } }
    }
  }`;

let subgraph: TestSubgraph;
let db: Kysely<Database>;
let sent: string[] = [];
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition, { onQuery: (text) => sent.push(text) });
  db = createDatabase(subgraph.database.urlOf('signet_catalog'));
});
afterAll(async () => {
  await db.destroy();
  await subgraph.stop();
});

type Variables = {
  first?: number;
  after?: string | null;
  sort?: ProductSort;
  filter?: { text?: string; category?: string };
};

/** A tenant of its own with these products, and what asks in it. */
async function openShop(names: readonly string[]) {
  const tenantId = await subgraph.database.addTenant(`shop-${crypto.randomUUID().slice(0, 8)}`);
  for (const name of names) await addProduct(subgraph.database, tenantId, { name });
  const caller = await subgraph.addCustomer({ tenantId });
  const ask = (variables: object = {}) => subgraph.ask(query, { ...variables }, caller);
  /** As the index of letters finds it, which small shops are not asked of. */
  const findInIndex = ({ first = 100, after, sort = 'NAME', filter }: Variables) =>
    inTenant(db, tenantId, async (trx) => {
      const order = productOrders[sort];
      const page = { first, after: after ? order.codec.decode(after) : undefined };
      const values = { categoryId: undefined, text: filter?.text?.normalize() };
      const rows = await findProductPage(trx, values, order, page, 0);
      return rows.slice(0, first).map(({ name }) => name);
    });
  const find = async (variables: Variables = {}) => {
    const { body } = await ask(variables);
    const { edges, ...rest } = body.data.products;
    const names = edges.map(({ node }: { node: { name: string } }) => node.name) as string[];
    if (variables.filter?.text !== undefined) expect(await findInIndex(variables)).toEqual(names);
    return { ...rest, names };
  };
  const search = async (text: string) => (await find({ filter: { text } })).names;
  return { tenantId, ask, find, search };
}

describe('products by name', () => {
  const sorted = [
    '10 rugs',
    'äpfel',
    'Äpfel',
    'apple',
    'Apple',
    'banana',
    'Banana',
    'éclair',
    'Öl',
    'zebra',
    'Zebra',
  ];

  it('come in the order that people expect, on a walk too', async () => {
    const { find } = await openShop(sorted.toSorted());
    expect((await find()).names).toEqual(sorted);
    const met: string[] = [];
    let after: string | null = null;
    do {
      const { names, pageInfo } = await find({ first: 2, after });
      met.push(...names);
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after);
    expect(met).toEqual(sorted);
  });

  it('refuse a cursor of the order of code points, which they had before', async () => {
    const { ask } = await openShop(['a']);
    const cursor = ['products:NAME', 'a', '0199c2f4-7a10-7000-8000-000000000001'];
    const after = Buffer.from(JSON.stringify(cursor)).toString('base64url');
    expect(reasonsOf(await ask({ after }))).toEqual(['input.after']);
  });

  it('are categories too', async () => {
    const { tenantId } = await openShop([]);
    for (const category of ['zeta', 'äther', 'Beta', 'alpha']) {
      await subgraph.database.query(
        'insert into catalog.category (tenant_id, slug, name) values ($1, $2, $3)',
        [tenantId, `c-${Buffer.from(category).toString('hex')}`, category],
      );
    }
    const caller = await subgraph.addCustomer({ tenantId });
    const { body } = await subgraph.ask('{ categories { name } }', {}, caller);
    expect(body.data.categories.map(({ name }: { name: string }) => name)).toEqual([
      'alpha',
      'äther',
      'Beta',
      'zeta',
    ]);
  });
});

describe('a search for products', () => {
  it.each([
    ['one letter', 'x', ['Axe', 'Box']],
    ['the last letter', '%', ['Wool 100 %']],
    ['two letters', 'ox', ['Box']],
    ['three letters in the middle of a word', 'oor', ['Floor lamp']],
    ['several words', 'floor LAMP', ['Floor lamp']],
    ['letters in another order', 'amp loor', []],
    ['both spellings of a letter: composed', '\u00c9clair', ['\u00c9clair', '\u00e9clair bis']],
    ['and decomposed', 'E\u0301CLAIR', ['\u00c9clair', '\u00e9clair bis']],
    ['ss for ß', 'GROSSE', ['Große Vase']],
    ['letters of other scripts', 'лАМп', ['Лампа']],
    ['one letter of another script', '灯', ['电灯']],
    ['an apostrophe', "d'o", ["Lit d'or"]],
    ['a backslash', 'a\\b', ['Path a\\b']],
    ['signs of patterns', '_', []],
    ['signs of text queries', 'a:*', []],
    ['more signs of them', "' | 'x", []],
  ])('finds %s', async (_, text, found) => {
    shop ??= openShop(names);
    expect((await (await shop).search(text)).toSorted()).toEqual(found.toSorted());
  });
  const names = [
    'Axe',
    'Box',
    'Floor lamp',
    'Wool 100 %',
    '\u00c9clair',
    '\u00e9clair bis',
    'Große Vase',
    'Лампа',
    '电灯',
    "Lit d'or",
    'Path a\\b',
  ];
  let shop: ReturnType<typeof openShop> | undefined;

  it('looks into SKU and description, and not from one into the other', async () => {
    const { tenantId, search } = await openShop(['Lamp']);
    await subgraph.database.query(
      `update catalog.product set sku = 'L-900', description = 'For dark rooms' where tenant_id = $1`,
      [tenantId],
    );
    for (const text of ['l-9', 'DARK']) expect(await search(text)).toEqual(['Lamp']);
    for (const text of ['lampL-9', '900For']) expect(await search(text)).toEqual([]);
  });

  it('finds what staff have just added, and no longer what they archived', async () => {
    const { tenantId, find, search } = await openShop(['Shelf']);
    const staff = await subgraph.addStaff('operations', { tenantId });
    const input = {
      sku: 'NEW-1',
      name: 'Brandnew',
      category: 'lamps',
      price: { amount: 5, currency: 'EUR' },
    };
    const created = await subgraph.ask(
      'mutation ($input: CreateProductInput!) { createProduct(input: $input) { id } }',
      { input },
      staff,
    );
    expect(await search('andne')).toEqual(['Brandnew']);
    const { id } = created.body.data.createProduct;
    await subgraph.ask(
      'mutation ($input: ChangeProductPriceInput!) { changeProductPrice(input: $input) { id } }',
      { input: { productId: id, amount: 2000 } },
      staff,
    );
    expect((await find({ filter: { text: 'e' }, sort: 'PRICE_DESC' })).names).toEqual(['Brandnew', 'Shelf']);
    await subgraph.ask('mutation ($id: ID!) { archiveProduct(id: $id) { id } }', { id }, staff);
    expect(await search('andne')).toEqual([]);
  });

  it('finds and counts products of the own tenant only', async () => {
    const [one, other] = [await openShop(['Common thing']), await openShop(['Common thing', 'Common too'])];
    expect(await one.find({ filter: { text: 'common' } })).toMatchObject({
      names: ['Common thing'],
      totalCount: 1,
    });
    expect(await other.find({ filter: { text: 'common' } })).toMatchObject({ totalCount: 2 });
  });

  it('asks the index of letters only where the first rows did not show all that there is', async () => {
    const { ask, tenantId } = await openShop(['Lamp', 'Lamp too', 'Rug']);
    sent = [];
    const page = await ask({ filter: { text: 'lamp' } });
    expect(page.body.data.products.edges).toHaveLength(2);
    expect(sent.filter((text) => text.includes('search_text'))).not.toEqual([]);
    expect(sent.filter((text) => text.includes('search_products'))).toEqual([]);
    const order = productOrders.NAME;
    const filter = { categoryId: undefined, text: 'rug' };
    const walks = [1, 3, 4].map((walked) =>
      inTenant(db, tenantId, (trx) =>
        findProductPage(trx, filter, order, { first: 2, after: undefined }, walked),
      ),
    );
    for (const rows of await Promise.all(walks)) expect(rows.map(({ name }) => name)).toEqual(['Rug']);
  });

  it('gives the same pages whether the first products have the text or the last', async () => {
    const all = Array.from(
      { length: 12 },
      (_, index) => `${String.fromCharCode(97 + index)} ${index % 3 ? 'thing' : 'rare'}`,
    );
    const { find } = await openShop(all);
    for (const [text, found] of [
      ['thing', all.filter((name) => name.endsWith('thing'))],
      ['rare', all.filter((name) => name.endsWith('rare'))],
    ] as const) {
      for (const sort of ['NAME', 'PRICE_ASC', 'PRICE_DESC', 'NEWEST'] as const) {
        const met: string[] = [];
        let after: string | null = null;
        do {
          const page = await find({ first: 3, after, sort, filter: { text } });
          met.push(...page.names);
          expect(page.totalCount).toBe(found.length);
          after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
        } while (after);
        expect(met.toSorted()).toEqual(found);
      }
    }
  });
});

describe('a shop of many products', () => {
  let shop: Awaited<ReturnType<typeof openShop>>;
  beforeAll(async () => {
    shop = await openShop(['A lamp']);
    await subgraph.database.query(
      `insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency)
       select tenant_id, category_id, 'S-' || i, 'Rug ' || i, 100, 'EUR' from catalog.product, generate_series(1, 10000) i
       where tenant_id = $1`,
      [shop.tenantId],
    );
    await subgraph.database.query('vacuum analyze catalog.product');
    await subgraph.database.query('vacuum analyze catalog.product_search');
  });

  /** What a search reads by PostgreSQL's own choice, as the role of the subgraph and under row security. */
  const read = (text: string) =>
    inTenant(db, shop.tenantId, async (trx) => {
      const count = async () => {
        const { rows } = await sql<Record<'rows' | 'tables' | 'letters', number>>`
          select sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid))::integer as rows,
            sum(pg_stat_get_xact_numscans(oid)) filter (where relkind = 'r')::integer as tables,
            sum(pg_stat_get_xact_numscans(oid)) filter (where relname = 'product_grams')::integer as letters
          from pg_class where oid in ('catalog.product'::regclass, 'catalog.product_search'::regclass) or oid in (
            select indexrelid from pg_index where indrelid in ('catalog.product'::regclass, 'catalog.product_search'::regclass))`.execute(
          trx,
        );
        return rows[0] ?? { rows: 0, tables: 0, letters: 0 };
      };
      const before = await count();
      const filter = { categoryId: undefined, text };
      const found = await findProductPage(trx, filter, productOrders.NAME, { first: 20, after: undefined });
      const after = await count();
      return {
        names: found.map(({ name }) => name),
        rows: after.rows - before.rows,
        wholeTables: after.tables - before.tables,
        letters: after.letters - before.letters,
      };
    });

  it('is searched in the index of letters for a text that few have, after a look at the first rows', async () => {
    for (const [text, names] of [
      ['rug 9876', ['Rug 9876']],
      ['carpet', []],
    ] as const) {
      const { rows, ...others } = await read(text);
      expect(others).toEqual({ names, wholeTables: 0, letters: 1 });
      // Of the first 500 an entry and the row, which counts for both, and an entry once more to see that there are so many.
      expect(rows).toBeLessThan(2500);
    }
  });

  it('is searched in its order for a text that is rare on the first rows, and that many have', async () => {
    const { names, rows, ...others } = await read('77');
    expect(names).toHaveLength(21);
    expect(others).toEqual({ wholeTables: 0, letters: 0 });
    expect(rows).toBeLessThan(9000);
  });

  it('is counted up to 10,000, and says so', async () => {
    const { tenantId, find } = shop;
    const count = async (filter: NonNullable<Variables['filter']>) => {
      const { totalCount, totalCountIsExact } = await find({ first: 1, filter });
      return [totalCount, totalCountIsExact];
    };
    expect(await count({})).toEqual([10_000, false]);
    expect(await count({ text: 'rug' })).toEqual([10_000, true]);
    expect(await count({ text: 'a' })).toEqual([1, true]);
    expect(await count({ text: 'g' })).toEqual([10_000, true]);
    expect(await count({ category: 'nowhere' })).toEqual([0, true]);
    await subgraph.database.query(
      `update catalog.product set name = 'Rug' where name = 'A lamp' and tenant_id = $1`,
      [tenantId],
    );
    expect(await count({ text: 'rug' })).toEqual([10_000, false]);
  });
});

describe('statements, as the role of the subgraph', () => {
  beforeAll(async () => {
    await subgraph.database.query(
      `with category as (
         insert into catalog.category (tenant_id, slug, name) select $1, 'plan-' || i, 'Plan' from generate_series(1, 20) i returning id
       )
       insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency)
       select $1, id, 'P-' || id || i, 'Thing ' || i, i, 'EUR' from category, generate_series(1, 100) i`,
      [subgraph.tenants.demo],
    );
    await subgraph.database.query('analyze catalog.product, catalog.product_search');
  });

  /** Without scans and sorts of whole tables, unless there is no other way. */
  const inPlan = <T>(fn: Parameters<typeof inTenant<Database, T>>[2]) =>
    inTenant(db, subgraph.tenants.demo, async (trx) => {
      await sql`set local enable_seqscan = off; set local enable_sort = off; set local enable_bitmapscan = off`.execute(
        trx,
      );
      return fn(trx);
    });
  const keys = { NAME: 'Thing 5', PRICE_ASC: 50, PRICE_DESC: 50, NEWEST: 4e15 };
  const id = '0199c2f4-7a10-7000-8000-000000000001';

  it.each(
    Object.keys(productOrders).flatMap((sort) => [
      [sort, 'of the shop', {}] as const,
      [sort, 'of a category by its id', { categoryId: id }] as const,
      [sort, 'of a category by its slug', { categorySlug: 'plan-7' }] as const,
    ]),
  )('read a page by %s %s from its index, without a sort', async (sort, _, category) => {
    const isOfCategory = Object.keys(category).length > 0;
    const order = productOrders[sort as keyof typeof productOrders];
    const page = { first: 20, after: { id, key: keys[sort as keyof typeof keys] } };
    const statement = walk({ categoryId: undefined, ...category, text: undefined }, order, page, 21);
    const plan = await inPlan(async (trx) => {
      const { rows } = await sql<{ 'QUERY PLAN': string }>`explain (costs off) ${statement}`.execute(trx);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).toMatch(/Index (Only )?Scan (Backward )?using product_(of_category_)?by_/);
    expect(plan).not.toMatch(/Sort|Seq Scan/);
    // The cursor is where the index is entered, not a filter of what it gives.
    expect(plan).toMatch(/Index Cond: .*ROW\(/);
    expect(plan.includes('product_of_category_by_')).toBe(isOfCategory);
    expect(/Index Cond: .*\(category_id = /.test(plan)).toBe(isOfCategory);
  });

  it('search in the index of letters, although row security hides from PostgreSQL what compares', async () => {
    await addProduct(subgraph.database, subgraph.tenants.demo, { name: 'Findable' });
    const scans = await inTenant(db, subgraph.tenants.demo, async (trx) => {
      await sql`set local enable_seqscan = off`.execute(trx);
      // What the connection counted in earlier transactions is reported once a second.
      const countScans = async () => {
        const { rows: counted } = await sql<{ scans: number }>`
          select pg_stat_get_xact_numscans('catalog.product_grams'::regclass)::integer as scans`.execute(trx);
        return counted[0]?.scans ?? 0;
      };
      const before = await countScans();
      const { rows } = await sql<{
        name: string;
      }>`select name from catalog.search_products('INDAB', null, null)`.execute(trx);
      expect(rows).toEqual([{ name: 'Findable' }]);
      return (await countScans()) - before;
    });
    expect(scans).toBe(1);
  });
});
