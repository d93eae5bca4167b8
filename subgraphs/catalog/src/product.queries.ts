import { type Database, defineQuery, idList } from '@signet/db';
import { badInput } from '@signet/service';
import {
  type InferResult,
  type Insertable,
  type Kysely,
  type RawBuilder,
  type Selectable,
  sql,
  type Transaction,
} from 'kysely';

export type ProductRow = InferResult<ReturnType<typeof selectProducts>>[number];
/** As a page shows it. */
export type ListedProductRow = InferResult<ReturnType<typeof selectListed>>[number];
export type BriefProductRow = InferResult<ReturnType<typeof selectBrief>>[number];

const allProducts = sql`catalog.product`;

/** What a page shows of a product beside its category. */
const briefColumns = [
  'product.id',
  'product.sku',
  'product.name',
  'product.price_amount',
  'product.currency',
  'product.archived_at',
] as const;

/**
 * A product with its category. `created_microseconds` since 1970: a Date would round what cursors must compare.
 *
 * @param source the table, or a subquery in brackets that has all of its columns.
 */
export function selectProducts(trx: Kysely<Database>, source: RawBuilder<unknown> = allProducts) {
  return selectListed(trx, source).select([
    'product.description',
    'product.created_at',
    'product.updated_at',
    sql<number>`(extract(epoch from product.created_at) * 1000000)::bigint`.as('created_microseconds'),
  ]);
}

/** The same without what pages do not show. */
export function selectListed(trx: Kysely<Database>, source: RawBuilder<unknown>) {
  return selectBrief(trx, source)
    .innerJoin('catalog.category as category', 'category.id', 'product.category_id')
    .select([
      'category.id as category_id',
      'category.slug as category_slug',
      'category.name as category_name',
    ]);
}

function selectBrief(trx: Kysely<Database>, source: RawBuilder<unknown> = allProducts) {
  return trx
    .selectFrom(sql<Selectable<Database['catalog.product']>>`${source}`.as('product'))
    .select(briefColumns);
}

const selectProductsById = defineQuery<{ ids: readonly string[] }, ProductRow>((db, value) =>
  selectProducts(db).where(sql<boolean>`product.id = any(${idList(value('ids'))})`),
);

const selectBriefProductsById = defineQuery<{ ids: readonly string[] }, BriefProductRow>((db, value) =>
  selectBrief(db).where(sql<boolean>`product.id = any(${idList(value('ids'))})`),
);

/** In no particular order; archived ones too. */
export function findProducts(trx: Transaction<Database>, ids: readonly string[]): Promise<ProductRow[]> {
  return selectProductsById(trx, { ids });
}

/** The same in brief: no join, and half as many columns. */
export function findBriefProducts(
  trx: Transaction<Database>,
  ids: readonly string[],
): Promise<BriefProductRow[]> {
  return selectBriefProductsById(trx, { ids });
}

/** @throws {RefusalError} `input.<field>` when there is none. */
export async function getProduct(trx: Transaction<Database>, field: string, id: string): Promise<ProductRow> {
  const row = await selectProducts(trx).where('product.id', '=', id).executeTakeFirst();
  if (!row) throw badInput(field, 'There is no such product.');
  return row;
}

export async function findCategoryId(trx: Transaction<Database>, slug: string): Promise<string | undefined> {
  const row = await trx
    .selectFrom('catalog.category')
    .select('id')
    .where('slug', '=', slug)
    .executeTakeFirst();
  return row?.id;
}

/**
 * Finds a category within a statement, so that no other one is waited for. Of an unknown slug it makes an id that no category has: null
 * would be all of them. All of it is one subquery: under row security PostgreSQL takes COALESCE for something that may leak what it
 * compares, and enters no index by it.
 */
export function selectCategoryId(slug: string | RawBuilder<string>): RawBuilder<string> {
  return sql<string>`(select coalesce((select id from catalog.category where slug = ${slug}), '00000000-0000-0000-0000-000000000000'::uuid))`;
}

/** Returns the id of the new product, or undefined where the SKU is taken. */
export async function insertProduct(
  trx: Transaction<Database>,
  values: Insertable<Database['catalog.product']>,
): Promise<string | undefined> {
  const row = await trx
    .insertInto('catalog.product')
    .values(values)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'sku']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id;
}
