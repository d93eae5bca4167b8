import type { OrderItemRow, OrderRow } from './order.queries.ts';

/** What resolvers hand to each other for the GraphQL types of the same names. */
export type OrderModel = OrderRow;
export type OrderItemModel = OrderItemRow & { currency: string };
/** Nothing but an id. Whether the caller may see this customer's orders is for the rule on `User.orders` to say. */
export type UserModel = { id: string };
