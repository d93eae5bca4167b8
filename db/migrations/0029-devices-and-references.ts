import { type Kysely, sql } from 'kysely';

const platforms = ['user', 'portal'] as const;

/**
 * A session knows the device on which it began, or on which its owner last proved who they are; ending the device ends it. A mail names
 * the pepper that seals it (null: from before), so that a pepper is kept until no mail needs it. And portal's process, which reads the
 * audit log, no longer reads the ids of staff's sessions there: with one it could act as a member of staff who is signed in. It reads
 * `session_ref`, which is the same for all rows of a session and opens nothing.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms) {
    const role = `signet_auth_${platform}`;
    await sql
      .raw(`
      alter table auth.${platform}_session add column device_id text check (device_id ~ '^[A-Za-z0-9_-]{22}$');
      grant select (device_id), update (device_id) on auth.${platform}_session to ${role};
      alter table auth.${platform}_mail add column pepper_id text;
      grant select (pepper_id), insert (pepper_id) on auth.${platform}_mail to ${role};
    `)
      .execute(db);
  }
  // Of every row: an auth process of customers records what it refuses to staff as well.
  await sql
    .raw(`
    alter table auth.audit_event add column session_ref text generated always as (
      substr(encode(sha256(uuid_send(session_id)), 'hex'), 1, 32)
    ) virtual;
    revoke select (session_id) on auth.audit_event from signet_portal;
    grant select (session_ref) on auth.audit_event to signet_portal;
  `)
    .execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    alter table auth.audit_event drop column session_ref;
    grant select (session_id) on auth.audit_event to signet_portal;
  `)
    .execute(db);
  for (const platform of platforms) {
    await sql
      .raw(`
      alter table auth.${platform}_mail drop column pepper_id;
      alter table auth.${platform}_session drop column device_id;
    `)
      .execute(db);
  }
}
