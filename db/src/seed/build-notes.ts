import type { Insertable } from 'kysely';
import type { SupportNoteTable } from '../tables.ts';
import type { StaffRow } from './build-accounts.ts';
import type { OrderItemRow, OrderRow } from './build-orders.ts';
import type { BuildContext, ProductRow } from './build-products.ts';
import { noteTexts } from './data/notes.ts';
import { createIdAt } from './time.ts';

type NoteRow = Insertable<SupportNoteTable>;
type Facts = { staff: StaffRow[]; orders: OrderRow[]; items: OrderItemRow[]; products: ProductRow[] };

/** Each is about an order that the customer made before it was written. */
export function buildNotes(ctx: BuildContext, { staff, orders, items, products }: Facts): NoteRow[] {
  const names = new Map(products.map(({ id, name }) => [id, name]));
  const orderOf = new Map(orders.map((order) => [order.id, order]));
  return Array.from({ length: ctx.plan.notes }, (_, index) => {
    const item = ctx.random.pick(items);
    const order = orderOf.get(item.order_id) as OrderRow;
    const age = ctx.now.getTime() - order.placed_at.getTime();
    const createdAt = new Date(order.placed_at.getTime() + age * (0.05 + 0.85 * ctx.random.next()));
    const text = noteTexts[index % noteTexts.length] ?? '';
    return {
      id: createIdAt(createdAt),
      tenant_id: ctx.tenantId,
      user_id: order.user_id,
      staff_id: ctx.random.pick(staff).id,
      body: text.replace('{product}', names.get(item.product_id) ?? 'order'),
      created_at: createdAt,
    };
  });
}
