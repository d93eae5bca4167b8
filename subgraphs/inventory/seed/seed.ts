import { insertRows, type Random, type SeedContext } from '@signet/db/seed';

/** Stock of each product: often plenty, at times low or nothing. Nothing is reserved before there are orders. */
export async function seed({ trx, tenant, random }: SeedContext): Promise<void> {
  const products = await trx
    .selectFrom('catalog.product')
    .select(['id', 'created_at'])
    .orderBy('sku')
    .execute();
  await insertRows(
    trx,
    'inventory.stock',
    products.map(({ id, created_at }) => ({
      product_id: id,
      tenant_id: tenant.id,
      on_hand: pickAvailable(random),
      updated_at: created_at,
    })),
  );
}

function pickAvailable(random: Random): number {
  const luck = random.next();
  if (luck < 0.06) return 0;
  return luck < 0.18 ? random.integer(1, 4) : random.integer(15, 400);
}
