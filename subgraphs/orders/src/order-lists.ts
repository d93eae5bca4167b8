import { requirePortalOrService } from '@signet/access';
import { readInTenant } from '@signet/db';
import { RefusalError } from '@signet/service';
import {
  type Connection,
  createConnection,
  createCursorCodec,
  findId,
  isIntegerKey,
  readId,
  readPage,
  selectedFields,
} from '@signet/subgraph';
import type { GraphQLResolveInfo } from 'graphql';
import type { GraphqlContext } from './context.ts';
import {
  findOrderPage,
  type ListedOrderRow,
  type OrderPage,
  type OrderParts,
  type OrderRow,
} from './order.queries.ts';
import { canSeeOrdersOf, requireCustomer, requireOrderReader } from './policies.ts';
import type { OrderResolvers, QueryResolvers, UserResolvers } from './resolvers.generated.ts';

/** Every list shows the latest order first. Its cursors hold microseconds since 1970 and the id. */
const codec = createCursorCodec<number>(
  'orders:latest',
  (key): key is number => isIntegerKey(key) && key >= 0,
);

export const orders: NonNullable<QueryResolvers['orders']> = async (_parent, args, ctx) => {
  requirePortalOrService(ctx.session, 'orders:read');
  const page = readPage(args, codec);
  const filter = {
    status: args.status ? (args.status.toLowerCase() as OrderRow['status']) : undefined,
    userId: typeof args.customerId === 'string' ? readId('customerId', args.customerId) : undefined,
  };
  const rows = await readInTenant(ctx.db, ctx.tenantId, (trx) => findOrderPage(trx, filter, page));
  return createOrderConnection(rows, page);
};

export const myOrders: NonNullable<QueryResolvers['myOrders']> = (_parent, args, ctx, info) => {
  const { userId } = requireCustomer(ctx.session, 'orders:read', { orImpersonated: true });
  return findPageOf(userId, args, ctx, info);
};

export const userResolvers: UserResolvers = {
  /**
   * Accounts are auth's. This subgraph can't read them, and needs only the id of a customer whose orders the caller may
   * see. A customer is refused everybody but themselves, whatever the reference says.
   */
  __resolveReference(reference, ctx) {
    const caller = requireOrderReader(ctx.session);
    const id = findId(reference.id);
    if (id === undefined) return null;
    if (!canSeeOrdersOf(caller, id)) throw new RefusalError('authz.permission.deny');
    return { id };
  },
  orders: (user, args, ctx, info) => findPageOf(user.id, args, ctx, info),
};

async function findPageOf(
  ownerId: string,
  args: Parameters<typeof readPage>[0],
  { loaders }: GraphqlContext,
  info: GraphQLResolveInfo,
): Promise<Connection<ListedOrderRow>> {
  const page = readPage(args, codec);
  const rows = await loaders.ordersOfUser(readParts(info)).load({ ownerId, page });
  return createOrderConnection(rows, page);
}

/** Fields of an order that most pages do not show. */
const otherFields: readonly (keyof OrderResolvers)[] = [
  'shippedAt',
  'cancelledAt',
  'reservedUntil',
  'expiredAt',
];

function readParts(info: GraphQLResolveInfo): OrderParts {
  const ofOrder = selectedFields(info, 'edges', 'node');
  const hasCursors = selectedFields(info).has('pageInfo') || selectedFields(info, 'edges').has('cursor');
  return {
    isWhole: hasCursors || otherFields.some((field) => ofOrder.has(field)),
    hasItems: ofOrder.has('items'),
  };
}

function createOrderConnection(rows: readonly ListedOrderRow[], page: OrderPage): Connection<ListedOrderRow> {
  return createConnection(rows, page, codec, (row) => {
    if (!('placed_microseconds' in row)) throw new TypeError('This page was read without its cursors.');
    return { key: row.placed_microseconds, id: row.id };
  });
}
