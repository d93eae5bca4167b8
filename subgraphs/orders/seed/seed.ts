import {
  before,
  createIdAt,
  dayMs,
  hourMs,
  insertRows,
  type Random,
  type SeedContext,
  type SeededCustomer,
} from '@signet/db/seed';
import { type Insertable, sql } from 'kysely';
import type { OrderItemTable, OrderStatus, OrderTable } from '../src/tables.ts';

type OrderRow = Insertable<OrderTable> & { id: string; status: OrderStatus; placed_at: Date };
type OrderItemRow = Insertable<OrderItemTable>;
type Orders = { orders: OrderRow[]; items: OrderItemRow[] };
type Kind = { status: OrderStatus; placedAt: Date };
type Product = { id: string; price_amount: number; created_at: Date; archived_at: Date | null };

/** By tenant and e-mail: a status for each order. For README and trials: something to cancel, something under way, a past. */
const planned: Readonly<Record<string, Readonly<Record<string, readonly OrderStatus[]>>>> = {
  demo: {
    'ada@example.com': [
      'placed',
      'placed',
      'shipped',
      'shipped',
      'cancelled',
      'shipped',
      'shipped',
      'shipped',
      'shipped',
    ],
  },
  globex: {
    'ada@example.com': ['placed', 'shipped'],
    'grete.halvik@example.com': ['placed', 'shipped', 'shipped', 'cancelled'],
    'ruben.tarnow@example.com': ['shipped'],
  },
};

/** Orders of the tenant's customers. What the placed ones wait for is reserved. */
export async function seed(ctx: SeedContext): Promise<void> {
  const products = await ctx.trx
    .selectFrom('catalog.product')
    .select(['id', 'price_amount', 'created_at', 'archived_at'])
    .orderBy('sku')
    .execute();
  const { orders, items } = buildOrders(ctx, products);
  await insertRows(ctx.trx, 'orders.order', orders);
  await insertRows(ctx.trx, 'orders.order_item', items);
  await reserveStock(ctx);
}

/** Comes on top of what is available, so that this stays as the seed of the stock made it. */
async function reserveStock({ trx }: SeedContext): Promise<void> {
  await sql`
    update inventory.stock s set on_hand = s.on_hand + waiting.quantity, reserved = waiting.quantity
    from (
      select i.product_id, sum(i.quantity)::integer as quantity
      from orders.order_item i join orders.order o on o.id = i.order_id
      where o.status = 'placed' group by i.product_id
    ) waiting
    where s.product_id = waiting.product_id`.execute(trx);
}

/** 0 to 12 orders for each customer, unless it is planned which. */
function buildOrders(ctx: SeedContext, products: Product[]): Orders {
  const all: Orders = { orders: [], items: [] };
  for (const customer of ctx.customers) {
    const kinds =
      planned[ctx.tenant.slug]?.[customer.email]?.map((status) => ({
        status,
        placedAt: pickTimeOf(ctx, status),
      })) ?? Array.from({ length: ctx.random.integer(0, 12) }, (_, n) => pickKind(ctx, customer, n));
    for (const kind of kinds) {
      const { order, items } = buildOrder(ctx, customer, products, kind);
      all.orders.push(order);
      all.items.push(...items);
    }
  }
  return all;
}

function buildOrder(
  ctx: SeedContext,
  customer: SeededCustomer,
  products: Product[],
  { status, placedAt }: Kind,
) {
  const chosen = pickProducts(ctx.random, products, placedAt);
  const id = createIdAt(placedAt);
  const items = chosen.map((product, index) => ({
    id: createIdAt(placedAt),
    tenant_id: ctx.tenant.id,
    order_id: id,
    position: index + 1,
    product_id: product.id,
    quantity: ctx.random.chance(0.7) ? 1 : ctx.random.integer(2, 6),
    unit_price_amount: product.price_amount,
  }));
  const order: OrderRow = {
    id,
    tenant_id: ctx.tenant.id,
    user_id: customer.id,
    status,
    total_amount: items.reduce((sum, item) => sum + item.quantity * item.unit_price_amount, 0),
    currency: 'EUR',
    placed_at: placedAt,
    // The demo's open orders stay open for a month.
    reserved_until: new Date(ctx.now.getTime() + 30 * dayMs),
    ...pickEnd(ctx, status, placedAt),
  };
  return { order, items };
}

/** What is still to be sent is recent, all else is not. */
function pickTimeOf({ random, now }: SeedContext, status: OrderStatus): Date {
  return before(now, status === 'placed' ? 0.1 + 1.5 * random.next() : 4 + 120 * random.next());
}

/** Some customers placed their first order today; most orders are of the last 90 days, one in six is older. */
function pickKind(ctx: SeedContext, customer: SeededCustomer, n: number): Kind {
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
function pickStatus({ random, now }: SeedContext, placedAt: Date): OrderStatus {
  const ageDays = (now.getTime() - placedAt.getTime()) / dayMs;
  const openShare = ageDays < 1 ? 0.8 : ageDays < 3 ? 0.5 : ageDays < 10 ? 0.15 : 0.02;
  if (random.chance(openShare)) return 'placed';
  return random.chance(0.1) ? 'cancelled' : 'shipped';
}

/** When it was shipped or cancelled: after it was placed, before now. */
function pickEnd({ random, now }: SeedContext, status: OrderStatus, placedAt: Date) {
  const ageMs = now.getTime() - placedAt.getTime();
  const after = (hours: number) => new Date(placedAt.getTime() + Math.min(hours * hourMs, ageMs * 0.8));
  return {
    shipped_at: status === 'shipped' ? after(4 + 56 * random.next()) : null,
    cancelled_at: status === 'cancelled' ? after(0.1 + 12 * random.next()) : null,
  };
}

/** One to five different products that were on sale at that time. */
function pickProducts(random: Random, products: Product[], placedAt: Date): Product[] {
  const onSale = products.filter(
    (product) =>
      product.created_at < placedAt && (product.archived_at === null || product.archived_at > placedAt),
  );
  const count = Math.min(random.integer(1, 5), onSale.length);
  const chosen = new Set<Product>();
  while (chosen.size < count) chosen.add(random.pick(onSale));
  return [...chosen];
}
