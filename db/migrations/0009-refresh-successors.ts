import { type Kysely, sql } from 'kysely';

/**
 * What a used refresh token was exchanged for, sealed under a key that only the token itself gives: a client that lost the
 * answer gets it again, a reader of the table learns nothing. Null as soon as the grace is over.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const platform of ['user', 'portal']) {
    const table = `auth.${platform}_refresh_token`;
    await sql
      .raw(`
      alter table ${table} add column sealed_successor bytea,
        add constraint successor_of_used check (sealed_successor is null or used_at is not null);
      create index ${platform}_refresh_token_successor on ${table} (tenant_id, used_at) where sealed_successor is not null;
      grant select (sealed_successor), update (sealed_successor) on ${table} to signet_auth_${platform};
    `)
      .execute(db);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const platform of ['user', 'portal']) {
    await sql.raw(`alter table auth.${platform}_refresh_token drop column sealed_successor`).execute(db);
  }
}
