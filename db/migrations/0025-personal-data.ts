import { type Kysely, sql } from 'kysely';
import {
  answerPersonalData,
  createPruning,
  dropPersonalData,
  dropPruning,
  publishFunction,
  secureByTenant,
} from './support.ts';

const platforms = [
  { platform: 'user', account: 'auth.user' },
  { platform: 'portal', account: 'auth.portal_user' },
] as const;

const exportPruning = {
  name: 'auth.prune_account_exports',
  table: 'auth.person_request',
  key: 'id',
  expired: `kind = 'export' and expires_at < now()`,
  role: 'signet_auth_user',
};

/**
 * What customers ask about all that is kept of them: a copy, or an end. A request has a part for each subgraph with data about persons,
 * which its own process answers. And, on both platforms, the devices from which somebody signed in.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createRequests(db);
  await answerPersonalData(db, 'portal');
  await createPortalErasure(db);
  await createErasure(db);
  for (const { platform, account } of platforms) await createDevices(db, platform, account);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const { platform } of platforms) {
    await dropPruning(db, devicePruning(platform));
    await sql
      .raw(`
      drop table auth.${platform}_device;
      revoke select (account_id, template, state, created_at) on auth.${platform}_mail from signet_auth_${platform};
    `)
      .execute(db);
  }
  await sql
    .raw(`
    drop function portal.erase_support_notes(uuid);
    drop function auth.erase_user(uuid);
    drop function auth.close_user(uuid);
    drop function auth.due_person_requests(text[], integer);
  `)
    .execute(db);
  await replaceReinstatement(db, '');
  await dropPersonalData(db, 'portal');
  await dropPruning(db, exportPruning);
  await sql`drop table auth.person_part, auth.person_request`.execute(db);
  await sql`alter table auth.user drop column closed_at`.execute(db);
}

/**
 * A part that nobody has answered is due at `next_attempt_at`. What is exported lies in the parts for a week. The account's own row stays
 * under the same id when it is erased, so that what others keep about their business still refers to something.
 */
async function createRequests(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table auth.person_request (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      account_id uuid not null,
      kind text not null check (kind in ('export', 'erase')),
      state text not null check (state in ('scheduled', 'running', 'done', 'cancelled')),
      created_at timestamptz not null default now(),
      due_at timestamptz not null default now(),
      settled_at timestamptz,
      expires_at timestamptz,
      unique (tenant_id, id),
      check ((state in ('done', 'cancelled')) = (settled_at is not null)),
      foreign key (tenant_id, account_id) references auth.user (tenant_id, id)
    );
    create index person_request_account on auth.person_request (tenant_id, account_id);
    create index person_request_due on auth.person_request (due_at) where state in ('scheduled', 'running');
    create index person_request_expiry on auth.person_request (expires_at) where expires_at is not null;
    create unique index person_request_erasure on auth.person_request (tenant_id, account_id)
      where kind = 'erase' and state in ('scheduled', 'running');

    create table auth.person_part (
      tenant_id uuid not null references auth.tenant,
      request_id uuid not null,
      subgraph text not null check (subgraph ~ '^[a-z][a-z0-9]{1,30}$'),
      account_id uuid not null,
      kind text not null check (kind in ('export', 'erase')),
      attempts integer not null default 0,
      next_attempt_at timestamptz not null default now(),
      last_error text check (length(last_error) <= 500),
      data jsonb,
      done_at timestamptz,
      primary key (request_id, subgraph),
      foreign key (tenant_id, request_id) references auth.person_request (tenant_id, id) on delete cascade
    );
    create index person_part_open on auth.person_part (subgraph, next_attempt_at) where done_at is null;

    grant select (id, account_id, kind, state, created_at, due_at, settled_at, expires_at),
      insert (id, tenant_id, account_id, kind, state, due_at), update (state, settled_at, expires_at)
      on auth.person_request to signet_auth_user;
    grant select (request_id, subgraph, data, done_at),
      insert (tenant_id, request_id, subgraph, account_id, kind, next_attempt_at, data, done_at)
      on auth.person_part to signet_auth_user;
  `)
    .execute(db);
  await secureByTenant(db, 'auth.person_request');
  await secureByTenant(db, 'auth.person_part');
  await createPruning(db, exportPruning);
  // The functions of a subgraph say its name, and see its parts.
  const isAsked = `subgraph = nullif(current_setting('app.person_parts', true), '')`;
  const isSeen = `current_setting('app.person_requests', true) = 'due'`;
  await sql
    .raw(`
    create policy answers on auth.person_part to signet_owner using (${isAsked}) with check (${isAsked});
    create policy due_requests on auth.person_request for select to signet_owner using (${isSeen});
    create policy due_requests on auth.person_part for select to signet_owner using (${isSeen});
    create function auth.due_person_requests(subgraphs text[], most integer) returns table (id uuid, tenant_id uuid)
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      perform pg_catalog.set_config('app.person_requests', 'due', true);
      return query
        select r.id, r.tenant_id from auth.person_request r
        where r.state in ('scheduled', 'running') and r.due_at <= pg_catalog.now() and (r.state = 'scheduled' or not exists (
          select from auth.person_part p
          where p.request_id = r.id and p.done_at is null and p.subgraph = any(subgraphs)
        ))
        order by r.due_at, r.id limit least(most, 100);
      perform pg_catalog.set_config('app.person_requests', '', true);
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'auth.due_person_requests(text[], integer)', 'signet_auth_user');
}

/**
 * Closing and erasing an account, each only where its request says that it is time. Everything whose foreign key to the account
 * cascades goes, in whichever table of whichever subgraph. The e-mail is free again.
 */
async function createErasure(db: Kysely<unknown>): Promise<void> {
  await sql`alter table auth.user add column closed_at timestamptz`.execute(db);
  await sql`grant select (closed_at) on auth.user to signet_portal`.execute(db);
  const tenant = `tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;`;
  const lockAccount = `
      perform from auth.user u where u.id = person and u.tenant_id = tenant for update;
      perform from auth.person_request r
        where r.account_id = person and r.tenant_id = tenant and r.kind = 'erase'`;
  await sql
    .raw(`
    create function auth.close_user(person uuid) returns boolean
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      ${tenant}
    begin
      ${lockAccount} and r.state = 'scheduled' and r.due_at <= pg_catalog.now() for update;
      if not found then
        return false;
      end if;
      update auth.user u set is_active = false, closed_at = pg_catalog.now(), updated_at = pg_catalog.now()
        where u.id = person and u.tenant_id = tenant;
      update auth.user_session s set ended_at = pg_catalog.now(), end_reason = 'ended'
        where s.user_id = person and s.tenant_id = tenant and s.ended_at is null;
      return true;
    end $$;
    create function auth.erase_user(person uuid) returns boolean
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      ${tenant}
      gone pg_catalog.text;
    begin
      ${lockAccount} and r.state = 'running' for update;
      if not found then
        return false;
      end if;
      for gone in
        select pg_catalog.format('delete from %s where tenant_id = $1 and %I = $2', c.conrelid::pg_catalog.regclass, a.attname)
        from pg_catalog.pg_constraint c
        join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey) and a.attname <> 'tenant_id'
        where c.confrelid = 'auth.user'::pg_catalog.regclass and c.contype = 'f' and c.confdeltype = 'c'
      loop
        execute gone using tenant, person;
      end loop;
      delete from auth.user_registration g using auth.user u
        where u.id = person and u.tenant_id = tenant and g.tenant_id = tenant and g.email = u.email;
      delete from auth.user_session s where s.user_id = person and s.tenant_id = tenant;
      delete from auth.person_request r where r.account_id = person and r.tenant_id = tenant and r.kind = 'export';
      update auth.user u set
        email = person || '@erased.invalid', email_verified = false, full_name = '', language = null,
        password_hash = 'none', pepper_id = 'none', password_version = u.password_version + 1, updated_at = pg_catalog.now()
      where u.id = person and u.tenant_id = tenant;
      return true;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'auth.close_user(uuid)', 'signet_auth_user');
  await publishFunction(db, 'auth.erase_user(uuid)', 'signet_auth_user');
  await replaceReinstatement(db, ' and u.closed_at is null');
}

/** An account that is being erased stays closed. */
async function replaceReinstatement(db: Kysely<unknown>, condition: string): Promise<void> {
  await sql
    .raw(`
    create or replace function auth.reinstate_customer(customer uuid) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;
      changed pg_catalog.int4;
    begin
      perform from auth.user u where u.id = customer and u.tenant_id = tenant for update;
      if not found then
        return null;
      end if;
      update auth.user u set is_active = true, updated_at = now() where u.id = customer and not u.is_active${condition};
        get diagnostics changed = row_count;
      return changed;
    end $$;
  `)
    .execute(db);
}

/** The portal's process may delete notes of nobody but a person whose erasure it was asked for. */
async function createPortalErasure(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function portal.erase_support_notes(customer uuid) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;
      changed pg_catalog.int4;
    begin
      perform from auth.person_part p
        where p.account_id = customer and p.tenant_id = tenant and p.kind = 'erase' and p.subgraph = 'portal' and p.done_at is null;
      if not found then
        raise exception 'nobody asked to erase this customer';
      end if;
      delete from portal.support_note n where n.user_id = customer and n.tenant_id = tenant;
      get diagnostics changed = row_count;
      return changed;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'portal.erase_support_notes(uuid)', 'signet_portal');
}

function devicePruning(platform: string) {
  return {
    name: `auth.prune_${platform}_devices`,
    table: `auth.${platform}_device`,
    key: 'ctid',
    expired: `expires_at < now() - interval '5 minutes'`,
    role: `signet_auth_${platform}`,
  };
}

/**
 * A device token is worth something only while its device has a row here, of the version that the account's device tokens have. Which
 * mails an account got lately decides whether it is told of another new device.
 */
async function createDevices(db: Kysely<unknown>, platform: string, account: string): Promise<void> {
  const role = `signet_auth_${platform}`;
  await sql
    .raw(`
    create table auth.${platform}_device (
      tenant_id uuid not null references auth.tenant,
      account_id uuid not null,
      device_id text not null check (device_id ~ '^[A-Za-z0-9_-]{22}$'),
      device_version integer not null,
      user_agent text not null check (length(user_agent) <= 400),
      address inet,
      first_seen_at timestamptz not null,
      last_seen_at timestamptz not null,
      expires_at timestamptz not null,
      primary key (tenant_id, account_id, device_id),
      foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade
    );
    create index ${platform}_device_expiry on auth.${platform}_device (expires_at);
    grant select (tenant_id, account_id, device_id, device_version, user_agent, address, first_seen_at, last_seen_at, expires_at),
      insert (tenant_id, account_id, device_id, device_version, user_agent, address, first_seen_at, last_seen_at, expires_at),
      update (user_agent, address, last_seen_at, expires_at), delete
      on auth.${platform}_device to ${role};
    grant select (account_id, template, state, created_at) on auth.${platform}_mail to ${role};
  `)
    .execute(db);
  await secureByTenant(db, `auth.${platform}_device`);
  await createPruning(db, devicePruning(platform));
}
