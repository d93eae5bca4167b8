import { type Kysely, sql } from 'kysely';

/**
 * Counters of failed sign-ins, a table for each platform, open to its process alone. The columns and their order are those
 * that rate-limiter-flexible asks for. `key` is an HMAC: nothing here tells an e-mail or an address. Logged, not unlogged:
 * a crash must not give everybody their guesses back.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const platform of ['user', 'portal']) {
    await sql
      .raw(`
      create table auth.${platform}_throttle (
        key varchar(255) primary key,
        points integer not null default 0,
        expire bigint not null
      );
      create index ${platform}_throttle_expire on auth.${platform}_throttle (expire);
      alter table auth.${platform}_throttle enable row level security;
      alter table auth.${platform}_throttle force row level security;
      create policy counters on auth.${platform}_throttle to signet_auth_${platform} using (true) with check (true);
      grant select (key, points, expire), insert (key, points, expire), update (points, expire), delete
        on auth.${platform}_throttle to signet_auth_${platform};
    `)
      .execute(db);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const platform of ['user', 'portal']) {
    await sql.raw(`drop table auth.${platform}_throttle`).execute(db);
  }
}
