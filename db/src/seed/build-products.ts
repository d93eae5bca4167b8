import type { Insertable } from 'kysely';
import type { CategoryTable, ProductTable } from '../../../subgraphs/catalog/src/tables.ts';
import type { Random } from './random.ts';
import type { CategoryPlan, TenantPlan } from './tenant-plan.ts';
import { before, createIdAt } from './time.ts';

export type CategoryRow = Insertable<CategoryTable> & { id: string };
export type ProductRow = Insertable<ProductTable> & {
  id: string;
  created_at: Date;
  archived_at: Date | null;
};
export type BuildContext = { tenantId: string; plan: TenantPlan; random: Random; now: Date };

/** Every category with its products, the older ones first. */
export function buildCatalog(ctx: BuildContext): { categories: CategoryRow[]; products: ProductRow[] } {
  const categories: CategoryRow[] = [];
  const products: ProductRow[] = [];
  for (const category of ctx.plan.categories) {
    const id = createIdAt(before(ctx.now, 540));
    categories.push({ id, tenant_id: ctx.tenantId, slug: category.slug, name: category.name });
    for (let index = 0; index < ctx.plan.productsPerCategory; index++) {
      products.push(buildProduct(ctx, category, id, index));
    }
  }
  return { categories, products };
}

/** Goes through the things, then through them again under the next maker's name: no two names are the same. */
function buildProduct(
  ctx: BuildContext,
  category: CategoryPlan,
  categoryId: string,
  index: number,
): ProductRow {
  const { random, now, plan } = ctx;
  const thingIndex = index % category.things.length;
  const [name, fromCents, toCents, sentence] = category.things[thingIndex] ?? random.pick(category.things);
  const round = Math.floor(index / category.things.length);
  const maker = plan.makers[(thingIndex * 3 + round) % plan.makers.length];
  // Nine of ten are old stock, the rest came in during the last month.
  const createdAt = before(now, random.chance(0.9) ? 200 + 300 * random.next() : 1 + 29 * random.next());
  const isArchived = random.chance(0.03);
  const archivedAt = isArchived ? new Date((createdAt.getTime() + now.getTime()) / 2) : null;
  return {
    id: createIdAt(createdAt),
    tenant_id: ctx.tenantId,
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
