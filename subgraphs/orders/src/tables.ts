import type { OptionalTime, Timestamp } from '@signet/db';
import type { Generated } from 'kysely';

export type OrderStatus = 'placed' | 'shipped' | 'cancelled' | 'expired';
export type OrderTable = {
  id: Generated<string>;
  tenant_id: string;
  user_id: string;
  status: Generated<OrderStatus>;
  total_amount: number;
  currency: string;
  placed_at: Timestamp;
  shipped_at: OptionalTime;
  cancelled_at: OptionalTime;
  /** Until when its stock is reserved, while it is placed. */
  reserved_until: Timestamp;
  expired_at: OptionalTime;
};
export type OrderItemTable = {
  id: Generated<string>;
  tenant_id: string;
  order_id: string;
  position: number;
  product_id: string;
  quantity: number;
  unit_price_amount: number;
};
export type IdempotencyKeyTable = {
  tenant_id: string;
  user_id: string;
  operation: string;
  key: string;
  /** SHA-256 of the canonical input. */
  input_hash: Buffer;
  order_id: string | null;
  created_at: Timestamp;
};

declare module '@signet/db' {
  interface Database {
    'orders.order': OrderTable;
    'orders.order_item': OrderItemTable;
    'orders.idempotency_key': IdempotencyKeyTable;
  }
}
