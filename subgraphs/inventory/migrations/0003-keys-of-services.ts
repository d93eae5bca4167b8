import { type Kysely, sql } from 'kysely';

const constraint = 'idempotency_key_tenant_id_staff_id_fkey';

/** Service accounts of the portal change stock too, and their ids are in another table than those of staff. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table inventory.idempotency_key drop constraint ${constraint}`).execute(db);
}

/** The owner sees the rows only while row security does not bind it. Keys are kept for a week: those of services are lost. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    alter table inventory.idempotency_key no force row level security;
    alter table auth.portal_user no force row level security;
    delete from inventory.idempotency_key k
      where not exists (select from auth.portal_user p where p.tenant_id = k.tenant_id and p.id = k.staff_id);
    alter table inventory.idempotency_key add constraint ${constraint}
      foreign key (tenant_id, staff_id) references auth.portal_user (tenant_id, id);
    alter table auth.portal_user force row level security;
    alter table inventory.idempotency_key force row level security;
  `)
    .execute(db);
}
