import { type Kysely, sql } from 'kysely';
import { createPruning, dropPruning, publishFunction, secureByTenant } from './support.ts';

const platforms = [
  { platform: 'user', account: 'auth.user' },
  { platform: 'portal', account: 'auth.portal_user' },
] as const;

const endReasons = `'logout', 'ended', 'reuse', 'password', 'suspended', 'role', 'replaced'`;

/**
 * Per platform: challenges between a right password and a session, the secrets of one-time passwords, recovery codes, devices on which
 * no second factor is asked for, and requests to take an account's factors away. `pepper_id` names the secret under which a row is
 * sealed or hashed. A session ends as `factor` when it no longer has what its account's role asks for, and when factors are reset.
 * `last_super_admin_at` is when a member of staff lost that role: for a day their factors are reset as slowly as those of one who has it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const { platform, account } of platforms) {
    const role = `signet_auth_${platform}`;
    await sql
      .raw(`
      alter table auth.${platform}_session
        drop constraint ${platform}_session_end_reason_check,
        add constraint ${platform}_session_end_reason_check check (end_reason in (${endReasons}, 'factor'));

      create table auth.${platform}_challenge (
        id_hash bytea primary key check (length(id_hash) = 32),
        tenant_id uuid not null references auth.tenant,
        account_id uuid not null,
        password_version integer not null,
        methods text[] not null,
        attempts integer not null default 0,
        data jsonb not null default '{}',
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade
      );
      create index ${platform}_challenge_account on auth.${platform}_challenge (tenant_id, account_id);
      create index ${platform}_challenge_expiry on auth.${platform}_challenge (expires_at);
      grant select (id_hash, account_id, password_version, methods, attempts, data, expires_at),
        insert (id_hash, tenant_id, account_id, password_version, methods, data, created_at, expires_at),
        update (attempts, data), delete
        on auth.${platform}_challenge to ${role};

      create table auth.${platform}_totp (
        id uuid primary key,
        tenant_id uuid not null references auth.tenant,
        account_id uuid not null,
        sealed_secret bytea not null,
        pepper_id text not null,
        last_step bigint not null default 0,
        created_at timestamptz not null default now(),
        confirmed_at timestamptz,
        last_used_at timestamptz,
        foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade
      );
      create unique index ${platform}_totp_confirmed on auth.${platform}_totp (tenant_id, account_id) where confirmed_at is not null;
      create unique index ${platform}_totp_begun on auth.${platform}_totp (tenant_id, account_id) where confirmed_at is null;
      grant select (id, account_id, sealed_secret, pepper_id, last_step, created_at, confirmed_at, last_used_at),
        insert (id, tenant_id, account_id, sealed_secret, pepper_id, created_at),
        update (sealed_secret, pepper_id, last_step, confirmed_at, last_used_at), delete
        on auth.${platform}_totp to ${role};

      create table auth.${platform}_recovery_code (
        code_hash bytea primary key check (length(code_hash) = 32),
        tenant_id uuid not null references auth.tenant,
        account_id uuid not null,
        pepper_id text not null,
        created_at timestamptz not null default now(),
        foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade
      );
      create index ${platform}_recovery_code_account on auth.${platform}_recovery_code (tenant_id, account_id);
      grant select (code_hash, account_id, pepper_id, created_at),
        insert (code_hash, tenant_id, account_id, pepper_id, created_at), delete
        on auth.${platform}_recovery_code to ${role};

      create table auth.${platform}_trusted_device (
        tenant_id uuid not null references auth.tenant,
        account_id uuid not null,
        device_id text not null check (device_id ~ '^[A-Za-z0-9_-]{22}$'),
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        primary key (tenant_id, account_id, device_id),
        foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade
      );
      create index ${platform}_trusted_device_expiry on auth.${platform}_trusted_device (expires_at);
      grant select (tenant_id, account_id, device_id, created_at, expires_at),
        insert (tenant_id, account_id, device_id, created_at, expires_at), update (created_at, expires_at), delete
        on auth.${platform}_trusted_device to ${role};

      create table auth.${platform}_factor_reset (
        id uuid primary key default uuidv7(),
        tenant_id uuid not null references auth.tenant,
        account_id uuid not null,
        staff_id uuid not null,
        reason text not null check (length(reason) between 1 and 500),
        created_at timestamptz not null default now(),
        due_at timestamptz not null default now(),
        settled_at timestamptz,
        outcome text check (outcome in ('done', 'cancelled')),
        check ((settled_at is null) = (outcome is null)),
        foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade,
        foreign key (tenant_id, staff_id) references auth.portal_user (tenant_id, id) on delete cascade
      );
      create unique index ${platform}_factor_reset_open on auth.${platform}_factor_reset (tenant_id, account_id) where settled_at is null;
      create index ${platform}_factor_reset_due on auth.${platform}_factor_reset (due_at) where settled_at is null;
      grant select (id, tenant_id, account_id, staff_id, reason, created_at, due_at, settled_at, outcome), update (settled_at, outcome)
        on auth.${platform}_factor_reset to ${role};
    `)
      .execute(db);
    for (const table of tables) await secureByTenant(db, `auth.${platform}_${table}`);
    for (const pruning of pruningsOf(platform)) await createPruning(db, pruning);
    await createDueResets(db, platform);
  }
  await sql
    .raw(`
      grant insert (tenant_id, account_id, staff_id, reason, due_at) on auth.portal_factor_reset to signet_auth_portal;
      alter table auth.portal_user add last_super_admin_at timestamptz;
      grant select (last_super_admin_at), update (last_super_admin_at) on auth.portal_user to signet_auth_portal;
    `)
    .execute(db);
  await createCustomerReset(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql.raw('drop function auth.request_customer_factor_reset(uuid, uuid, uuid, text)').execute(db);
  await sql.raw('alter table auth.portal_user drop last_super_admin_at').execute(db);
  for (const { platform } of platforms) {
    const session = `auth.${platform}_session`;
    await sql.raw(`drop function auth.due_${platform}_factor_resets(integer)`).execute(db);
    for (const pruning of pruningsOf(platform)) await dropPruning(db, pruning);
    for (const table of tables) await sql.raw(`drop table auth.${platform}_${table}`).execute(db);
    await sql
      .raw(`
      alter table ${session} no force row level security;
      update ${session} set end_reason = 'ended' where end_reason = 'factor';
      alter table ${session} force row level security;
      alter table ${session}
        drop constraint ${platform}_session_end_reason_check,
        add constraint ${platform}_session_end_reason_check check (end_reason in (${endReasons}));
    `)
      .execute(db);
  }
}

const tables = ['challenge', 'totp', 'recovery_code', 'trusted_device', 'factor_reset'];

/** A secret that nobody confirmed goes after an hour. What was reset stays for three months, for questions about it. */
function pruningsOf(platform: string) {
  const role = `signet_auth_${platform}`;
  const table = (name: string) => `auth.${platform}_${name}`;
  return [
    {
      name: `auth.prune_${platform}_challenges`,
      table: table('challenge'),
      key: 'id_hash',
      expired: `expires_at < now() - interval '5 minutes'`,
      role,
    },
    {
      name: `auth.prune_${platform}_begun_totps`,
      table: table('totp'),
      key: 'id',
      expired: `confirmed_at is null and created_at < now() - interval '1 hour'`,
      role,
    },
    {
      name: `auth.prune_${platform}_trusted_devices`,
      table: table('trusted_device'),
      key: 'ctid',
      expired: `expires_at < now() - interval '5 minutes'`,
      role,
    },
    {
      name: `auth.prune_${platform}_factor_resets`,
      table: table('factor_reset'),
      key: 'id',
      expired: `settled_at < now() - interval '90 days'`,
      role,
    },
  ];
}

/**
 * Which requests are due, of all tenants, for the process that carries them out: ids, and nothing about anybody. Outside of the function
 * the owner sees no more than before.
 */
async function createDueResets(db: Kysely<unknown>, platform: string): Promise<void> {
  const table = `auth.${platform}_factor_reset`;
  await sql
    .raw(`
    create policy due_${platform}_factor_resets on ${table} for select to signet_owner
      using (current_setting('app.factor_resets', true) = 'yes');
    create function auth.due_${platform}_factor_resets(most integer) returns table (id uuid, tenant_id uuid)
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      perform pg_catalog.set_config('app.factor_resets', 'yes', true);
      return query
        select r.id, r.tenant_id from ${table} r
        where r.settled_at is null and r.due_at <= pg_catalog.now()
        order by r.due_at, r.id limit least(most, 100);
      perform pg_catalog.set_config('app.factor_resets', '', true);
    end $$;
  `)
    .execute(db);
  await publishFunction(db, `auth.due_${platform}_factor_resets(integer)`, `signet_auth_${platform}`);
}

/**
 * What staff ask for, whose process reaches no customer's factors: the customers' own process does it within seconds. Null where the
 * tenant has no such customer, 0 where one was asked for already. An error without a live session of the member.
 */
async function createCustomerReset(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.request_customer_factor_reset(customer uuid, staff uuid, session uuid, why text) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;
      changed pg_catalog.int4;
    begin
      if not auth.lock_staff_session(staff, session) then
        raise exception 'no live session of this member of staff' using errcode = '28000';
      end if;
      perform from auth.user u where u.id = customer and u.tenant_id = tenant for update;
      if not found then
        return null;
      end if;
      insert into auth.user_factor_reset (tenant_id, account_id, staff_id, reason) values (tenant, customer, staff, why)
        on conflict (tenant_id, account_id) where settled_at is null do nothing;
      get diagnostics changed = row_count;
      return changed;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'auth.request_customer_factor_reset(uuid, uuid, uuid, text)', 'signet_portal');
}
