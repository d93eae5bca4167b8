import { type Kysely, sql } from 'kysely';
import { normalizeTexts } from './support.ts';

/**
 * Names and notes that were written before all input was read in normal form C. And the audit log takes the kinds of every
 * subgraph, such as `reviews.text.removed`; which process may write which is in the policies of the table.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await normalizeTexts(db, { table: 'auth.user', columns: { full_name: 200 } });
  await normalizeTexts(db, { table: 'auth.portal_user', columns: { full_name: 200 } });
  await normalizeTexts(db, { table: 'portal.support_note', columns: { body: 4000 } });
  await sql`
    update auth.tenant set name = normalize(name, nfc)
    where name is not nfc normalized and length(normalize(name, nfc)) <= 200`.execute(db);
  await sql`
    alter table auth.audit_event
      drop constraint audit_event_kind_check,
      add constraint audit_event_kind_check check (kind ~ '^[a-z][a-z0-9]*(\\.[a-z][a-z_]*)+$')`.execute(db);
}

/** The texts stay: they look the same. So do rows of other kinds, which the check then leaves out: nobody deletes from the log. */
export async function down(db: Kysely<unknown>): Promise<void> {
  const check = String.raw`add constraint audit_event_kind_check check (kind ~ '^(auth|authz)\.[a-z_.]+$')`;
  await sql
    .raw(`
    alter table auth.audit_event drop constraint audit_event_kind_check;
    do $$
    begin
      alter table auth.audit_event ${check};
    exception when check_violation then
      alter table auth.audit_event ${check} not valid;
    end $$;
  `)
    .execute(db);
}
