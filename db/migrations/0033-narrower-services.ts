import { type Kysely, sql } from 'kysely';
import { createPruning, dropPruning, publishFunction } from './support.ts';

const platforms = ['user', 'portal'] as const;
type Platform = (typeof platforms)[number];

const tenant = `nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid`;

/**
 * What issue 14 left: when a role of staff was decided, from where services ask, and service accounts that change. `token_sid` is the `sid` of
 * the tokens of a credential from the first change on that takes something away: the one before is revoked, and the credential stays.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createRoleTimes(db);
  for (const platform of platforms) {
    await createClientAddresses(db, platform);
    await createTokenSids(db, platform);
    await createFinding(db, platform, `coalesce(c.token_sid, c.id)`);
    await createChange(db, platform);
    await createListOfMaker(db, platform);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms) {
    const credential = `auth.${platform}_service_credential`;
    await createFinding(db, platform, undefined);
    await dropPruning(db, pruningOf(platform));
    await sql
      .raw(`
      drop function auth.list_${platform}_services_of(uuid);
      drop function auth.change_${platform}_service_account(uuid, uuid, uuid, text, text[], text[], boolean, timestamptz);
      drop table auth.${platform}_client_address;
      drop trigger revoke_ended on ${credential};
      create trigger revoke_ended after update of revoked_at on ${credential}
        for each row when (old.revoked_at is null and new.revoked_at is not null)
        execute function auth.revoke_session('${platform}');
      alter table ${credential} drop column token_sid;
    `)
      .execute(db);
  }
  await sql
    .raw(`
    drop function auth.revoke_service_tokens();
    drop trigger note_role_time on auth.portal_user;
    drop function auth.note_role_time();
    alter table auth.portal_user drop column role_decided_at;
  `)
    .execute(db);
}

/**
 * `role_decided_at`: when anybody here, an operator or an identity provider last said which role a member has. What a provider said before
 * that counts no more.
 */
async function createRoleTimes(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    alter table auth.portal_user add column role_decided_at timestamptz;
    grant select (role_decided_at), update (role_decided_at) on auth.portal_user to signet_auth_portal;
    create function auth.note_role_time() returns trigger language plpgsql set search_path = '' as $$
    begin
      new.role_decided_at := pg_catalog.clock_timestamp();
      return new;
    end $$;
    revoke all on function auth.note_role_time() from public;
    create trigger note_role_time before update of role on auth.portal_user
      for each row when (old.role is distinct from new.role)
      execute function auth.note_role_time();

    create function auth.revoke_service_tokens() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into auth.revocation (kind, platform, subject, expires_at)
      values ('session', tg_argv[0], coalesce(old.token_sid, old.id)::pg_catalog.text, pg_catalog.clock_timestamp() + interval '65 minutes');
      return null;
    end $$;
    revoke all on function auth.revoke_service_tokens() from public;
  `)
    .execute(db);
}

function pruningOf(platform: Platform) {
  return {
    name: `auth.prune_${platform}_client_addresses`,
    table: `auth.${platform}_client_address`,
    key: 'ctid',
    expired: `seen_at < now() - interval '25 hours'`,
    role: `signet_auth_${platform}`,
  };
}

/** From where a service was itself within the day, for all replicas. Read before the client has named a tenant that anybody believes. */
async function createClientAddresses(db: Kysely<unknown>, platform: Platform): Promise<void> {
  const table = `auth.${platform}_client_address`;
  const role = `signet_auth_${platform}`;
  await sql
    .raw(`
    create table ${table} (
      address inet not null,
      account_id uuid not null,
      seen_at timestamptz not null default now(),
      primary key (address, account_id)
    );
    create index ${platform}_client_address_age on ${table} (seen_at);
    alter table ${table} enable row level security;
    alter table ${table} force row level security;
    create policy own on ${table} to ${role} using (true) with check (true);
    grant select (address, account_id, seen_at), insert (address, account_id), update (seen_at) on ${table} to ${role};
  `)
    .execute(db);
  await createPruning(db, pruningOf(platform));
}

async function createTokenSids(db: Kysely<unknown>, platform: Platform): Promise<void> {
  const credential = `auth.${platform}_service_credential`;
  await sql
    .raw(`
    alter table ${credential} add column token_sid uuid;
    drop trigger revoke_ended on ${credential};
    create trigger revoke_ended after update of revoked_at, token_sid on ${credential}
      for each row when (old.revoked_at is null and (new.revoked_at is not null or old.token_sid is distinct from new.token_sid))
      execute function auth.revoke_service_tokens('${platform}');
  `)
    .execute(db);
}

/** As in 0030, with the `sid` of tokens where `sid` is an expression. */
async function createFinding(
  db: Kysely<unknown>,
  platform: Platform,
  sid: string | undefined,
): Promise<void> {
  await sql
    .raw(`
    create or replace function auth.find_${platform}_service_account(client uuid)
      returns table (tenant_id uuid, scopes text[], networks text[], expires_at timestamptz, credentials jsonb)
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      perform pg_catalog.set_config('app.service_client', client::pg_catalog.text, true);
      return query
        select a.tenant_id, a.scopes, a.networks::pg_catalog.text[], a.expires_at,
          coalesce((
            select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', c.id, 'kind', c.kind, 'kid', c.kid, 'jwk', c.public_jwk,
              'jwksUrl', c.jwks_url, 'secretHash', pg_catalog.encode(c.secret_hash, 'hex')${sid === undefined ? '' : `, 'sid', ${sid}`}) order by c.created_at, c.id)
            from auth.${platform}_service_credential c where c.account_id = a.id and c.revoked_at is null
          ), '[]')
        from auth.${platform}_service_account a where a.id = client and a.is_active;
      perform pg_catalog.set_config('app.service_client', '', true);
    end $$;
  `)
    .execute(db);
}

/**
 * Changes an active account; null leaves a part as it is, and `ending` says whether `ends` counts. Scopes only become fewer (`wider`). Where
 * something was taken away, the tokens of before end: `ended` says of how many credentials.
 */
async function createChange(db: Kysely<unknown>, platform: Platform): Promise<void> {
  const account = `auth.${platform}_service_account`;
  const credential = `auth.${platform}_service_credential`;
  const signature = `auth.change_${platform}_service_account(uuid, uuid, uuid, text, text[], text[], boolean, timestamptz)`;
  await sql
    .raw(`
    create function auth.change_${platform}_service_account(
        staff uuid, session uuid, service uuid, title text, granted text[], ranges text[], ending boolean, ends timestamptz)
      returns table (outcome text, ended integer)
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := ${tenant};
      held ${account};
      places pg_catalog.cidr[];
      is_narrower pg_catalog.bool;
    begin
      if not auth.lock_staff_session(staff, session) then
        raise exception 'no live session of this member of staff' using errcode = '28000';
      end if;
      ended := 0;
      select a.* into held from ${account} a where a.id = service and a.tenant_id = tenant for update;
      if not found or not held.is_active then
        outcome := case when found then 'inactive' else 'unknown' end;
        return next;
        return;
      end if;
      if not (granted <@ held.scopes) then
        outcome := 'wider';
        return next;
        return;
      end if;
      places := case when ranges is null then held.networks
        else array(select pg_catalog.network(r::pg_catalog.inet) from pg_catalog.unnest(ranges) as r) end;
      is_narrower := coalesce(not (held.scopes <@ granted), false)
        or coalesce(ending and ends < coalesce(held.expires_at, 'infinity'), false)
        or (pg_catalog.cardinality(places) > 0 and (pg_catalog.cardinality(held.networks) = 0 or exists (
          select from pg_catalog.unnest(held.networks) as o
          where not exists (select from pg_catalog.unnest(places) as n where o <<= n))));
      begin
        update ${account} a set name = coalesce(title, a.name), scopes = coalesce(granted, a.scopes), networks = places,
          expires_at = case when ending then ends else a.expires_at end, updated_at = pg_catalog.now()
        where a.id = service;
      exception when unique_violation then
        outcome := 'taken';
        return next;
        return;
      end;
      if is_narrower then
        update ${credential} c set token_sid = pg_catalog.gen_random_uuid()
          where c.account_id = service and c.tenant_id = tenant and c.revoked_at is null;
        get diagnostics ended = row_count;
      end if;
      outcome := 'done';
      return next;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, signature, 'signet_auth_portal');
}

/** The active accounts that a member of staff made or gave a credential that still works: whoever leaves may hold its key. */
async function createListOfMaker(db: Kysely<unknown>, platform: Platform): Promise<void> {
  const credential = `auth.${platform}_service_credential`;
  await sql
    .raw(`
    create function auth.list_${platform}_services_of(maker uuid)
      returns table (id uuid, name text, scopes text[], networks text[], expires_at timestamptz, is_active boolean, created_by uuid,
        created_at timestamptz, credentials jsonb)
      language plpgsql stable security definer set search_path = ''
    as $$
    #variable_conflict use_column
    declare
      tenant pg_catalog.uuid := ${tenant};
    begin
      return query
        select a.id, a.name, a.scopes, a.networks::pg_catalog.text[], a.expires_at, a.is_active, a.created_by, a.created_at,
          coalesce((
            select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', c.id, 'kind', c.kind, 'kid', c.kid, 'jwksUrl', c.jwks_url,
              'createdBy', c.created_by, 'createdAt', c.created_at, 'revokedAt', c.revoked_at) order by c.created_at, c.id)
            from ${credential} c where c.tenant_id = tenant and c.account_id = a.id
          ), '[]')
        from auth.${platform}_service_account a
        where a.tenant_id = tenant and a.is_active and (a.created_by = maker or exists (
          select from ${credential} c
          where c.tenant_id = tenant and c.account_id = a.id and c.created_by = maker and c.revoked_at is null))
        order by a.name, a.id limit 100;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, `auth.list_${platform}_services_of(uuid)`, 'signet_auth_portal');
}
