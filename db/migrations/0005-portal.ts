import { type Kysely, sql } from 'kysely';
import { grantUsage, secureByTenant } from './support.ts';

/** What staff write about customers. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create schema portal`.execute(db);
  await grantUsage(db, 'portal', ['signet_portal']);
  await sql`
    create table portal.support_note (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null,
      user_id uuid not null,
      staff_id uuid not null,
      body text not null check (length(body) between 1 and 4000),
      created_at timestamptz not null default now(),
      foreign key (tenant_id, user_id) references auth.user (tenant_id, id),
      foreign key (tenant_id, staff_id) references auth.portal_user (tenant_id, id)
    )`.execute(db);
  await sql`create index support_note_of_user on portal.support_note (tenant_id, user_id, created_at desc, id desc)`.execute(
    db,
  );
  await secureByTenant(db, 'portal.support_note');
  await sql`
    grant select (id, user_id, staff_id, body, created_at), insert (tenant_id, user_id, staff_id, body)
    on portal.support_note to signet_portal`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop schema portal cascade`.execute(db);
}
