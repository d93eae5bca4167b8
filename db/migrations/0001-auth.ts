import { type Kysely, sql } from 'kysely';
import { grantUsage, secureByTenant } from './support/row-security.ts';

const everyProcess = [
  'signet_auth_user',
  'signet_auth_portal',
  'signet_portal',
  'signet_catalog',
  'signet_inventory',
  'signet_orders',
];

/** Tenants, the two account tables, and per platform: sessions, refresh tokens, signing keys. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create schema auth`.execute(db);
  await grantUsage(db, 'auth', everyProcess);
  await createTenants(db);
  await createAccounts(db);
  await createSessions(db, 'user');
  await createSessions(db, 'portal');
  await createSigningKeys(db);
  await createAuditEvents(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop schema auth cascade`.execute(db);
}

/** A tenant's name and slug are no secret: every process maps slugs to ids, so this table has no row policy. */
async function createTenants(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table auth.tenant (
      id uuid primary key default uuidv7(),
      slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
      name text not null check (length(name) between 1 and 200),
      self_registration boolean not null default false,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`grant select on auth.tenant to ${sql.raw(everyProcess.join(', '))}`.execute(db);
  // One row a tenant that the development seed made. Written by the owner only; auth refuses production while such accounts live.
  await sql`
    create table auth.development_seed (
      tenant_id uuid primary key references auth.tenant,
      seeded_at timestamptz not null default now()
    )`.execute(db);
  await sql`grant select on auth.development_seed to signet_auth_user, signet_auth_portal`.execute(db);
}

async function createAccounts(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table auth.user (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      email text not null check (length(email) between 3 and 254 and email = lower(normalize(email, nfkc))),
      email_verified boolean not null default false,
      full_name text not null default '' check (length(full_name) <= 200),
      password_hash text not null,
      pepper_id text not null,
      password_version integer not null default 1,
      is_active boolean not null default true,
      is_seeded boolean not null default false,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (tenant_id, email),
      unique (tenant_id, id)
    )`.execute(db);
  await sql`
    create table auth.portal_user (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      email text not null check (length(email) between 3 and 254 and email = lower(normalize(email, nfkc))),
      email_verified boolean not null default false,
      fullname text not null check (length(fullname) between 1 and 200),
      role text not null check (role in ('support', 'operations', 'super_admin')),
      password_hash text not null,
      pepper_id text not null,
      password_version integer not null default 1,
      is_active boolean not null default true,
      is_seeded boolean not null default false,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (tenant_id, email),
      unique (tenant_id, id)
    )`.execute(db);
  await secureByTenant(db, 'auth.user');
  await secureByTenant(db, 'auth.portal_user');
  await sql`grant select, insert, update on auth.user to signet_auth_user`.execute(db);
  await sql`grant select, insert, update on auth.portal_user to signet_auth_portal`.execute(db);
  // Staff look customers up, but never what proves who they are.
  await sql`
    grant select (id, tenant_id, email, email_verified, full_name, is_active, created_at)
    on auth.user to signet_portal`.execute(db);
}

async function createSessions(db: Kysely<unknown>, platform: 'user' | 'portal'): Promise<void> {
  const account = platform === 'user' ? 'user' : 'portal_user';
  const accountId = platform === 'user' ? 'user_id' : 'staff_id';
  await sql
    .raw(`
    create table auth.${platform}_session (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null,
      ${accountId} uuid not null,
      password_version integer not null,
      auth_time timestamptz not null default now(),
      amr text[] not null,
      device text not null default '' check (length(device) <= 400),
      address inet,
      created_at timestamptz not null default now(),
      last_used_at timestamptz not null default now(),
      expires_at timestamptz not null,
      ended_at timestamptz,
      end_reason text check (end_reason in ('logout', 'ended', 'reuse', 'password', 'suspended', 'role')),
      unique (tenant_id, id),
      foreign key (tenant_id, ${accountId}) references auth.${account} (tenant_id, id)
    );
    create index ${platform}_session_account on auth.${platform}_session (tenant_id, ${accountId}) where ended_at is null;
    create table auth.${platform}_refresh_token (
      token_hash bytea primary key check (length(token_hash) = 32),
      tenant_id uuid not null,
      session_id uuid not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      used_at timestamptz,
      foreign key (tenant_id, session_id) references auth.${platform}_session (tenant_id, id) on delete cascade
    );
    create index ${platform}_refresh_token_session on auth.${platform}_refresh_token (session_id);
    grant select, insert, update, delete on auth.${platform}_session, auth.${platform}_refresh_token to signet_auth_${platform};
  `)
    .execute(db);
  await secureByTenant(db, `auth.${platform}_session`);
  await secureByTenant(db, `auth.${platform}_refresh_token`);
}

/** Keys belong to a platform, not to a tenant: the policy is by role, so that neither auth role sees the other's row. */
async function createSigningKeys(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table auth.signing_key (
      kid text primary key,
      platform text not null check (platform in ('user', 'portal')),
      algorithm text not null check (algorithm in ('EdDSA', 'ES256', 'RS256')),
      state text not null check (state in ('next', 'active', 'retiring', 'retired')),
      sealed_private_key bytea not null,
      created_at timestamptz not null default now(),
      published_at timestamptz not null default now(),
      activated_at timestamptz,
      retire_at timestamptz
    )`.execute(db);
  await sql`create unique index signing_key_active on auth.signing_key (platform) where state = 'active'`.execute(
    db,
  );
  await sql`alter table auth.signing_key enable row level security`.execute(db);
  await sql`alter table auth.signing_key force row level security`.execute(db);
  for (const platform of ['user', 'portal']) {
    await sql
      .raw(`
      create policy ${platform}_keys on auth.signing_key to signet_auth_${platform} using (platform = '${platform}');
      grant select, insert, update on auth.signing_key to signet_auth_${platform};
    `)
      .execute(db);
  }
}

/** Append-only for those who write it; the portal reads. */
async function createAuditEvents(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table auth.audit_event (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      happened_at timestamptz not null default now(),
      kind text not null check (kind ~ '^(auth|authz)\\.[a-z_.]+$'),
      platform text not null check (platform in ('user', 'portal', 'none')),
      actor_id uuid,
      subject_id uuid,
      session_id uuid,
      address inet,
      request_id text,
      details jsonb not null default '{}'
    )`.execute(db);
  await sql`create index audit_event_time on auth.audit_event (tenant_id, happened_at desc, id desc)`.execute(
    db,
  );
  await secureByTenant(db, 'auth.audit_event');
  await sql`grant insert on auth.audit_event to signet_auth_user, signet_auth_portal, signet_portal`.execute(
    db,
  );
  await sql`grant select on auth.audit_event to signet_portal`.execute(db);
}
