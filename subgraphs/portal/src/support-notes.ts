import { requirePortal } from '@signet/access';
import { writeAuditEvent } from '@signet/db';
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
import { deleteNote, noteColumns } from './support-notes.queries.ts';

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

/** @throws {RefusalError} input.id for a note of somebody else as for an unknown one; auth.failure.revoked */
export const deleteSupportNote: NonNullable<MutationResolvers['deleteSupportNote']> = async (
  _parent,
  args,
  ctx,
) => {
  requirePortal(ctx.session, 'notes:write');
  const { tenantId, origin } = ctx;
  const id = readId('id', args.id);
  return inStaffTransaction(ctx, 'notes:write', async (trx, { staffId, sessionId }) => {
    const subjectId = await deleteNote(trx, { id, staffId, sessionId });
    if (subjectId === undefined) throw badInput('id', 'You wrote no such note.');
    const event = { platform: 'portal', tenantId, actorId: staffId, sessionId, subjectId, origin } as const;
    await writeAuditEvent(trx, { kind: 'auth.customer.note_deleted', ...event, details: { note: id } });
    return true;
  });
};
