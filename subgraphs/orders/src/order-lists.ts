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
  selectsField,
} from '@signet/subgraph';
import type { GraphQLResolveInfo } from 'graphql';
import type { GraphqlContext } from './context.ts';
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
): Promise<Connection<OrderRow>> {
  const page = readPage(args, codec);
  const loader = selectsField(info, 'edges', 'node', 'items')
    ? loaders.fullOrdersOfUser
    : loaders.ordersOfUser;
  return createOrderConnection(await loader.load({ ownerId, page }), page);
}

function createOrderConnection(rows: readonly OrderRow[], page: OrderPage): Connection<OrderRow> {
  return createConnection(rows, page, codec, (row) => ({ key: row.placed_microseconds, id: row.id }));
}
