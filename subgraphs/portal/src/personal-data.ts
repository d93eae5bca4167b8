import type { PersonalData } from '@signet/subgraph/define';
import { sql } from 'kysely';

/**
 * What staff wrote about a customer and did to their account. It is about the customer, so they get it; who of the staff it was and why
 * they acted is not, so they don't.
 */
export const personalData: PersonalData = {
  async export({ trx, accountId }) {
    const supportNotes = await trx
      .selectFrom('portal.support_note')
      .select(['body', 'created_at as createdAt'])
      .where('user_id', '=', accountId)
      .orderBy('created_at')
      .execute();
    const assignedStaff = await trx
      .selectFrom('access.relation_tuple')
      .select('created_at as since')
      .where('namespace', '=', 'customer')
      .where('object', '=', accountId)
      .orderBy('created_at')
      .execute();
    const actsOfStaff = await trx
      .selectFrom('auth.audit_event')
      .select(['kind', 'happened_at as at', 'details'])
      .where('subject_id', '=', accountId)
      .where('platform', '=', 'portal')
      .orderBy('happened_at')
      .execute();
    return {
      supportNotes,
      assignedStaff,
      actsOfStaff: actsOfStaff.map((act) => ({ ...act, details: pickCounts(act.details) })),
    };
  },

  async erase({ trx, accountId }) {
    await sql`select portal.erase_support_notes(${accountId})`.execute(trx);
    await trx
      .deleteFrom('access.relation_tuple')
      .where('namespace', '=', 'customer')
      .where('object', '=', accountId)
      .execute();
  },
};

/** Of the details of an event, those that say how much changed. Others name staff, or hold their internal reasons. */
function pickCounts(details: unknown): Record<string, number> {
  const counts = Object.entries(details ?? {}).filter(
    ([name, value]) => shownDetails.has(name) && typeof value === 'number',
  );
  return Object.fromEntries(counts);
}

const shownDetails: ReadonlySet<string> = new Set(['changed', 'ended']);
