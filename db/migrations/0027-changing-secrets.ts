import { type Kysely, sql } from 'kysely';

const platforms = ['user', 'portal'] as const;
const keyId = `text check (key_id ~ '^[0-9a-f]{16}$')`;

/**
 * For secrets that are changed while processes run. `lasting_key`: keys that outlive the pepper they came from, by which counters are named and
 * device tokens signed; each sealed under a pepper. `key_id`: under which AUDIT_KEY a seal was made; null in those of before.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    alter table auth.audit_seal add column key_id ${keyId};
    alter table auth.audit_pruning add column key_id ${keyId};
  `)
    .execute(db);
  for (const platform of platforms) {
    const role = `signet_auth_${platform}`;
    await sql
      .raw(`
      grant select (key_id), insert (key_id) on auth.audit_seal to ${role};
      grant select (key_id), insert (key_id) on auth.audit_pruning to ${role};
      create table auth.${platform}_lasting_key (
        name text primary key check (name ~ '^[a-z]{1,30}$'),
        sealed_key bytea not null,
        created_at timestamptz not null default now()
      );
      grant select (name, sealed_key), insert (name, sealed_key), update (sealed_key)
        on auth.${platform}_lasting_key to ${role};
      alter table auth.${platform}_lasting_key enable row level security;
      alter table auth.${platform}_lasting_key force row level security;
      create policy ${platform}_keys on auth.${platform}_lasting_key to ${role} using (true) with check (true);
    `)
      .execute(db);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms) {
    await sql.raw(`drop table auth.${platform}_lasting_key`).execute(db);
  }
  await sql
    .raw(`
    alter table auth.audit_seal drop column key_id;
    alter table auth.audit_pruning drop column key_id;
  `)
    .execute(db);
}
