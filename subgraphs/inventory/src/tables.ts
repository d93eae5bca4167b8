import type { Timestamp } from '@signet/db';
import type { Generated } from 'kysely';

export type StockTable = {
  product_id: string;
  tenant_id: string;
  on_hand: number;
  /** Part of on_hand that is promised to placed orders. */
  reserved: Generated<number>;
  updated_at: Timestamp;
};

export type IdempotencyKeyTable = {
  tenant_id: string;
  staff_id: string;
  key: string;
  /** SHA-256 of the canonical input. */
  input_hash: Buffer;
  created_at: Timestamp;
};

declare module '@signet/db' {
  interface Database {
    'inventory.stock': StockTable;
    'inventory.idempotency_key': IdempotencyKeyTable;
  }
}
