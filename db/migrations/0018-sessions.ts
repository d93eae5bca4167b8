import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support.ts';

const endReasons = `'logout', 'ended', 'reuse', 'password', 'suspended', 'role'`;

/**
 * A refresh token names its family: all tokens of a session that were exchanged for one another. A token that was used long ago is
 * known by the family, so its row can go as soon as its successor is used. Tokens from before have none, and their rows stay until
 * they expire. A used token stays as long as its successor, which a client that lost the answer asks for with it: its `expires_at` moves
 * there. `in_cookie`: how the client holds the token. `refresh_paced_at`: how far a session's refreshes have used up its pace.
 * A session ends as `replaced` when the same browser signs in again.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const platform of ['user', 'portal']) {
    const [tokens, session, role] = namesOf(platform);
    await sql
      .raw(`
      alter table ${tokens}
        add column family_hash bytea check (length(family_hash) = 32),
        add column in_cookie boolean not null default false;
      create index ${platform}_refresh_token_family on ${tokens} (family_hash);
      alter table ${tokens} no force row level security;
      update ${tokens} as used set expires_at = greatest(used.expires_at, (
        select max(later.expires_at) from ${tokens} as later where later.session_id = used.session_id
      )) where used.sealed_successor is not null;
      alter table ${tokens} force row level security;
      drop index auth.${platform}_refresh_token_successor;
      alter table ${session} add column refresh_paced_at timestamptz,
        drop constraint ${platform}_session_end_reason_check,
        add constraint ${platform}_session_end_reason_check check (end_reason in (${endReasons}, 'replaced'));
      grant select (family_hash, in_cookie), insert (family_hash, in_cookie), update (expires_at), delete
        on ${tokens} to ${role};
      grant select (refresh_paced_at, end_reason), update (refresh_paced_at) on ${session} to ${role};
    `)
      .execute(db);
  }
  await createStaffSessionLock(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop function auth.lock_staff_session(uuid, uuid)`.execute(db);
  for (const platform of ['user', 'portal']) {
    const [tokens, session, role] = namesOf(platform);
    await sql
      .raw(`
      revoke update (expires_at), delete on ${tokens} from ${role};
      alter table ${tokens} drop column family_hash, drop column in_cookie;
      create index ${platform}_refresh_token_successor on ${tokens} (tenant_id, used_at) where sealed_successor is not null;
      revoke select (end_reason) on ${session} from ${role};
      alter table ${session} no force row level security;
      update ${session} set end_reason = 'logout' where end_reason = 'replaced';
      alter table ${session} force row level security;
      alter table ${session} drop column refresh_paced_at,
        drop constraint ${platform}_session_end_reason_check,
        add constraint ${platform}_session_end_reason_check check (end_reason in (${endReasons}));
    `)
      .execute(db);
  }
}

function namesOf(platform: string): [tokens: string, session: string, role: string] {
  return [`auth.${platform}_refresh_token`, `auth.${platform}_session`, `signet_auth_${platform}`];
}

/**
 * Whether a member of staff may still act in a session, for the process that may read neither accounts of staff nor sessions. Both rows
 * stay locked until the transaction ends: who takes the account or the session away comes first, or waits.
 */
async function createStaffSessionLock(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.lock_staff_session(staff uuid, session uuid) returns boolean
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;
      version pg_catalog.int4;
    begin
      select p.password_version into version from auth.portal_user p
        where p.id = staff and p.tenant_id = tenant and p.is_active for share;
      if not found then
        return false;
      end if;
      perform from auth.portal_session s
        where s.id = session and s.staff_id = staff and s.tenant_id = tenant
          and s.ended_at is null and s.expires_at > now() and s.password_version = version
        for share;
      return found;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'auth.lock_staff_session(uuid, uuid)', 'signet_portal');
}
