import type { OrderItemRow, OrderRow } from './order.queries.ts';

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type OrderModel = OrderRow;
export type OrderItemModel = OrderItemRow & { currency: string };
/** Only ever made after the caller was allowed to see this customer's orders. */
export type UserModel = { id: string };
