import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support.ts';

const minute = `pg_catalog.date_bin('1 minute', pg_catalog.now(), '2000-01-01T00:00:00Z')`;

/**
 * How late things are, a sample a minute: revocations, as a process of the portal knows them, the sealing of the audit log, and mails. They
 * belong to no tenant, and say nothing of one. Of several processes that sample in a minute, the highest figure stays. After two hours the
 * highest of an hour is kept, for 35 days.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table portal.lag_sample (
      kind text not null check (kind in ('revocations', 'seals', 'mails')),
      sampled_at timestamptz not null,
      seconds double precision not null check (seconds >= 0),
      primary key (kind, sampled_at)
    );
    alter table portal.lag_sample enable row level security;
    alter table portal.lag_sample force row level security;
    create policy sampling on portal.lag_sample to signet_owner using (true) with check (true);
    create policy reading on portal.lag_sample for select to signet_portal using (true);
    grant select (kind, sampled_at, seconds) on portal.lag_sample to signet_portal;

    -- An id has its time in it (UUIDv7). The oldest row that no seal covers is looked up by it.
    create function portal.sample_lag(revocations double precision) returns void
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      unsealed pg_catalog.timestamptz;
      mail pg_catalog.timestamptz;
    begin
      select pg_catalog.uuid_extract_timestamp(p.event_id) into unsealed from auth.audit_pending p order by p.event_id limit 1;
      select pg_catalog.min(m.oldest) into mail from (
        select c.state, c.oldest from auth.count_user_mails() c union all select c.state, c.oldest from auth.count_portal_mails() c
      ) m where m.state = 'queued';
      insert into portal.lag_sample as s (kind, sampled_at, seconds)
      select one.kind, ${minute}, greatest(one.seconds, 0) from (values
        ('revocations', revocations),
        ('seals', coalesce(extract(epoch from pg_catalog.now() - unsealed), 0)),
        ('mails', coalesce(extract(epoch from pg_catalog.now() - mail), 0))
      ) one (kind, seconds) where one.seconds is not null
      on conflict (kind, sampled_at) do update set seconds = greatest(s.seconds, excluded.seconds);
      with old as (
        delete from portal.lag_sample
        where sampled_at < pg_catalog.date_bin('1 hour', pg_catalog.now() - interval '2 hours', '2000-01-01T00:00:00Z')
          and sampled_at <> pg_catalog.date_bin('1 hour', sampled_at, '2000-01-01T00:00:00Z')
        returning kind, sampled_at, seconds
      )
      insert into portal.lag_sample as s (kind, sampled_at, seconds)
      select kind, pg_catalog.date_bin('1 hour', sampled_at, '2000-01-01T00:00:00Z') as hour, pg_catalog.max(seconds)
      from old group by kind, hour
      on conflict (kind, sampled_at) do update set seconds = greatest(s.seconds, excluded.seconds);
      delete from portal.lag_sample where sampled_at < pg_catalog.now() - interval '35 days';
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'portal.sample_lag(double precision)', 'signet_portal');
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop function portal.sample_lag(double precision)`.execute(db);
  await sql`drop table portal.lag_sample`.execute(db);
}
