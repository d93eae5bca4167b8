import { type Kysely, sql } from 'kysely';

/** Staff have a `full_name`, as customers do. */
export function up(db: Kysely<unknown>): Promise<void> {
  return rename(db, 'fullname', 'full_name');
}

export function down(db: Kysely<unknown>): Promise<void> {
  return rename(db, 'full_name', 'fullname');
}

async function rename(db: Kysely<unknown>, from: string, to: string): Promise<void> {
  await sql
    .raw(`
    alter table auth.portal_user rename ${from} to ${to};
    alter table auth.portal_user rename constraint portal_user_${from}_check to portal_user_${to}_check;
    alter table auth.portal_user rename constraint portal_user_${from}_not_null to portal_user_${to}_not_null;
  `)
    .execute(db);
}
