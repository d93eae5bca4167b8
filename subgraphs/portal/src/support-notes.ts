import { requirePortal } from '@signet/access';
import { badInput } from '@signet/service';
import {
  createConnection,
  createCursorCodec,
  isIntegerKey,
  readId,
  readPage,
  readText,
} from '@signet/subgraph';
import { findCustomers } from './customers.queries.ts';
import type { MutationResolvers, SupportNoteResolvers, UserResolvers } from './resolvers.generated.ts';
import { inStaffTransaction } from './staff-transaction.ts';
import { noteColumns } from './support-notes.queries.ts';

const maxBodyLength = 4000;

/** Latest first: microseconds since 1970 and the id. */
const codec = createCursorCodec<number>(
  'notes:latest',
  (key): key is number => isIntegerKey(key) && key >= 0,
);

export const supportNotes: NonNullable<UserResolvers['supportNotes']> = async (user, args, ctx) => {
  requirePortal(ctx.session, 'customers:read');
  const page = readPage(args, codec);
  const rows = await ctx.loaders.notesOfUser.load({ ownerId: user.id, page });
  return createConnection(rows, page, codec, (row) => ({ key: row.created_microseconds, id: row.id }));
};

export const supportNoteResolvers: SupportNoteResolvers = {
  createdAt: (row) => row.created_at,
  author: (row) => ({ id: row.staff_id }),
};

export const addSupportNote: NonNullable<MutationResolvers['addSupportNote']> = async (
  _parent,
  { input },
  ctx,
) => {
  requirePortal(ctx.session, 'notes:write');
  const customerId = readId('customerId', input.customerId);
  const body = readText('body', input.body, { max: maxBodyLength });
  return inStaffTransaction(ctx, 'notes:write', async (trx, { staffId }) => {
    const [customer] = await findCustomers(trx, [customerId]);
    if (!customer) throw badInput('customerId', 'There is no such customer.');
    return trx
      .insertInto('portal.support_note')
      .values({ tenant_id: ctx.tenantId, user_id: customerId, staff_id: staffId, body })
      .returning(noteColumns)
      .executeTakeFirstOrThrow();
  });
};
