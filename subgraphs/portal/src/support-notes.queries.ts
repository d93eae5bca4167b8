import { type Database, idList } from '@signet/db';
import type { PageRequest } from '@signet/subgraph';
import { sql, type Transaction } from 'kysely';

export type SupportNoteRow = {
  id: string;
  user_id: string;
  staff_id: string;
  body: string;
  created_at: Date;
  created_microseconds: number;
};

/** `created_microseconds` since 1970: a Date would round what cursors must compare. */
export const noteColumns = [
  'id',
  'user_id',
  'staff_id',
  'body',
  'created_at',
  sql<number>`(extract(epoch from created_at) * 1000000)::bigint`.as('created_microseconds'),
] as const;

/** The same page of several customers' notes in one statement, latest first. Where there is a next page, one row more. */
export function findNotesOfUsers(
  trx: Transaction<Database>,
  userIds: readonly string[],
  { first, after }: PageRequest<number>,
): Promise<SupportNoteRow[]> {
  return trx
    .selectFrom(sql<{ id: string }>`unnest(${idList(userIds)})`.as<'asked'>(sql`asked(id)`))
    .innerJoinLateral(
      (eb) => {
        const notes = eb
          .selectFrom('portal.support_note')
          .select(noteColumns)
          .whereRef('user_id', '=', 'asked.id')
          .orderBy('created_at', 'desc')
          .orderBy('id', 'desc')
          .limit(first + 1);
        if (!after) return notes.as('note');
        return notes
          .where(
            sql<boolean>`(created_at, id) < (timestamptz 'epoch' + ${after.key}::double precision * interval '1 microsecond', ${after.id})`,
          )
          .as('note');
      },
      (join) => join.onTrue(),
    )
    .selectAll('note')
    .orderBy('created_at', 'desc')
    .orderBy('note.id', 'desc')
    .execute();
}

/** The function that judges the member's session, and whose note it is. @returns whom it was about; undefined for none of theirs. */
export async function deleteNote(
  trx: Transaction<Database>,
  { id, staffId, sessionId }: { id: string; staffId: string; sessionId: string | undefined },
): Promise<string | undefined> {
  const { rows } = await sql<{ customer: string | null }>`
    select portal.delete_support_note(${id}, ${staffId}, ${sessionId}) as customer`.execute(trx);
  return rows[0]?.customer ?? undefined;
}
