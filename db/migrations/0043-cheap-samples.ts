import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support.ts';

const platforms = ['user', 'portal'] as const;
const minute = `pg_catalog.date_bin('1 minute', pg_catalog.now(), '2000-01-01T00:00:00Z')`;

export const locks = ['auth.user_mail', 'auth.portal_mail'];

const reason =
  'One reading of the mails of a month. CHANGELOG.md has the statements that build it before, for millions of mails.';
export const breaks = {
  'index user_mail_unsent on auth.user_mail: is built while writers wait': reason,
  'index portal_mail_unsent on auth.portal_mail: is built while writers wait': reason,
};

/**
 * What is sampled all the time reads no table as a whole: mails that wait or were given up are few among those of a month. And auth may read how
 * many faults the last verification of the audit log found.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms) {
    await sql
      .raw(`
      create index if not exists ${platform}_mail_unsent on auth.${platform}_mail (state, created_at) where state in ('queued', 'dead');
      create function auth.watch_${platform}_mails()
        returns table (queued bigint, oldest_queued timestamptz, dead bigint)
        language plpgsql volatile security definer set search_path = ''
      as $$
      begin
        perform pg_catalog.set_config('app.mail_sending', 'yes', true);
        select pg_catalog.count(*), pg_catalog.min(m.created_at) into queued, oldest_queued
          from auth.${platform}_mail m where m.state = 'queued';
        select pg_catalog.count(*) into dead from auth.${platform}_mail m where m.state = 'dead';
        perform pg_catalog.set_config('app.mail_sending', '', true);
        return next;
      end $$;
      grant select (fault_count) on auth.audit_verification to signet_auth_${platform};
    `)
      .execute(db);
    await publishFunction(db, `auth.watch_${platform}_mails()`, `signet_auth_${platform}`);
  }
  await sampleMailsBy(db, oldestByIndex);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sampleMailsBy(db, oldestByScan);
  for (const platform of platforms) {
    await sql
      .raw(`
      revoke select (fault_count) on auth.audit_verification from signet_auth_${platform};
      drop function auth.watch_${platform}_mails();
      drop index auth.${platform}_mail_unsent;
    `)
      .execute(db);
  }
}

const oldestByIndex = `select pg_catalog.min(m.oldest_queued) into mail from (
        select c.oldest_queued from auth.watch_user_mails() c union all select c.oldest_queued from auth.watch_portal_mails() c
      ) m;`;
/** As in 0040. */
const oldestByScan = `select pg_catalog.min(m.oldest) into mail from (
        select c.state, c.oldest from auth.count_user_mails() c union all select c.state, c.oldest from auth.count_portal_mails() c
      ) m where m.state = 'queued';`;

/** As in 0040, but for where the time of the oldest mail comes from. */
async function sampleMailsBy(db: Kysely<unknown>, readOldest: string): Promise<void> {
  await sql
    .raw(`
    create or replace function portal.sample_lag(revocations double precision) returns void
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      unsealed pg_catalog.timestamptz;
      mail pg_catalog.timestamptz;
    begin
      select pg_catalog.uuid_extract_timestamp(p.event_id) into unsealed from auth.audit_pending p order by p.event_id limit 1;
      ${readOldest}
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
}
