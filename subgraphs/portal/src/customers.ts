import { requirePortalOrService } from '@signet/access';
import { readInTenant } from '@signet/db';
import { RefusalError } from '@signet/service';
import type { Session } from '@signet/session';
import {
  countWhenAsked,
  createConnection,
  createCursorCodec,
  findId,
  isTextKey,
  readId,
  readPage,
  readText,
} from '@signet/subgraph';
import { assignees } from './assignees.ts';
import { customerDevices, customerFactors, customerSessions, rememberedDevices } from './customer-account.ts';
import { type CustomerCondition, countCustomers, findCustomerPage } from './customers.queries.ts';
import type { QueryCustomersArgs, QueryResolvers, UserResolvers } from './resolvers.generated.ts';
import { supportNotes } from './support-notes.ts';

const maxSearchLength = 100;
const codec = createCursorCodec('customers:email', isTextKey);

export const customer: NonNullable<QueryResolvers['customer']> = async (_parent, args, ctx) => {
  requirePortalOrService(ctx.session, 'customers:read');
  return (await ctx.loaders.customer.load(readId('id', args.id))) ?? null;
};

export const customers: NonNullable<QueryResolvers['customers']> = async (_parent, args, ctx) => {
  requirePortalOrService(ctx.session, 'customers:read');
  const page = readPage(args, codec);
  const condition = readCondition(args);
  const rows = await readInTenant(ctx.db, ctx.tenantId, (trx) => findCustomerPage(trx, condition, page));
  return {
    ...createConnection(rows, page, codec, (row) => ({ key: row.email, id: row.id })),
    ...countWhenAsked(() => readInTenant(ctx.db, ctx.tenantId, (trx) => countCustomers(trx, condition))),
  };
};

/**
 * Fields of User. auth owns the type and shares e-mail and name with this subgraph, so the gateway may ask either. Customers
 * get their own row here, and each field for staff refuses them.
 */
export const userResolvers: UserResolvers = {
  async __resolveReference(reference, ctx) {
    const id = findId(reference.id);
    if (id === undefined) return null;
    assertMaySeeUser(ctx.session, id);
    return (await ctx.loaders.customer.load(id)) ?? null;
  },
  fullName: (row) => row.full_name,
  isActive(row, _args, ctx) {
    requirePortalOrService(ctx.session, 'customers:read');
    return row.is_active;
  },
  supportNotes,
  assignees,
  sessions: customerSessions,
  devices: customerDevices,
  factors: customerFactors,
  rememberedDevices,
};

/** @throws {RefusalError} authz.permission.deny for another customer; as `requirePortalOrService`, for staff without the scope */
function assertMaySeeUser(session: Session, id: string): void {
  if (session.platform !== 'user') requirePortalOrService(session, 'customers:read');
  else if (session.userId !== id) throw new RefusalError('authz.permission.deny');
}

function readCondition({ search, filter }: Partial<QueryCustomersArgs>): CustomerCondition {
  const { suspended = false, assigneeId } = filter ?? {};
  return {
    search: readSearch(search),
    suspended,
    assigneeId: assigneeId == null ? undefined : readId('assigneeId', assigneeId),
  };
}

/** An empty text finds everybody: a search field that was cleared. */
function readSearch(search: string | null | undefined): string | undefined {
  return search ? readText('search', search, { min: 0, max: maxSearchLength }) || undefined : undefined;
}
