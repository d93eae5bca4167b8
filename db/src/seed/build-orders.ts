import type { Insertable } from 'kysely';
import type { OrderItemTable, OrderStatus, OrderTable } from '../../../subgraphs/orders/src/tables.ts';
import type { UserRow } from './build-accounts.ts';
import type { BuildContext, ProductRow } from './build-products.ts';
import type { Random } from './random.ts';
import { before, createIdAt, dayMs, hourMs } from './time.ts';

export type OrderRow = Insertable<OrderTable> & { id: string; status: OrderStatus; placed_at: Date };
export type OrderItemRow = Insertable<OrderItemTable>;
type Orders = { orders: OrderRow[]; items: OrderItemRow[] };

type Kind = { status: OrderStatus; placedAt: Date };

/** 0 to 12 orders for each customer, unless the plan says which. */
export function buildOrders(ctx: BuildContext, customers: UserRow[], products: ProductRow[]): Orders {
  const all: Orders = { orders: [], items: [] };
  ctx.plan.customers.forEach(({ orders: planned }, index) => {
    const customer = customers[index];
    if (!customer) return;
    const kinds = planned
      ? planned.map((status) => ({ status, placedAt: pickTimeOf(ctx, status) }))
      : Array.from({ length: ctx.random.integer(0, 12) }, (_, n) => pickKind(ctx, customer, n));
    for (const kind of kinds) {
      const { order, items } = buildOrder(ctx, customer, products, kind);
      all.orders.push(order);
      all.items.push(...items);
    }
  });
  return all;
}

function buildOrder(
  ctx: BuildContext,
  customer: UserRow,
  products: ProductRow[],
  { status, placedAt }: Kind,
) {
  const chosen = pickProducts(ctx.random, products, placedAt);
  const id = createIdAt(placedAt);
  const items = chosen.map((product, index) => ({
    id: createIdAt(placedAt),
    tenant_id: ctx.tenantId,
    order_id: id,
    position: index + 1,
    product_id: product.id,
    quantity: ctx.random.chance(0.7) ? 1 : ctx.random.integer(2, 6),
    unit_price_amount: product.price_amount,
  }));
  const order: OrderRow = {
    id,
    tenant_id: ctx.tenantId,
    user_id: customer.id,
    status,
    total_amount: items.reduce((sum, item) => sum + item.quantity * item.unit_price_amount, 0),
    currency: 'EUR',
    placed_at: placedAt,
    ...pickEnd(ctx, status, placedAt),
  };
  return { order, items };
}

/** What is still to be sent is recent, all else is not. */
function pickTimeOf({ random, now }: BuildContext, status: OrderStatus): Date {
  return before(now, status === 'placed' ? 0.1 + 1.5 * random.next() : 4 + 120 * random.next());
}

/** Of a customer's first orders some are of today, most of the last 90 days; one in six is older. */
function pickKind(ctx: BuildContext, customer: UserRow, n: number): Kind {
  const { random, now } = ctx;
  const isToday = n === 0 && random.chance(0.3);
  const isRecent = random.chance(0.83);
  const days = isToday
    ? 0.01 + 0.9 * random.next()
    : isRecent
      ? 1 + 85 * random.next()
      : 90 + 170 * random.next();
  const earliest = customer.created_at.getTime() + hourMs;
  const placedAt = new Date(Math.max(before(now, days).getTime(), earliest));
  return { status: pickStatus(ctx, placedAt), placedAt };
}

/** The older an order, the more likely it was shipped. */
function pickStatus({ random, now }: BuildContext, placedAt: Date): OrderStatus {
  const ageDays = (now.getTime() - placedAt.getTime()) / dayMs;
  const openShare = ageDays < 1 ? 0.8 : ageDays < 3 ? 0.5 : ageDays < 10 ? 0.15 : 0.02;
  if (random.chance(openShare)) return 'placed';
  return random.chance(0.1) ? 'cancelled' : 'shipped';
}

/** When it was shipped or cancelled: after it was placed, before now. */
function pickEnd({ random, now }: BuildContext, status: OrderStatus, placedAt: Date) {
  const ageMs = now.getTime() - placedAt.getTime();
  const after = (hours: number) => new Date(placedAt.getTime() + Math.min(hours * hourMs, ageMs * 0.8));
  return {
    shipped_at: status === 'shipped' ? after(4 + 56 * random.next()) : null,
    cancelled_at: status === 'cancelled' ? after(0.1 + 12 * random.next()) : null,
  };
}

/** One to five different products that were on sale at that time. */
function pickProducts(random: Random, products: ProductRow[], placedAt: Date): ProductRow[] {
  const onSale = products.filter(
    (product) =>
      product.created_at < placedAt && (product.archived_at === null || product.archived_at > placedAt),
  );
  const count = Math.min(random.integer(1, 5), onSale.length);
  const chosen = new Set<ProductRow>();
  while (chosen.size < count) chosen.add(random.pick(onSale));
  return [...chosen];
}
