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

declare module '@signet/db' {
  interface Database {
    'inventory.stock': StockTable;
  }
}
