import { createPruning, grantAuditing, revokeAuditing, secureByTenant } from '@signet/db/migrations-support';
import { type Kysely, sql } from 'kysely';

/** A change of stock that is sent again with its key is made once. Kept for a week: a client that repeats one does so within minutes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table inventory.idempotency_key (
      tenant_id uuid not null,
      staff_id uuid not null,
      key text not null check (length(key) between 1 and 200),
      input_hash bytea not null check (length(input_hash) = 32),
      created_at timestamptz not null default now(),
      primary key (tenant_id, staff_id, key),
      foreign key (tenant_id, staff_id) references auth.portal_user (tenant_id, id)
    )`.execute(db);
  await secureByTenant(db, 'inventory.idempotency_key');
  await sql`
    grant select (staff_id, key, input_hash), insert (tenant_id, staff_id, key, input_hash)
    on inventory.idempotency_key to signet_inventory`.execute(db);
  await sql`create index idempotency_key_age on inventory.idempotency_key (created_at)`.execute(db);
  await createPruning(db, {
    name: 'inventory.prune_idempotency_keys',
    table: 'inventory.idempotency_key',
    key: 'ctid',
    expired: `created_at < now() - interval '7 days'`,
    role: 'signet_inventory',
  });
  await grantAuditing(db, 'inventory');
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await revokeAuditing(db, 'inventory');
  await sql`drop function inventory.prune_idempotency_keys(integer)`.execute(db);
  await sql`drop table inventory.idempotency_key`.execute(db);
}
