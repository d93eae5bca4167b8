import type { Insertable } from 'kysely';
import type { StockTable } from '../../../subgraphs/inventory/src/tables.ts';
import type { OrderItemRow, OrderRow } from './build-orders.ts';
import type { BuildContext, ProductRow } from './build-products.ts';
import type { Random } from './random.ts';

export type StockRow = Insertable<StockTable>;

/** Reserved is what the placed orders wait for; what is free beside it is often plenty, at times low or nothing. */
export function buildStock(
  ctx: BuildContext,
  products: ProductRow[],
  orders: OrderRow[],
  items: OrderItemRow[],
): StockRow[] {
  const placed = new Set(orders.filter(({ status }) => status === 'placed').map(({ id }) => id));
  const reserved = new Map<string, number>();
  for (const item of items) {
    if (!placed.has(item.order_id)) continue;
    reserved.set(item.product_id, (reserved.get(item.product_id) ?? 0) + item.quantity);
  }
  return products.map(({ id, created_at }) => ({
    product_id: id,
    tenant_id: ctx.tenantId,
    on_hand: pickAvailable(ctx.random) + (reserved.get(id) ?? 0),
    reserved: reserved.get(id) ?? 0,
    updated_at: created_at,
  }));
}

function pickAvailable(random: Random): number {
  const luck = random.next();
  if (luck < 0.06) return 0;
  return luck < 0.18 ? random.integer(1, 4) : random.integer(15, 400);
}
