import { inTenant } from '@signet/db';
import { createConnection, createCursorCodec, isTextKey, readPage, readText } from '@signet/subgraph';
import type { QueryResolvers, UserConnectionResolvers } from '../resolvers.generated.ts';
import { requireStaff } from '../staff-access.ts';
import { countCustomers, findCustomerPage } from './customers.queries.ts';

const maxSearchLength = 100;
const codec = createCursorCodec('customers:email', isTextKey);

export const customers: NonNullable<QueryResolvers['customers']> = async (_parent, args, ctx) => {
  requireStaff(ctx.session, 'customers:read');
  const page = readPage(args, codec);
  const search = readSearch(args.search);
  const rows = await inTenant(ctx.db, ctx.tenantId, (trx) => findCustomerPage(trx, search, page));
  return { ...createConnection(rows, page, codec, (row) => ({ key: row.email, id: row.id })), search };
};

export const userConnectionResolvers: UserConnectionResolvers = {
  totalCount: (connection, _args, ctx) =>
    inTenant(ctx.db, ctx.tenantId, (trx) => countCustomers(trx, connection.search)),
};

/** An empty text finds everybody: a search field that was cleared. */
function readSearch(search: string | null | undefined): string | undefined {
  return search ? readText('search', search, { min: 0, max: maxSearchLength }) || undefined : undefined;
}
