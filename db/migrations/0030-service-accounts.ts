import { type Kysely, sql } from 'kysely';
import { createPruning, dropPruning, publishFunction, secureByTenant } from './support.ts';

const platforms = ['user', 'portal'] as const;
type Platform = (typeof platforms)[number];

/**
 * Service accounts per platform, their credentials, and the assertions that were used. No process reads or writes the first two tables:
 * staff's auth process calls functions that judge the session of the member who acts, and the platform's own calls one that gives a single
 * account by its id. A credential ends once: its row stays, so that the same key is never registered for the account again.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms) {
    await createTables(db, platform);
    await createFinding(db, platform);
    await createAdministration(db, platform);
    await createTokenRevocation(db, platform);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms) {
    const functions = [
      `revoke_${platform}_service_token(uuid, timestamptz)`,
      `deactivate_${platform}_service_account(uuid, uuid, uuid)`,
      `revoke_${platform}_service_credential(uuid, uuid, uuid)`,
      `add_${platform}_service_credential(uuid, uuid, uuid, text, text, jsonb, text, bytea)`,
      `create_${platform}_service_account(uuid, uuid, text, text[], text[], timestamptz)`,
      `list_${platform}_service_accounts(uuid, text, uuid, integer)`,
      `find_${platform}_service_account(uuid)`,
    ];
    for (const name of functions) await sql.raw(`drop function auth.${name}`).execute(db);
    await dropPruning(db, pruningOf(platform));
    await sql
      .raw(`
      drop table auth.${platform}_client_assertion;
      drop table auth.${platform}_service_credential;
      drop table auth.${platform}_service_account;
    `)
      .execute(db);
  }
}

/** Five minutes more for clocks that differ: a row that goes too early lets an assertion in twice. */
function pruningOf(platform: Platform) {
  return {
    name: `auth.prune_${platform}_client_assertions`,
    table: `auth.${platform}_client_assertion`,
    key: 'assertion_hash',
    expired: `expires_at < now() - interval '5 minutes'`,
    role: `signet_auth_${platform}`,
  };
}

/**
 * `networks`: where the account may ask from; everywhere where there are none. `id` of a credential is the `sid` of the tokens that it
 * asks for, so that ending it is a row of the revocation feed. Assertions are unlogged as nonces are: after a crash of the server, one
 * that was used within its five minutes could be used once more.
 */
async function createTables(db: Kysely<unknown>, platform: Platform): Promise<void> {
  const account = `auth.${platform}_service_account`;
  const credential = `auth.${platform}_service_credential`;
  const assertion = `auth.${platform}_client_assertion`;
  const role = `signet_auth_${platform}`;
  await sql
    .raw(`
    create table ${account} (
      id uuid primary key default gen_random_uuid(),
      tenant_id uuid not null references auth.tenant,
      name text not null check (length(name) between 1 and 100),
      scopes text[] not null check (cardinality(scopes) between 1 and 100),
      networks cidr[] not null default '{}' check (cardinality(networks) <= 100),
      expires_at timestamptz,
      is_active boolean not null default true,
      created_by uuid not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (tenant_id, id),
      foreign key (tenant_id, created_by) references auth.portal_user (tenant_id, id)
    );
    create unique index ${platform}_service_account_name on ${account} (tenant_id, name) where is_active;
    create index ${platform}_service_account_page on ${account} (tenant_id, name, id);

    create table ${credential} (
      id uuid primary key default gen_random_uuid(),
      tenant_id uuid not null references auth.tenant,
      account_id uuid not null,
      kind text not null check (kind in ('key', 'jwks', 'secret')),
      kid text check (length(kid) between 1 and 128),
      public_jwk jsonb check (not public_jwk ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']),
      jwks_url text check (length(jwks_url) <= 2000 and jwks_url ^@ 'https://'),
      secret_hash bytea check (length(secret_hash) = 32),
      created_by uuid not null,
      created_at timestamptz not null default now(),
      revoked_at timestamptz,
      check ((kind = 'key') = (public_jwk is not null)),
      check ((kind = 'key') = (kid is not null)),
      check ((kind = 'jwks') = (jwks_url is not null)),
      check ((kind = 'secret') = (secret_hash is not null)),
      foreign key (tenant_id, account_id) references ${account} (tenant_id, id),
      foreign key (tenant_id, created_by) references auth.portal_user (tenant_id, id)
    );
    create unique index ${platform}_service_credential_kid on ${credential} (account_id, kid);
    create index ${platform}_service_credential_account on ${credential} (tenant_id, account_id, created_at);
    create trigger revoke_ended after update of revoked_at on ${credential}
      for each row when (old.revoked_at is null and new.revoked_at is not null)
      execute function auth.revoke_session('${platform}');

    create unlogged table ${assertion} (
      assertion_hash bytea primary key check (length(assertion_hash) = 32),
      expires_at timestamptz not null
    );
    create index ${platform}_client_assertion_expiry on ${assertion} (expires_at);
    alter table ${assertion} enable row level security;
    alter table ${assertion} force row level security;
    create policy newcomers on ${assertion} for insert to ${role} with check (true);
    create policy own on ${assertion} for select to ${role} using (true);
    grant select (assertion_hash), insert (assertion_hash, expires_at) on ${assertion} to ${role};
  `)
    .execute(db);
  await secureByTenant(db, account);
  await secureByTenant(db, credential);
  await createPruning(db, pruningOf(platform));
}

/**
 * What the token endpoint needs of one account: a client that asks for a token names itself, and its account names the tenant. Outside of
 * the function the owner sees no more than before.
 */
async function createFinding(db: Kysely<unknown>, platform: Platform): Promise<void> {
  const wanted = `nullif(current_setting('app.service_client', true), '')::uuid`;
  await sql
    .raw(`
    create policy find_service_client on auth.${platform}_service_account for select to signet_owner using (id = ${wanted});
    create policy find_service_client on auth.${platform}_service_credential for select to signet_owner using (account_id = ${wanted});
    create function auth.find_${platform}_service_account(client uuid)
      returns table (tenant_id uuid, scopes text[], networks text[], expires_at timestamptz, credentials jsonb)
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      perform pg_catalog.set_config('app.service_client', client::pg_catalog.text, true);
      return query
        select a.tenant_id, a.scopes, a.networks::pg_catalog.text[], a.expires_at,
          coalesce((
            select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', c.id, 'kind', c.kind, 'kid', c.kid, 'jwk', c.public_jwk,
              'jwksUrl', c.jwks_url, 'secretHash', pg_catalog.encode(c.secret_hash, 'hex')) order by c.created_at, c.id)
            from auth.${platform}_service_credential c where c.account_id = a.id and c.revoked_at is null
          ), '[]')
        from auth.${platform}_service_account a where a.id = client and a.is_active;
      perform pg_catalog.set_config('app.service_client', '', true);
    end $$;
  `)
    .execute(db);
  await publishFunction(db, `auth.find_${platform}_service_account(uuid)`, `signet_auth_${platform}`);
}

const tenant = `nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid`;
const judgeSession = `
      if not auth.lock_staff_session(staff, session) then
        raise exception 'no live session of this member of staff' using errcode = '28000';
      end if;`;

/** What staff see and do. Each change judges the member's session itself: the rights of the process alone make no account. */
async function createAdministration(db: Kysely<unknown>, platform: Platform): Promise<void> {
  const account = `auth.${platform}_service_account`;
  const credential = `auth.${platform}_service_credential`;
  await sql
    .raw(`
    create function auth.list_${platform}_service_accounts(one uuid, after_name text, after_id uuid, most integer)
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
        from ${account} a
        where a.tenant_id = tenant and (one is null or a.id = one) and (after_name is null or (a.name, a.id) > (after_name, after_id))
        order by a.name, a.id limit least(most, 101);
    end $$;

    create function auth.create_${platform}_service_account(
        staff uuid, session uuid, title text, granted text[], ranges text[], ends timestamptz) returns uuid
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := ${tenant};
      made pg_catalog.uuid;
    begin${judgeSession}
      insert into ${account} (tenant_id, name, scopes, networks, expires_at, created_by)
        values (tenant, title, granted,
          array(select pg_catalog.network(r::pg_catalog.inet) from pg_catalog.unnest(ranges) as r), ends, staff)
        on conflict (tenant_id, name) where is_active do nothing
        returning id into made;
      return made;
    end $$;

    create function auth.add_${platform}_service_credential(
        staff uuid, session uuid, service uuid, form text, thumbprint text, jwk jsonb, url text, hash bytea)
      returns table (outcome text, made uuid)
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := ${tenant};
      active pg_catalog.bool;
    begin${judgeSession}
      select a.is_active into active from ${account} a where a.id = service and a.tenant_id = tenant for update;
      if not found then
        outcome := 'unknown';
      elsif not active then
        outcome := 'inactive';
      elsif (select count(*) from ${credential} c where c.account_id = service and c.tenant_id = tenant and c.revoked_at is null) >= 10 then
        outcome := 'full';
      else
        insert into ${credential} (tenant_id, account_id, kind, kid, public_jwk, jwks_url, secret_hash, created_by)
          values (tenant, service, form, thumbprint, jwk, url, hash, staff)
          on conflict (account_id, kid) do nothing
          returning id into made;
        outcome := case when made is null then 'taken' else 'done' end;
        update ${account} a set updated_at = pg_catalog.now() where a.id = service;
      end if;
      return next;
    end $$;

    create function auth.revoke_${platform}_service_credential(staff uuid, session uuid, ended uuid)
      returns table (service uuid, changed boolean)
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := ${tenant};
    begin${judgeSession}
      select c.account_id into service from ${credential} c where c.id = ended and c.tenant_id = tenant;
      if not found then
        return;
      end if;
      perform from ${account} a where a.id = service and a.tenant_id = tenant for update;
      update ${credential} c set revoked_at = pg_catalog.clock_timestamp() where c.id = ended and c.revoked_at is null;
      changed := found;
      return next;
    end $$;

    create function auth.deactivate_${platform}_service_account(staff uuid, session uuid, service uuid)
      returns table (changed boolean, ended integer)
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := ${tenant};
    begin${judgeSession}
      perform from ${account} a where a.id = service and a.tenant_id = tenant for update;
      if not found then
        return;
      end if;
      update ${account} a set is_active = false, updated_at = pg_catalog.now() where a.id = service and a.is_active;
      changed := found;
      update ${credential} c set revoked_at = pg_catalog.clock_timestamp()
        where c.account_id = service and c.tenant_id = tenant and c.revoked_at is null;
      get diagnostics ended = row_count;
      return next;
    end $$;
  `)
    .execute(db);
  for (const signature of [
    `list_${platform}_service_accounts(uuid, text, uuid, integer)`,
    `create_${platform}_service_account(uuid, uuid, text, text[], text[], timestamptz)`,
    `add_${platform}_service_credential(uuid, uuid, uuid, text, text, jsonb, text, bytea)`,
    `revoke_${platform}_service_credential(uuid, uuid, uuid)`,
    `deactivate_${platform}_service_account(uuid, uuid, uuid)`,
  ])
    await publishFunction(db, `auth.${signature}`, 'signet_auth_portal');
}

/** Ends one token of a service by its `jti`, for as long as any access token lives, and five minutes more for clocks that differ. */
async function createTokenRevocation(db: Kysely<unknown>, platform: Platform): Promise<void> {
  await sql
    .raw(`
    create function auth.revoke_${platform}_service_token(token uuid, expires timestamptz) returns void
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      insert into auth.revocation (kind, platform, subject, expires_at)
        values ('session', '${platform}', token::pg_catalog.text,
          least(expires, pg_catalog.clock_timestamp() + interval '60 minutes') + interval '5 minutes');
    end $$;
  `)
    .execute(db);
  await publishFunction(
    db,
    `auth.revoke_${platform}_service_token(uuid, timestamptz)`,
    `signet_auth_${platform}`,
  );
}
