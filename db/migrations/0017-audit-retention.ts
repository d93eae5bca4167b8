import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support.ts';

const platforms = ['user', 'portal'] as const;

/**
 * Audit rows may expire. What is pruned is recorded under AUDIT_KEY, so that the chain of seals still tells a row that expired from
 * one that somebody took out. The role records, and calls a function that deletes nothing younger than thirty days.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table auth.audit_pruning (
      platform text not null check (platform in ('user', 'portal')),
      seal bigint not null,
      pruned_at timestamptz not null,
      event_ids uuid[] not null check (cardinality(event_ids) > 0),
      mac bytea not null check (length(mac) = 32),
      primary key (platform, seal, pruned_at),
      foreign key (platform, seal) references auth.audit_seal (platform, number)
    );
    alter table auth.audit_pruning enable row level security;
    alter table auth.audit_pruning force row level security;
    create index audit_event_age on auth.audit_event (platform, kind, happened_at);
    create index audit_seal_time on auth.audit_seal (platform, sealed_at);
  `)
    .execute(db);
  for (const platform of platforms) {
    const role = `signet_auth_${platform}`;
    await sql
      .raw(`
      create policy ${platform}_chain on auth.audit_pruning to ${role}
        using (platform = '${platform}') with check (platform = '${platform}');
      grant select (platform, seal, pruned_at, event_ids, mac), insert (platform, seal, pruned_at, event_ids, mac)
        on auth.audit_pruning to ${role};
      create policy ${platform}_pruning on auth.audit_event to signet_owner
        using (platform = '${platform}' and happened_at < now() - interval '30 days') with check (false);
      create function auth.prune_${platform}_audit_events(ids uuid[]) returns integer
        language plpgsql volatile security definer set search_path = ''
      as $$
      declare
        pruned pg_catalog.int4;
      begin
        delete from auth.audit_event e
        where e.id = any(ids) and e.platform = '${platform}' and e.happened_at < now() - interval '30 days';
        get diagnostics pruned = row_count;
        return pruned;
      end $$;
    `)
      .execute(db);
    await publishFunction(db, `auth.prune_${platform}_audit_events(uuid[])`, role);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms) {
    await sql
      .raw(`
      drop function auth.prune_${platform}_audit_events(uuid[]);
      drop policy ${platform}_pruning on auth.audit_event;
    `)
      .execute(db);
  }
  await sql
    .raw(`
    drop index auth.audit_seal_time;
    drop index auth.audit_event_age;
    drop table auth.audit_pruning;
  `)
    .execute(db);
}
