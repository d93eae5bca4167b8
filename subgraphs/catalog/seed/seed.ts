import { before, createIdAt, insertRows, type SeedContext } from '@signet/db/seed';
import type { Insertable } from 'kysely';
import type { CategoryTable, ProductTable } from '../src/tables.ts';
import { type CategoryPlan, shops } from './shops.ts';

type CategoryRow = Insertable<CategoryTable> & { id: string };
type ProductRow = Insertable<ProductTable>;

/** Every category of the tenant's shop with its products. */
export async function seed(ctx: SeedContext): Promise<void> {
  const { categories, products } = buildCatalog(ctx);
  await insertRows(ctx.trx, 'catalog.category', categories);
  await insertRows(ctx.trx, 'catalog.product', products);
}

function buildCatalog(ctx: SeedContext): { categories: CategoryRow[]; products: ProductRow[] } {
  const shop = shops[ctx.tenant.slug];
  const categories: CategoryRow[] = [];
  const products: ProductRow[] = [];
  if (!shop) return { categories, products };
  for (const category of shop.categories) {
    const id = createIdAt(before(ctx.now, 540));
    categories.push({ id, tenant_id: ctx.tenant.id, slug: category.slug, name: category.name });
    for (let index = 0; index < shop.productsPerCategory; index++) {
      products.push(buildProduct(ctx, shop.makers, category, id, index));
    }
  }
  return { categories, products };
}

/** Goes through the things, then through them again under the next maker's name: no two names are the same. */
function buildProduct(
  ctx: SeedContext,
  makers: readonly string[],
  category: CategoryPlan,
  categoryId: string,
  index: number,
): ProductRow {
  const { random, now } = ctx;
  const thingIndex = index % category.things.length;
  const [name, fromCents, toCents, sentence] = category.things[thingIndex] ?? random.pick(category.things);
  const round = Math.floor(index / category.things.length);
  const maker = makers[(thingIndex * 3 + round) % makers.length];
  // Nine of ten are old stock, the rest came in during the last month.
  const createdAt = before(now, random.chance(0.9) ? 200 + 300 * random.next() : 1 + 29 * random.next());
  const isArchived = random.chance(0.03);
  const archivedAt = isArchived ? new Date((createdAt.getTime() + now.getTime()) / 2) : null;
  return {
    id: createIdAt(createdAt),
    tenant_id: ctx.tenant.id,
    category_id: categoryId,
    sku: `${category.skuPrefix}-${String(index + 1).padStart(4, '0')}`,
    name: `${maker} ${name}`,
    description: `${sentence} ${random.pick(category.closings)}`,
    price_amount: toShopPrice(random.integer(fromCents, toCents)),
    currency: 'EUR',
    archived_at: archivedAt,
    created_at: createdAt,
    updated_at: archivedAt ?? createdAt,
  };
}

/** 449 or 4990, never 4.4731. */
function toShopPrice(cents: number): number {
  return cents < 1000 ? Math.round(cents / 50) * 50 - 1 : Math.round(cents / 100) * 100 - 10;
}
