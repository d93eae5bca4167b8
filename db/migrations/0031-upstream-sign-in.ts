import { type Kysely, sql } from 'kysely';
import { createPruning, dropPruning, secureByTenant } from './support.ts';

const platforms = [
  { platform: 'user', account: 'auth.user' },
  { platform: 'portal', account: 'auth.portal_user' },
] as const;

/**
 * Per platform: who an account is at identity providers (OpenID Connect), and three tables of rows that live for minutes: sign-ins whose
 * `state` came back, results that the frontend has not fetched yet, and logout tokens. `sealed_claims` opens with the code of the row, which
 * is not stored. An identity that its owner unlinked stays, so that no address links it again (`unlinked_at`). A session and a challenge that began at a provider name its session there, so that its end ends them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const { platform, account } of platforms) {
    const role = `signet_auth_${platform}`;
    await sql
      .raw(`
      create table auth.${platform}_identity (
        id uuid primary key default uuidv7(),
        tenant_id uuid not null references auth.tenant,
        account_id uuid not null,
        provider text not null check (length(provider) between 1 and 40),
        issuer text not null check (length(issuer) between 1 and 500),
        subject text not null check (length(subject) between 1 and 255),
        email text check (length(email) <= 320),
        linked_by text not null check (linked_by in ('email', 'session', 'creation')),
        created_at timestamptz not null default now(),
        last_used_at timestamptz,
        unlinked_at timestamptz,
        unique (tenant_id, issuer, subject),
        foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade
      );
      create index ${platform}_identity_account on auth.${platform}_identity (tenant_id, account_id);
      grant select (id, account_id, provider, issuer, subject, email, linked_by, created_at, last_used_at, unlinked_at),
        insert (tenant_id, account_id, provider, issuer, subject, email, linked_by, created_at, last_used_at),
        update (email, last_used_at, unlinked_at), delete
        on auth.${platform}_identity to ${role};

      create table auth.${platform}_upstream_state (
        tenant_id uuid not null references auth.tenant,
        state_hash bytea not null check (length(state_hash) = 32),
        expires_at timestamptz not null,
        primary key (tenant_id, state_hash)
      );
      create index ${platform}_upstream_state_expiry on auth.${platform}_upstream_state (expires_at);
      grant insert (tenant_id, state_hash, expires_at) on auth.${platform}_upstream_state to ${role};

      create table auth.${platform}_upstream_result (
        code_hash bytea primary key check (length(code_hash) = 32),
        tenant_id uuid not null references auth.tenant,
        sealed_claims bytea not null,
        expires_at timestamptz not null
      );
      create index ${platform}_upstream_result_expiry on auth.${platform}_upstream_result (expires_at);
      grant select (code_hash, sealed_claims, expires_at), insert (code_hash, tenant_id, sealed_claims, expires_at), delete
        on auth.${platform}_upstream_result to ${role};

      create table auth.${platform}_upstream_logout (
        tenant_id uuid not null references auth.tenant,
        issuer text not null check (length(issuer) between 1 and 500),
        token_hash bytea not null check (length(token_hash) = 32),
        subject text check (length(subject) between 1 and 255),
        sid text check (length(sid) between 1 and 255),
        happened_at timestamptz not null,
        expires_at timestamptz not null,
        primary key (tenant_id, issuer, token_hash),
        check (subject is not null or sid is not null)
      );
      create index ${platform}_upstream_logout_expiry on auth.${platform}_upstream_logout (expires_at);
      grant select (issuer, subject, sid, happened_at),
        insert (tenant_id, issuer, token_hash, subject, sid, happened_at, expires_at)
        on auth.${platform}_upstream_logout to ${role};

      alter table auth.${platform}_session
        add column upstream_issuer text check (length(upstream_issuer) <= 500),
        add column upstream_subject text check (length(upstream_subject) <= 255),
        add column upstream_sid text check (length(upstream_sid) <= 255),
        add constraint ${platform}_session_upstream_check check ((upstream_issuer is null) = (upstream_subject is null));
      create index ${platform}_session_upstream on auth.${platform}_session (tenant_id, upstream_issuer, upstream_subject)
        where upstream_issuer is not null and ended_at is null;
      grant select (upstream_issuer, upstream_subject, upstream_sid), insert (upstream_issuer, upstream_subject, upstream_sid)
        on auth.${platform}_session to ${role};
      alter table auth.${platform}_challenge add column upstream jsonb;
      grant select (upstream), insert (upstream) on auth.${platform}_challenge to ${role};
    `)
      .execute(db);
    await changeEndReasons(db, platform, (reasons) => [...reasons, 'upstream']);
    for (const table of tables) await secureByTenant(db, `auth.${platform}_${table}`);
    for (const pruning of pruningsOf(platform)) await createPruning(db, pruning);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const { platform } of platforms) {
    for (const pruning of pruningsOf(platform)) await dropPruning(db, pruning);
    for (const table of tables) await sql.raw(`drop table auth.${platform}_${table}`).execute(db);
    await sql
      .raw(`
      alter table auth.${platform}_challenge drop column upstream;
      alter table auth.${platform}_session no force row level security;
      update auth.${platform}_session set end_reason = 'logout' where end_reason = 'upstream';
      alter table auth.${platform}_session force row level security;
      alter table auth.${platform}_session drop column upstream_issuer, drop column upstream_subject, drop column upstream_sid;
    `)
      .execute(db);
    await changeEndReasons(db, platform, (reasons) => reasons.filter((reason) => reason !== 'upstream'));
  }
}

const tables = ['identity', 'upstream_state', 'upstream_result', 'upstream_logout'];

/** The reasons as an earlier migration left them, changed. */
async function changeEndReasons(
  db: Kysely<unknown>,
  platform: string,
  change: (reasons: readonly string[]) => string[],
): Promise<void> {
  const name = `${platform}_session_end_reason_check`;
  const { rows } = await sql<{ text: string }>`
    select pg_get_constraintdef(oid) as text from pg_constraint where conname = ${name}`.execute(db);
  const reasons = [...(rows[0]?.text ?? '').matchAll(/'(\w+)'/g)].map(([, reason]) => reason as string);
  const list = change(reasons)
    .map((reason) => `'${reason}'`)
    .join(', ');
  await sql
    .raw(`
    alter table auth.${platform}_session
      drop constraint ${name}, add constraint ${name} check (end_reason in (${list}))`)
    .execute(db);
}

/** Five minutes more for clocks that differ: a row that goes too early lets a state, or a logout token, in twice. */
function pruningsOf(platform: string) {
  return ['upstream_state', 'upstream_result', 'upstream_logout'].map((table) => ({
    name: `auth.prune_${platform}_${table}s`,
    table: `auth.${platform}_${table}`,
    key: 'ctid',
    expired: `expires_at < now() - interval '5 minutes'`,
    role: `signet_auth_${platform}`,
  }));
}
