import type { StaffRole } from '@signet/schema/contract';
import type { OrderStatus } from '../../../subgraphs/orders/src/tables.ts';

/** A kind of thing on sale: its name, its price in cents from–to, and what one says of it. */
export type Thing = readonly [name: string, fromCents: number, toCents: number, sentence: string];

export type CategoryPlan = {
  slug: string;
  name: string;
  skuPrefix: string;
  things: readonly Thing[];
  /** Second sentence of a description. */
  closings: readonly string[];
};

export type CustomerPlan = {
  email: string;
  fullName: string;
  isActive?: boolean;
  /** A status for each order; without it, chance decides on 0 to 12. */
  orders?: readonly OrderStatus[];
};

export type StaffPlan = { email: string; fullName: string; role: StaffRole; isActive?: boolean };

/** All that the seed makes of one tenant. */
export type TenantPlan = {
  slug: string;
  name: string;
  selfRegistration: boolean;
  categories: readonly CategoryPlan[];
  /** Makers whose names stand before a thing's. */
  makers: readonly string[];
  productsPerCategory: number;
  customers: readonly CustomerPlan[];
  staff: readonly StaffPlan[];
  notes: number;
};
