import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support.ts';

export const locks = [
  'auth.user_impersonation',
  'auth.user_session',
  'auth.portal_session',
  'auth.signing_key',
  'auth.audit_event',
];

const platforms = ['user', 'portal'] as const;
type Platform = (typeof platforms)[number];

/**
 * What staff see of the signing keys of both platforms, and do to them. Staff's auth process has rights to its own platform's rows only, and
 * none to the customers': it calls these functions, which never return a private half, and which judge the session of the member who acts.
 * No function makes a key: the platform's own process does, since only that can seal one.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createPolicies(db);
  await createList(db);
  await createRevocation(db);
  await createRequests(db);
  for (const platform of platforms) await createUse(db, platform);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    drop function auth.user_signing_key_use();
    drop function auth.portal_signing_key_use();
    drop function auth.request_key_rotation(uuid, uuid, text, text);
    drop function auth.request_key_revocation(uuid, uuid, text, text, boolean);
    drop function auth.revoke_user_signing_key(text, timestamptz);
    drop function auth.revoke_portal_signing_key(text, timestamptz);
    drop function auth.revoke_signing_key(text, text, timestamptz);
    drop function auth.list_signing_keys(text, integer);
    drop policy administered on auth.signing_key;
    drop policy key_changes on auth.audit_event;
    drop policy key_use on auth.audit_event;
    drop policy key_use on auth.user_session;
    drop policy key_use on auth.portal_session;
    drop policy key_use on auth.user_impersonation;
  `)
    .execute(db);
}

/** The owner signs in nowhere: these hold inside of the functions only. Keys, and what is counted for them, belong to no tenant. */
async function createPolicies(db: Kysely<unknown>): Promise<void> {
  const counts = `for select to signet_owner using (current_setting('app.counting_key_use', true) = 'yes')`;
  await sql
    .raw(`
    create policy administered on auth.signing_key to signet_owner using (true) with check (true);
    create policy key_changes on auth.audit_event for insert to signet_owner
      with check (tenant_id is null and kind like 'auth.key.%');
    create policy key_use on auth.audit_event ${counts};
    create policy key_use on auth.user_session ${counts};
    create policy key_use on auth.portal_session ${counts};
    create policy key_use on auth.user_impersonation ${counts};
  `)
    .execute(db);
}

/** All keys that are not retired, and the latest of those that are. `revoked_at` of a key that was revoked. */
async function createList(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.list_signing_keys(of_platform text, most_retired integer)
      returns table (kid text, algorithm text, state text, published_at timestamptz, activated_at timestamptz, retire_at timestamptz,
        promote_at timestamptz, imported boolean, token_seconds integer, revoked_at timestamptz)
      language sql stable security definer set search_path = ''
    begin atomic
      with known as (
        select k.*, row_number() over (partition by k.state order by k.retire_at desc nulls last, k.created_at desc) as place
        from auth.signing_key k where k.platform = of_platform
      )
      select k.kid, k.algorithm, k.state, k.published_at, k.activated_at, k.retire_at, k.promote_at, k.imported, k.token_seconds, (
        select min(r.created_at) from auth.revocation r
        where r.expires_at = 'infinity' and r.kind = 'signing_key' and r.platform = of_platform and r.subject = k.kid
      )
      from known k where k.state <> 'retired' or k.place <= most_retired
      order by array_position(array['next', 'active', 'retiring', 'retired'], k.state), k.retire_at desc nulls last, k.created_at desc;
    end;
  `)
    .execute(db);
  await publishFunction(db, 'auth.list_signing_keys(text, integer)', 'signet_auth_portal');
}

const lockKeys = `perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('signet signing keys ' || of_platform, 0));`;
const wakeSigners = `perform pg_catalog.pg_notify('signet_signing_key', '');`;

/**
 * Revokes a key at a moment. In one transaction its private half is destroyed, the revocation is recorded, and if it signed, the one that
 * waits takes over. The platform's process then makes another one to wait, at the latest when it starts.
 *
 * The core is granted to nobody, and runs as the owner inside of the others. Each auth role may call it for its own platform, which is what `npx signet keys revoke` does; staff's
 * process calls it through `request_key_revocation`.
 */
async function createRevocation(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.revoke_signing_key(of_platform text, revoked text, at timestamptz)
      returns table (was text, successor text, was_revoked boolean)
      language plpgsql volatile set search_path = ''
    as $$
    begin
      ${lockKeys}
      select k.state into was from auth.signing_key k where k.platform = of_platform and k.kid = revoked;
      was_revoked := exists (
        select from auth.revocation r
        where r.expires_at = 'infinity' and r.kind = 'signing_key' and r.platform = of_platform and r.subject = revoked
      );
      if not was_revoked then
        insert into auth.revocation (kind, platform, subject) values ('signing_key', of_platform, revoked);
        insert into auth.audit_event (tenant_id, kind, platform, details)
          values (null, 'auth.key.revoked', of_platform, pg_catalog.jsonb_build_object('kid', revoked));
      end if;
      if was <> 'retired' then
        update auth.signing_key k set state = 'retired', retire_at = at, sealed_private_key = '' where k.kid = revoked;
        insert into auth.audit_event (tenant_id, kind, platform, details)
          values (null, 'auth.key.retired', of_platform, pg_catalog.jsonb_build_object('kid', revoked));
      end if;
      if was = 'active' then
        update auth.signing_key k set state = 'active', activated_at = at, promote_at = null
          where k.platform = of_platform and k.state = 'next' returning k.kid into successor;
        if found then
          insert into auth.audit_event (tenant_id, kind, platform, details)
            values (null, 'auth.key.rotated', of_platform, pg_catalog.jsonb_build_object('kid', successor));
        end if;
      end if;
      ${wakeSigners}
      return next;
    end $$;
    revoke all on function auth.revoke_signing_key(text, text, timestamptz) from public;
  `)
    .execute(db);
  for (const platform of platforms) {
    await sql
      .raw(`
      create function auth.revoke_${platform}_signing_key(revoked text, at timestamptz)
        returns table (was text, successor text, was_revoked boolean)
        language plpgsql volatile security definer set search_path = ''
      as $$
      begin
        return query select r.was, r.successor, r.was_revoked from auth.revoke_signing_key('${platform}', revoked, at) r;
      end $$;
    `)
      .execute(db);
    await publishFunction(
      db,
      `auth.revoke_${platform}_signing_key(text, timestamptz)`,
      `signet_auth_${platform}`,
    );
  }
}

/**
 * What staff ask for. A rotation is asked of the key that waits: the platform's process carries it out within a second, or when it starts,
 * and never before the key has been published for long enough. It names the key that signs, so that of two members who ask at once
 * the second one rotates nothing.
 */
async function createRequests(db: Kysely<unknown>): Promise<void> {
  const judgeSession = `
      if of_platform not in ('user', 'portal') or not auth.lock_staff_session(staff, session) then
        raise exception 'no live session of this member of staff' using errcode = '28000';
      end if;`;
  await sql
    .raw(`
    create function auth.request_key_rotation(staff uuid, session uuid, of_platform text, signing text) returns text
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin${judgeSession}
      ${lockKeys}
      perform from auth.signing_key k where k.platform = of_platform and k.kid = signing and k.state = 'active';
      if not found then
        return 'replaced';
      end if;
      perform from auth.signing_key k
        where k.platform = of_platform and k.state = 'next' and k.promote_at <= pg_catalog.clock_timestamp();
      if found then
        return 'asked';
      end if;
      update auth.signing_key k set promote_at = pg_catalog.clock_timestamp() where k.platform = of_platform and k.state = 'next';
      if not found then
        return 'incomplete';
      end if;
      ${wakeSigners}
      return 'done';
    end $$;

    create function auth.request_key_revocation(staff uuid, session uuid, of_platform text, revoked text, in_files boolean)
      returns table (outcome text, was text, successor text)
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      was_revoked pg_catalog.bool;
    begin${judgeSession}
      ${lockKeys}
      if not in_files and not exists (select from auth.signing_key k where k.platform = of_platform and k.kid = revoked) then
        outcome := 'unknown';
        return next;
        return;
      end if;
      select r.was, r.successor, r.was_revoked into was, successor, was_revoked
        from auth.revoke_signing_key(of_platform, revoked, pg_catalog.clock_timestamp()) r;
      outcome := case when was_revoked then 'again' else 'done' end;
      return next;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'auth.request_key_rotation(uuid, uuid, text, text)', 'signet_auth_portal');
  await publishFunction(
    db,
    'auth.request_key_revocation(uuid, uuid, text, text, boolean)',
    'signet_auth_portal',
  );
}

/**
 * Who holds tokens now that a key signed: sessions that got their last one while it signed and not longer ago than a token lives,
 * impersonations likewise, and service accounts by their rows in the audit log, which come up to two minutes late. Numbers of all tenants,
 * and nothing else. The sessions are read once for all keys: no index is on their last use, which each refresh changes.
 */
async function createUse(db: Kysely<unknown>, platform: Platform): Promise<void> {
  const gotLast = (time: string) =>
    `${time} >= s.since and ${time} < s.until and ${time} > pg_catalog.now() - pg_catalog.make_interval(secs => s.token_seconds)`;
  const impersonations =
    platform === 'user'
      ? `(select count(*) from auth.user_impersonation i
          where i.ended_at is null and i.expires_at > pg_catalog.now() and i.begun_at >= s.since and i.begun_at < s.until)`
      : '0::pg_catalog.int8';
  await sql
    .raw(`
    create function auth.${platform}_signing_key_use()
      returns table (kid text, sessions bigint, impersonations bigint, services bigint)
      language plpgsql volatile security definer set search_path = ''
    as $$
    #variable_conflict use_column
    begin
      perform pg_catalog.set_config('app.counting_key_use', 'yes', true);
      return query
        with signing as (
          select k.kid, k.state, k.token_seconds, k.activated_at as since,
            coalesce(lead(k.activated_at) over (order by k.activated_at), 'infinity') as until
          from auth.signing_key k where k.platform = '${platform}' and k.activated_at is not null
        ), recent as materialized (
          select x.last_used_at from auth.${platform}_session x
          where x.ended_at is null and x.expires_at > pg_catalog.now()
            and x.last_used_at > pg_catalog.now() - pg_catalog.make_interval(secs => (select max(s.token_seconds) from signing s))
        )
        select s.kid,
          (select count(*) from recent x where ${gotLast('x.last_used_at')}),
          ${impersonations},
          (select count(distinct e.subject_id) from auth.audit_event e
            where e.platform = '${platform}' and e.kind = 'auth.service.token_issued' and ${gotLast('e.happened_at')})
        from signing s where s.state in ('active', 'retiring');
      perform pg_catalog.set_config('app.counting_key_use', '', true);
    end $$;
  `)
    .execute(db);
  await publishFunction(db, `auth.${platform}_signing_key_use()`, 'signet_auth_portal');
}
