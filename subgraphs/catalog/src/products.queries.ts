import { type Database, defineQuery, type Query } from '@signet/db';
import { maxTotalCount, type TotalCount, toTotalCount } from '@signet/subgraph';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import {
  findProducts,
  type ListedProductRow,
  type ProductRow,
  selectCategoryId,
  selectListed,
  selectProducts,
} from './product.queries.ts';
import type { ProductOrder, ProductPage, SortKey } from './product-orders.ts';

/** A category by its id or by its slug. */
export type ProductFilterValues = {
  categoryId?: string | undefined;
  categorySlug?: string | undefined;
  text: string | undefined;
};

/** A value, or its place in a statement (`defineQuery`). */
type OrPlace<T> = T | RawBuilder<T>;
type Filter = {
  [Name in keyof ProductFilterValues]: OrPlace<NonNullable<ProductFilterValues[Name]>> | undefined;
};
type After = { key: OrPlace<SortKey>; id: OrPlace<string> } | undefined;

/**
 * The index of letters brings all products that have a text, to be sorted: right for a text that few have, expensive for one that many have.
 * Those are on the first rows. So a search reads some rows of the order: they fill the page, or tell how rare the text is, and so
 * whether to read on or to ask the index. By name, texts stand together, so the first rows may tell too little: the index is asked for
 * some matches only, and where there are more, the search reads on too. What many have, and all of them stand far behind in the order, is
 * brought and sorted: at worst until the statement's time is over.
 */
const firstRows = 500;
/** A search reads on, up to so many times the first rows, where half of that is likely to fill the page. */
const readOnTimes = 20;
/** With more matches, a page is likely on fewer rows than these are. */
const fewMatches = 3000;
/** Of the first rows, from which on counting goes on in the rows: these reach `maxTotalCount` before the index has found all. */
const denseShare = 0.25;

/** `isListed`: the rows may be without what a list seldom shows. */
type AskedPage = ProductPage & { isListed?: boolean };

/**
 * Products on sale from `page.after` on. Where there is a next page, the result has one row more than this page.
 *
 * @param walked how many rows a search reads before it asks the index of letters.
 */
export async function findProductPage(
  trx: Transaction<Database>,
  filter: ProductFilterValues,
  order: ProductOrder,
  page: AskedPage,
  walked = firstRows,
): Promise<ListedProductRow[]> {
  const limit = page.first + 1;
  const { text } = filter;
  if (text === undefined) return findPlainPage(trx, filter, order, page);
  const readFirst = (most: number) =>
    selectRows(
      trx,
      order,
      sql`select id from (${walk(filter, order, page, most)}) walked where ${holds(text)} limit ${limit}`,
    ).execute();
  const near = await readFirst(walked);
  if (near.length === limit) return near;
  // Where the walk met the end, it has seen all that there is.
  const read = await countRows(trx, walk(filter, order, page, walked));
  if (read < walked) return near;
  if (near.length * readOnTimes < 2 * limit) {
    const rows = await searchFew(trx, filter, text, order, page);
    if (rows) return rows;
  }
  const further = await readFirst(walked * readOnTimes);
  if (further.length === limit) return further;
  return selectRows(trx, order, search(filter, text, order, page)).execute();
}

/** From the index of letters; undefined where more than `fewMatches` have the text. */
async function searchFew(
  trx: Transaction<Database>,
  filter: ProductFilterValues,
  text: string,
  order: ProductOrder,
  page: ProductPage,
): Promise<ProductRow[] | undefined> {
  const { rows } = await sql<{ matches: number; ids: string[] }>`
    with found as materialized (select * from ${matches(filter, text, fewMatches + 1)})
    select (select count(*) from found) as matches, array(
      select id from found where (select count(*) from found) <= ${fewMatches} ${after(order, page.after)} ${orderBy(order)}
      limit ${page.first + 1}) as ids`.execute(trx);
  const { matches: count, ids } = rows[0] ?? { matches: 0, ids: [] };
  if (count > fewMatches) return undefined;
  const byId = new Map((await findProducts(trx, ids)).map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/**
 * The schema's default, and so the size of most pages. Its statement has the number in its text: of a limit that is a parameter, PostgreSQL
 * expects a tenth of the table, keeps no plan for that, and plans each page anew, for three times what it takes to read it.
 */
const usualPage = 20;

type PageValues = Omit<ProductFilterValues, 'text'> & { limit: number; key?: SortKey; id?: string };
/** By order, and by what a page has: a category, a place to begin, all columns. */
const plainPages = new Map<ProductOrder, Map<string, Query<PageValues, ListedProductRow>>>();

function findPlainPage(
  trx: Transaction<Database>,
  { categoryId, categorySlug }: ProductFilterValues,
  order: ProductOrder,
  { first, after, isListed = false }: AskedPage,
): Promise<ListedProductRow[]> {
  const ofOrder = plainPages.get(order) ?? new Map<string, Query<PageValues, ListedProductRow>>();
  plainPages.set(order, ofOrder);
  const limit = first + 1;
  const isUsual = first === usualPage;
  const shape = [
    categoryId !== undefined,
    categorySlug !== undefined,
    after !== undefined,
    isUsual,
    isListed,
  ].join();
  let query = ofOrder.get(shape);
  if (!query) {
    query = defineQuery<PageValues, ListedProductRow>((db, value) => {
      const filter = {
        categoryId: categoryId === undefined ? undefined : (value('categoryId') as RawBuilder<string>),
        categorySlug: categorySlug === undefined ? undefined : (value('categorySlug') as RawBuilder<string>),
        text: undefined,
      };
      const key = value('key') as RawBuilder<SortKey>;
      const page = { after: after && { key, id: value('id') as RawBuilder<string> } };
      const rows = walk(filter, order, page, isUsual ? sql.lit(limit) : value('limit'), sql`*`);
      const source = sql`(${rows})`;
      return inOrder(isListed ? selectListed(db, source) : selectProducts(db, source), order);
    });
    ofOrder.set(shape, query);
  }
  return query(trx, { categoryId, categorySlug, limit, ...after });
}

/** How many products the filter finds, up to `maxTotalCount`. */
export async function countProducts(
  trx: Transaction<Database>,
  filter: ProductFilterValues,
): Promise<TotalCount> {
  const { text } = filter;
  if (text === undefined) {
    return toTotalCount(await countRows(trx, sql`${onSale(filter)} limit ${maxTotalCount + 1}`));
  }
  const { found, read } = await countFirst(trx, filter, text);
  if (read < firstRows) return toTotalCount(found);
  const isDense = found >= firstRows * denseShare;
  const all = isDense
    ? sql`${onSale(filter)} and ${holds(text)} limit ${maxTotalCount + 1}`
    : sql`select from ${matches(filter, text, maxTotalCount + 1)}`;
  return toTotalCount(await countRows(trx, all));
}

/** Products in their order, from the index of the order: it reads no more of them than `limit`. */
export function walk(
  filter: Filter,
  order: ProductOrder,
  page: { after: After },
  limit: OrPlace<number>,
  columns = searchColumns,
) {
  return sql`${onSale(filter, columns)} ${after(order, page.after)} ${orderBy(order)} limit ${limit}`;
}

/** Ids of products that have the text, from the index of letters. */
function search(filter: ProductFilterValues, text: string, order: ProductOrder, page: ProductPage) {
  return sql`
    select id from ${matches(filter, text, null)} where true ${after(order, page.after)} ${orderBy(order)}
    limit ${page.first + 1}`;
}

const searchColumns = sql`id, search_text`;

function onSale(filter: Filter, columns = searchColumns): RawBuilder<unknown> {
  const categoryId = categoryOf(filter);
  const inCategory = categoryId === undefined ? sql`` : sql`and category_id = ${categoryId}`;
  return sql`select ${columns} from catalog.product where archived_at is null ${inCategory}`;
}

function matches(filter: Filter, text: string, limit: number | null): RawBuilder<unknown> {
  return sql`catalog.search_products(${text}, ${categoryOf(filter) ?? null}, ${limit}) found`;
}

function categoryOf({ categoryId, categorySlug }: Filter): OrPlace<string> | undefined {
  return categorySlug === undefined ? categoryId : selectCategoryId(categorySlug);
}

function holds(text: string): RawBuilder<boolean> {
  return sql<boolean>`strpos(search_text, (select catalog.fold(${text}))) > 0`;
}

function after({ column, direction, toColumn }: ProductOrder, position: After): RawBuilder<unknown> {
  if (!position) return sql``;
  const comparison = sql.raw(direction === 'asc' ? '>' : '<');
  return sql`and (${column}, id) ${comparison} (${toColumn(position.key)}, ${position.id})`;
}

function orderBy({ column, direction }: ProductOrder): RawBuilder<unknown> {
  const to = sql.raw(direction);
  return sql`order by ${column} ${to}, id ${to}`;
}

/** The rows of the ids, in the order again. */
function selectRows(trx: Kysely<Database>, order: ProductOrder, ids: RawBuilder<unknown>) {
  return inOrder(
    selectProducts(trx).where(sql<boolean>`product.id in (select id from (${ids}) page)`),
    order,
  );
}

function inOrder(rows: ReturnType<typeof selectListed>, { column, direction }: ProductOrder) {
  return rows.orderBy(sql`product.${column}`, direction).orderBy('product.id', direction);
}

async function countRows(trx: Transaction<Database>, rows: RawBuilder<unknown>): Promise<number> {
  const { rows: counted } = await sql<{ count: number }>`select count(*) from (${rows}) found`.execute(trx);
  return counted[0]?.count ?? 0;
}

/** How many of the first rows have the text, in any order, and how many rows that were. */
async function countFirst(
  trx: Transaction<Database>,
  filter: ProductFilterValues,
  text: string,
): Promise<{ found: number; read: number }> {
  const { rows } = await sql<{ found: number; read: number }>`
    select count(*) filter (where ${holds(text)}) as found, count(*) as read
    from (${onSale(filter)} limit ${firstRows}) first`.execute(trx);
  return rows[0] ?? { found: 0, read: 0 };
}
