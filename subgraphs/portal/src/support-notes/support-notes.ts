import { createConnection, readPage } from '@signet/subgraph';
import type { SupportNoteResolvers, UserResolvers } from '../resolvers.generated.ts';
import { requireStaff } from '../staff-access.ts';
import { noteCursor } from './note-page.ts';

export const supportNotes: NonNullable<UserResolvers['supportNotes']> = async (user, args, ctx) => {
  requireStaff(ctx.session, 'customers:read');
  const page = readPage(args, noteCursor);
  const rows = await ctx.loaders.notesOfUser.load({ ownerId: user.id, page });
  return createConnection(rows, page, noteCursor, (row) => ({ key: row.created_microseconds, id: row.id }));
};

export const supportNoteResolvers: SupportNoteResolvers = {
  createdAt: (row) => row.created_at,
  author: (row) => ({ id: row.staff_id }),
};
