import { type Kysely, sql } from 'kysely';

const platforms = [
  { role: 'signet_auth_user', account: 'auth.user' },
  { role: 'signet_auth_portal', account: 'auth.portal_user' },
];

/**
 * The version of an account's device tokens: a token of another version is worth nothing. A change of password, a suspension and
 * a deactivation begin a new one, whoever makes them and by which statement.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function auth.forget_devices() returns trigger language plpgsql set search_path = '' as $$
    begin
      new.device_version := old.device_version + 1;
      return new;
    end $$`.execute(db);
  await sql`revoke all on function auth.forget_devices() from public`.execute(db);
  for (const { role, account } of platforms) {
    await sql
      .raw(`
      alter table ${account} add column device_version integer not null default 1;
      grant select (device_version) on ${account} to ${role};
      create trigger forget_devices before update of password_version, is_active on ${account}
        for each row
        when (old.password_version is distinct from new.password_version or old.is_active is distinct from new.is_active)
        execute function auth.forget_devices();
    `)
      .execute(db);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const { account } of platforms) {
    await sql
      .raw(`
      drop trigger forget_devices on ${account};
      alter table ${account} drop column device_version;
    `)
      .execute(db);
  }
  await sql`drop function auth.forget_devices()`.execute(db);
}
