import { type Kysely, sql } from 'kysely';
import { closeByDefault, grantUsage, openByDefault, secureByTenant } from './support.ts';

/** Other subgraphs get the same by createSubgraphSchema. */
const platformProcesses = ['signet_auth_user', 'signet_auth_portal', 'signet_portal'];

/** Tenants, the two account tables, and per platform: sessions, refresh tokens, signing keys. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await closeByDefault(db);
  await sql`create schema auth`.execute(db);
  await grantUsage(db, 'auth', platformProcesses);
  await createTenants(db);
  await createAccounts(db);
  await createSessions(db, 'user');
  await createSessions(db, 'portal');
  await createSigningKeys(db);
  await createAuditEvents(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop schema auth cascade`.execute(db);
  await openByDefault(db);
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
  await sql`grant select (id, slug) on auth.tenant to ${sql.raw(platformProcesses.join(', '))}`.execute(db);
  await sql`grant select (self_registration) on auth.tenant to signet_auth_user`.execute(db);
  // One row a tenant that the development seed made. Written by the owner only; auth refuses production while such accounts live.
  await sql`
    create table auth.development_seed (
      tenant_id uuid primary key references auth.tenant,
      seeded_at timestamptz not null default now()
    )`.execute(db);
  await sql`grant select (tenant_id) on auth.development_seed to signet_auth_user, signet_auth_portal`.execute(
    db,
  );
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
  await grantAccounts(db);
}

/** By column: an account's role or password changes nowhere yet, so nobody may change it. */
async function grantAccounts(db: Kysely<unknown>): Promise<void> {
  const readByAuth =
    'id, email, email_verified, password_hash, pepper_id, password_version, is_active, is_seeded, created_at';
  // The right to update one column, any, is what SELECT … FOR SHARE asks for: sign-in locks the account's row.
  await sql
    .raw(`
    grant select (${readByAuth}, tenant_id, full_name), update (updated_at) on auth.user to signet_auth_user;
    grant insert (tenant_id, email, full_name, password_hash, pepper_id) on auth.user to signet_auth_user;
    grant select (${readByAuth}, fullname, role), update (updated_at) on auth.portal_user to signet_auth_portal;
  `)
    .execute(db);
  // Staff look customers up, but never what proves who they are.
  await sql`grant select (id, email, full_name, is_active) on auth.user to signet_portal`.execute(db);
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
  `)
    .execute(db);
  await secureByTenant(db, `auth.${platform}_session`);
  await secureByTenant(db, `auth.${platform}_refresh_token`);
  await grantSessions(db, platform, accountId);
}

async function grantSessions(db: Kysely<unknown>, platform: string, accountId: string): Promise<void> {
  const role = `signet_auth_${platform}`;
  await sql
    .raw(`
    grant select (id, ${accountId}, password_version, auth_time, amr, expires_at, ended_at),
      insert (tenant_id, ${accountId}, password_version, auth_time, amr, device, address, created_at, last_used_at, expires_at),
      update (last_used_at, ended_at, end_reason)
      on auth.${platform}_session to ${role};
    grant select (token_hash, session_id, expires_at, used_at),
      insert (token_hash, tenant_id, session_id, created_at, expires_at),
      update (used_at)
      on auth.${platform}_refresh_token to ${role};
  `)
    .execute(db);
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
      create policy ${platform}_keys on auth.signing_key to signet_auth_${platform}
        using (platform = '${platform}') with check (platform = '${platform}');
      grant select (kid, platform, algorithm, state, sealed_private_key, created_at),
        insert (kid, platform, algorithm, state, sealed_private_key, activated_at)
        on auth.signing_key to signet_auth_${platform};
    `)
      .execute(db);
  }
}

/** Nobody writes or reads it yet. Who will may only append (no UPDATE, no DELETE), with its own platform in the row. */
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
}
