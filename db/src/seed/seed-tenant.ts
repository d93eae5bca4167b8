import { type Insertable, sql, type Transaction } from 'kysely';
import type { Database } from '../tables.ts';
import { buildCustomers, buildStaff, type SeedPasswordHash } from './build-accounts.ts';
import { buildNotes } from './build-notes.ts';
import { buildOrders } from './build-orders.ts';
import { buildCatalog } from './build-products.ts';
import { buildStock } from './build-stock.ts';
import { createRandom } from './random.ts';
import type { TenantPlan } from './tenant-plan.ts';
import { before, createIdAt } from './time.ts';

/** Creates the tenant with all that its plan names, and marks it as made by the seed. */
export async function seedTenant(
  trx: Transaction<Database>,
  plan: TenantPlan,
  password: SeedPasswordHash,
  now: Date,
): Promise<void> {
  const tenantId = createIdAt(before(now, 540));
  const ctx = { tenantId, plan, random: createRandom(plan.slug), now };
  await createTenant(trx, plan, tenantId, now);

  const { categories, products } = buildCatalog(ctx);
  const customers = buildCustomers(ctx, password);
  const staff = buildStaff(ctx, password);
  const { orders, items } = buildOrders(ctx, customers, products);

  await insertRows(trx, 'auth.user', customers);
  await insertRows(trx, 'auth.portal_user', staff);
  await insertRows(trx, 'catalog.category', categories);
  await insertRows(trx, 'catalog.product', products);
  await insertRows(trx, 'inventory.stock', buildStock(ctx, products, orders, items));
  await insertRows(trx, 'orders.order', orders);
  await insertRows(trx, 'orders.order_item', items);
  await insertRows(trx, 'portal.support_note', buildNotes(ctx, { staff, orders, items, products }));
}

/** Row security binds the owner too: from here on the transaction reads and writes rows of this tenant only. */
async function createTenant(
  trx: Transaction<Database>,
  { slug, name, selfRegistration }: TenantPlan,
  id: string,
  now: Date,
): Promise<void> {
  await trx
    .insertInto('auth.tenant')
    .values({ id, slug, name, self_registration: selfRegistration, created_at: before(now, 540) })
    .execute();
  await trx.insertInto('auth.development_seed').values({ tenant_id: id, seeded_at: now }).execute();
  await sql`select set_config('app.tenant', ${id}, true)`.execute(trx);
}

/** A statement takes 65,535 values at most. */
const rowsPerStatement = 1000;

async function insertRows<T extends keyof Database>(
  trx: Transaction<Database>,
  table: T,
  rows: readonly Insertable<Database[T]>[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    await trx
      .insertInto(table)
      .values(rows.slice(start, start + rowsPerStatement))
      .execute();
  }
}
