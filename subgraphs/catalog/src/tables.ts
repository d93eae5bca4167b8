import type { OptionalTime, Timestamp } from '@signet/db';
import type { ColumnType, Generated } from 'kysely';

export type CategoryTable = { id: Generated<string>; tenant_id: string; slug: string; name: string };
export type ProductTable = {
  id: Generated<string>;
  tenant_id: string;
  category_id: string;
  sku: string;
  name: string;
  description: Generated<string>;
  /** What a search looks into: name, SKU and description, folded. */
  search_text: ColumnType<string, never, never>;
  /** In the currency's minor unit. */
  price_amount: number;
  currency: string;
  archived_at: OptionalTime;
  created_at: Timestamp;
  updated_at: Timestamp;
};

declare module '@signet/db' {
  interface Database {
    'catalog.category': CategoryTable;
    'catalog.product': ProductTable;
  }
}
