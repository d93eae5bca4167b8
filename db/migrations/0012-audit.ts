import { type Kysely, sql } from 'kysely';
import { createPruning, dropPruning, type Pruning } from './support.ts';

const authPlatforms = ['user', 'portal'] as const;
const writable = 'tenant_id, kind, platform, actor_id, subject_id, session_id, address, request_id, details';
const readable = `id, happened_at, ${writable}`;

/** Who writes and seals the audit log, who reads it, and what housekeeping may delete. Nobody may change or delete its rows. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createSeals(db);
  await createQueue(db);
  await openEvents(db);
  for (const { indexes, ...pruning } of prunables) {
    if (indexes) await sql.raw(indexes).execute(db);
    await createPruning(db, pruning);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const prunable of prunables) await dropPruning(db, prunable);
  await sql
    .raw(`
    drop index auth.user_refresh_token_expiry; drop index auth.portal_refresh_token_expiry;
    drop index auth.user_session_expiry; drop index auth.portal_session_expiry;
    drop index auth.user_session_end; drop index auth.portal_session_end;
    drop trigger queue_for_seal on auth.audit_event;
    drop function auth.queue_audit_event();
    drop table auth.audit_pending;
    drop table auth.audit_seal;
    drop index auth.audit_event_kind; drop index auth.audit_event_actor; drop index auth.audit_event_subject;
    drop policy portal_writes on auth.audit_event;
    revoke select (id, happened_at, kind, platform, actor_id, subject_id, session_id, address, request_id, details),
      insert (${writable}) on auth.audit_event from signet_portal;
  `)
    .execute(db);
  for (const platform of authPlatforms) {
    await sql
      .raw(`
      drop policy ${platform}_chain on auth.audit_event;
      drop policy auth_${platform}_writes on auth.audit_event;
      drop policy ${platform}_keys on auth.audit_event;
      revoke select (${readable}), insert (${writable}) on auth.audit_event from signet_auth_${platform};
    `)
      .execute(db);
  }
  await sql`delete from auth.audit_event where tenant_id is null`.execute(db);
  await sql`alter table auth.audit_event alter column tenant_id set not null`.execute(db);
}

/**
 * A chain for each platform, sealed by its auth process: rows in the order of their ids, a digest of each, and an HMAC over
 * those and the seal before, under a key that is not in this database.
 */
async function createSeals(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table auth.audit_seal (
      platform text not null check (platform in ('user', 'portal')),
      number bigint not null check (number > 0),
      sealed_at timestamptz not null,
      event_ids uuid[] not null check (cardinality(event_ids) > 0),
      digests bytea[] not null check (cardinality(digests) = cardinality(event_ids)),
      previous bytea check (length(previous) = 32),
      mac bytea not null check (length(mac) = 32),
      primary key (platform, number),
      check ((number = 1) = (previous is null))
    );
    alter table auth.audit_seal enable row level security;
    alter table auth.audit_seal force row level security;
  `)
    .execute(db);
  for (const platform of authPlatforms) {
    await sql
      .raw(`
      create policy ${platform}_chain on auth.audit_seal to signet_auth_${platform}
        using (platform = '${platform}') with check (platform = '${platform}');
      grant select (platform, number, sealed_at, event_ids, digests, previous, mac),
        insert (platform, number, sealed_at, event_ids, digests, previous, mac)
        on auth.audit_seal to signet_auth_${platform};
    `)
      .execute(db);
  }
}

/**
 * Rows that no seal covers yet. A transaction may commit long after others that began later: its rows get here with it,
 * so whatever the sealer sees is committed, and whatever it does not see it meets later.
 */
async function createQueue(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table auth.audit_pending (
      event_id uuid primary key,
      platform text not null check (platform in ('user', 'portal'))
    );
    alter table auth.audit_pending enable row level security;
    alter table auth.audit_pending force row level security;
    create policy queueing on auth.audit_pending to signet_owner using (true) with check (true);
    create function auth.queue_audit_event() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into auth.audit_pending (event_id, platform)
      values (new.id, case new.platform when 'none' then 'user' else new.platform end);
      return null;
    end $$;
    revoke all on function auth.queue_audit_event() from public;
    create trigger queue_for_seal after insert on auth.audit_event
      for each row execute function auth.queue_audit_event();
    insert into auth.audit_pending (event_id, platform)
      select id, case platform when 'none' then 'user' else platform end from auth.audit_event;
  `)
    .execute(db);
  for (const platform of authPlatforms) {
    await sql
      .raw(`
      create policy ${platform}_chain on auth.audit_pending to signet_auth_${platform} using (platform = '${platform}');
      grant select (event_id, platform), delete on auth.audit_pending to signet_auth_${platform};
    `)
      .execute(db);
  }
}

/** Each process writes for its own platform only. A signing key belongs to no tenant, and neither does its row. */
async function openEvents(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    alter table auth.audit_event alter column tenant_id drop not null;
    create index audit_event_kind on auth.audit_event (tenant_id, kind, happened_at desc, id desc);
    create index audit_event_actor on auth.audit_event (tenant_id, actor_id, happened_at desc, id desc);
    create index audit_event_subject on auth.audit_event (tenant_id, subject_id, happened_at desc, id desc);
    create policy portal_writes on auth.audit_event as restrictive for insert to signet_portal
      with check (platform = 'portal');
    grant select (id, happened_at, kind, platform, actor_id, subject_id, session_id, address, request_id, details),
      insert (${writable}) on auth.audit_event to signet_portal;
  `)
    .execute(db);
  for (const platform of authPlatforms) {
    await sql
      .raw(`
      create policy ${platform}_chain on auth.audit_event for select to signet_auth_${platform}
        using (platform = '${platform}');
      create policy auth_${platform}_writes on auth.audit_event as restrictive for insert to signet_auth_${platform}
        with check (platform = '${platform}');
      create policy ${platform}_keys on auth.audit_event for insert to signet_auth_${platform}
        with check (tenant_id is null and kind like 'auth.key.%');
      grant select (${readable}), insert (${writable}) on auth.audit_event to signet_auth_${platform};
    `)
      .execute(db);
  }
}

type Prunable = Pruning & { indexes: string };

/** Five minutes more for clocks that differ. Sessions stay a month after their end, for questions about what happened. */
const prunables: readonly Prunable[] = [
  ...authPlatforms.flatMap((platform) => [
    {
      name: `auth.prune_${platform}_refresh_tokens`,
      table: `auth.${platform}_refresh_token`,
      key: 'token_hash',
      expired: `expires_at < now() - interval '5 minutes'`,
      role: `signet_auth_${platform}`,
      indexes: `create index ${platform}_refresh_token_expiry on auth.${platform}_refresh_token (expires_at)`,
    },
    {
      name: `auth.prune_${platform}_sessions`,
      table: `auth.${platform}_session`,
      key: 'id',
      expired: `(ended_at < now() - interval '30 days' or expires_at < now() - interval '30 days')`,
      role: `signet_auth_${platform}`,
      indexes: `create index ${platform}_session_expiry on auth.${platform}_session (expires_at);
        create index ${platform}_session_end on auth.${platform}_session (ended_at) where ended_at is not null`,
    },
    {
      name: `auth.prune_${platform}_revocations`,
      table: 'auth.revocation',
      key: 'id',
      expired: `platform = '${platform}' and expires_at < now() - interval '5 minutes'`,
      role: `signet_auth_${platform}`,
      indexes: '',
    },
  ]),
];
