import type { Database } from '@signet/db';
import { maxTotalCount, type TotalCount, toTotalCount } from '@signet/subgraph';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { type ProductRow, selectProducts } from './product.queries.ts';
import type { ProductOrder, ProductPage } from './product-orders.ts';

/** `categoryId`: a value, or what finds it (`selectCategoryId`). */
export type ProductFilterValues = {
  categoryId: string | RawBuilder<string> | undefined;
  text: string | undefined;
};

/**
 * A text that many products have is mostly on one of the first of them, and the index of letters would bring all. A text that few have
 * is not, and the index finds it at once. So the first rows are read, and only then is the index asked. What many have, and all of them
 * stand far behind in the order, is brought and sorted: at worst until the statement's time is over.
 */
const firstRows = maxTotalCount;
/** Of the first rows, from which on counting goes on in the rows: these reach `maxTotalCount` before the index has found all. */
const denseShare = 0.1;

/**
 * Products on sale from `page.after` on. Where there is a next page, the result has one row more than this page.
 *
 * @param walked how many rows a search reads before it asks the index of letters.
 */
export async function findProductPage(
  trx: Transaction<Database>,
  filter: ProductFilterValues,
  order: ProductOrder,
  page: ProductPage,
  walked = firstRows,
): Promise<ProductRow[]> {
  const limit = page.first + 1;
  if (filter.text === undefined) return readRows(trx, order, walk(filter, order, page, limit));
  const near = sql`
    select id from (${walk(filter, order, page, walked)}) walked
    where ${holds(filter.text)} limit ${limit}`;
  const rows = await readRows(trx, order, near);
  if (rows.length === limit) return rows;
  // Where the walk met the end, it has seen all that there is.
  const read = await countRows(trx, walk(filter, order, page, walked));
  return read < walked ? rows : readRows(trx, order, search(filter, filter.text, order, page));
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

/** Ids of products in their order, from the index of the order: it reads no more of them than `limit`. */
export function walk(filter: ProductFilterValues, order: ProductOrder, page: ProductPage, limit: number) {
  return sql`${onSale(filter)} ${after(order, page)} ${orderBy(order)} limit ${limit}`;
}

/** Ids of products that have the text, from the index of letters. */
function search(filter: ProductFilterValues, text: string, order: ProductOrder, page: ProductPage) {
  return sql`
    select id from ${matches(filter, text, null)} where true ${after(order, page)} ${orderBy(order)}
    limit ${page.first + 1}`;
}

function onSale({ categoryId }: ProductFilterValues): RawBuilder<unknown> {
  const inCategory = categoryId === undefined ? sql`` : sql`and category_id = ${categoryId}`;
  return sql`select id, search_text from catalog.product where archived_at is null ${inCategory}`;
}

function matches(
  { categoryId }: ProductFilterValues,
  text: string,
  limit: number | null,
): RawBuilder<unknown> {
  return sql`catalog.search_products(${text}, ${categoryId ?? null}, ${limit}) found`;
}

function holds(text: string): RawBuilder<boolean> {
  return sql<boolean>`strpos(search_text, (select catalog.fold(${text}))) > 0`;
}

function after({ column, direction, toColumn }: ProductOrder, page: ProductPage): RawBuilder<unknown> {
  if (!page.after) return sql``;
  const comparison = sql.raw(direction === 'asc' ? '>' : '<');
  return sql`and (${column}, id) ${comparison} (${toColumn(page.after.key)}, ${page.after.id})`;
}

function orderBy({ column, direction }: ProductOrder): RawBuilder<unknown> {
  const to = sql.raw(direction);
  return sql`order by ${column} ${to}, id ${to}`;
}

/** The rows of the ids, in the order again. */
function readRows(
  trx: Transaction<Database>,
  { column, direction }: ProductOrder,
  ids: RawBuilder<unknown>,
): Promise<ProductRow[]> {
  return selectProducts(trx)
    .where(sql<boolean>`product.id in (select id from (${ids}) page)`)
    .orderBy(sql`product.${column}`, direction)
    .orderBy('product.id', direction)
    .execute();
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
