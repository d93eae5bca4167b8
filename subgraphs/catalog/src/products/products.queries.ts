import type { Database } from '@signet/db';
import { type PageRequest, toContainsPattern } from '@signet/subgraph';
import { type ExpressionBuilder, sql, type Transaction } from 'kysely';
import { type ProductRow, selectProducts } from '../product.queries.ts';
import type { ProductOrder } from './product-sorts.ts';

export type ProductFilterValues = { category: string | undefined; text: string | undefined };

type Tables = {
  product: Database['catalog.product'];
  category: Database['catalog.category'];
};

/** Products on sale from `page.after` on; one row more than the page where there is a next one. */
export function findProductPage(
  trx: Transaction<Database>,
  filter: ProductFilterValues,
  order: ProductOrder,
  page: PageRequest<string | number>,
): Promise<ProductRow[]> {
  const { column, direction } = order;
  let query = selectProducts(trx).where((eb) => matches(eb, filter));
  if (page.after) {
    const { key, id } = page.after;
    const comparison = sql.raw(direction === 'asc' ? '>' : '<');
    query = query.where(
      sql<boolean>`(${sql.ref(column)}, product.id) ${comparison} (${order.toColumn(key)}, ${id})`,
    );
  }
  return query
    .orderBy(column, direction)
    .orderBy('product.id', direction)
    .limit(page.first + 1)
    .execute();
}

export async function countProducts(
  trx: Transaction<Database>,
  filter: ProductFilterValues,
): Promise<number> {
  const { count } = await trx
    .selectFrom('catalog.product as product')
    .innerJoin('catalog.category as category', 'category.id', 'product.category_id')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where((eb) => matches(eb, filter))
    .executeTakeFirstOrThrow();
  return count;
}

function matches(eb: ExpressionBuilder<Tables, 'product' | 'category'>, filter: ProductFilterValues) {
  const conditions = [eb('product.archived_at', 'is', null)];
  if (filter.category !== undefined) conditions.push(eb('category.slug', '=', filter.category));
  if (filter.text !== undefined) {
    const pattern = toContainsPattern(filter.text);
    conditions.push(
      eb.or([
        eb('product.name', 'ilike', pattern),
        eb('product.sku', 'ilike', pattern),
        eb('product.description', 'ilike', pattern),
      ]),
    );
  }
  return eb.and(conditions);
}
