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
} from '@signet/subgraph';
import { findOrderPage, type OrderPage, type OrderRow } from './order.queries.ts';
import { canSeeOrdersOf, requireCustomer, requireOrderReader } from './policies.ts';
import type { QueryResolvers, UserResolvers } from './resolvers.generated.ts';

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

export const myOrders: NonNullable<QueryResolvers['myOrders']> = async (_parent, args, ctx) => {
  const { userId } = requireCustomer(ctx.session, 'orders:read', { orImpersonated: true });
  const page = readPage(args, codec);
  return createOrderConnection(await ctx.loaders.ordersOfUser.load({ ownerId: userId, page }), page);
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
  async orders(user, args, ctx) {
    const page = readPage(args, codec);
    return createOrderConnection(await ctx.loaders.ordersOfUser.load({ ownerId: user.id, page }), page);
  },
};

function createOrderConnection(rows: readonly OrderRow[], page: OrderPage): Connection<OrderRow> {
  return createConnection(rows, page, codec, (row) => ({ key: row.placed_microseconds, id: row.id }));
}
