import { type Kysely, sql } from 'kysely';
import { publishFunction, secureByTenant } from './support.ts';

export const locks = ['auth.audit_seal'];

const platforms = ['user', 'portal'] as const;
const written =
  'platform, tenant_id, request_id, happened_at, entrance, caller, account_id, caller_kind, act_id, status, reason, details';
const read = `id, ${written}`;
/** Entrances whose reports the auth process of a platform takes. */
const entrancesOf = { user: `('graph', 'user')`, portal: `('graph', 'portal')` };

/**
 * What gateways refused, request by request, for some days; and what was found when the chain of the audit log was last verified. auth writes
 * both, portal shows them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createRecords(db);
  for (const platform of platforms) await createTrimming(db, platform);
  await createVerifications(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    drop function auth.audit_chains();
    drop policy chains on auth.audit_seal;
    drop table auth.audit_verification;
    drop function auth.trim_user_refusal_records(integer, integer, integer);
    drop function auth.trim_portal_refusal_records(integer, integer, integer);
    drop function auth.count_user_refusals_left_out(integer, timestamptz);
    drop function auth.count_portal_refusals_left_out(integer, timestamptz);
    drop table auth.refusals_left_out;
    drop table auth.refusals_kept;
    drop table auth.refusal_record;
    drop function auth.share_refusal_record();
    drop table auth.refusal_share;
  `)
    .execute(db);
}

/** `caller`: whose share the row takes: an account's id, or a stranger's network. A row is of no use for anything but reading it. */
async function createRecords(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table auth.refusal_record (
      id uuid primary key default uuidv7(),
      platform text not null check (platform in ('user', 'portal')),
      tenant_id uuid not null references auth.tenant (id),
      request_id text not null check (length(request_id) between 1 and 200),
      happened_at timestamptz not null,
      entrance text not null check (entrance in ('graph', 'user', 'portal')),
      caller text not null check (length(caller) between 1 and 60),
      account_id uuid,
      caller_kind text check (caller_kind in ('service', 'impersonated')),
      act_id uuid,
      status smallint not null check (status between 200 and 599),
      reason text not null check (length(reason) between 1 and 120),
      details jsonb not null check (length(details::text) < 65536)
    );
    create index refusal_record_request on auth.refusal_record (tenant_id, request_id);
    create index refusal_record_latest on auth.refusal_record (tenant_id, happened_at desc, id desc);
  `)
    .execute(db);
  await secureByTenant(db, 'auth.refusal_record');
  await sql
    .raw(`
    grant select (${read}) on auth.refusal_record to signet_portal;

    -- Whose share each record takes. With this, rows are chosen to be deleted without a look at any tenant's.
    create table auth.refusal_share (
      record_id uuid primary key,
      platform text not null,
      is_known boolean not null,
      caller text not null,
      happened_at timestamptz not null
    );
    create index refusal_share_caller on auth.refusal_share (platform, is_known, caller, happened_at desc);
    alter table auth.refusal_share enable row level security;
    alter table auth.refusal_share force row level security;
    create policy sharing on auth.refusal_share to signet_owner using (true) with check (true);
    create function auth.share_refusal_record() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into auth.refusal_share values (new.id, new.platform, new.account_id is not null, new.caller, new.happened_at);
      return null;
    end $$;
    revoke all on function auth.share_refusal_record() from public;
    create trigger share after insert on auth.refusal_record for each row execute function auth.share_refusal_record();
    -- The owner's functions see a record once it has lost its share, and nothing of it before.
    create policy trimming on auth.refusal_record to signet_owner
      using (not exists (select from auth.refusal_share s where s.record_id = refusal_record.id)) with check (false);

    -- Since when a platform's records are all there, but for those counted below.
    create table auth.refusals_kept (
      platform text primary key check (platform in ('user', 'portal')),
      since timestamptz not null default now()
    );
    -- How many there was no room for, by minute: about. Of no tenant: nobody looked whose they were.
    create table auth.refusals_left_out (
      platform text not null check (platform in ('user', 'portal')),
      minute timestamptz not null,
      count bigint not null check (count > 0),
      primary key (platform, minute)
    );
    alter table auth.refusals_kept enable row level security;
    alter table auth.refusals_kept force row level security;
    alter table auth.refusals_left_out enable row level security;
    alter table auth.refusals_left_out force row level security;
    create policy keeping on auth.refusals_kept to signet_owner using (true) with check (true);
    create policy counting on auth.refusals_left_out to signet_owner using (true) with check (true);
    create policy reading on auth.refusals_kept for select to signet_portal using (true);
    create policy reading on auth.refusals_left_out for select to signet_portal using (true);
    grant select (platform, since) on auth.refusals_kept to signet_portal;
    grant select (platform, minute) on auth.refusals_left_out to signet_portal;
    insert into auth.refusals_kept (platform) values ('user'), ('portal');
  `)
    .execute(db);
  for (const platform of platforms) {
    await sql
      .raw(`
      create policy ${platform}_writes on auth.refusal_record as restrictive for insert to signet_auth_${platform}
        with check (platform = '${platform}' and entrance in ${entrancesOf[platform]}
          and happened_at between now() - interval '1 hour' and now() + interval '1 minute');
      grant insert (${written}) on auth.refusal_record to signet_auth_${platform};
      -- In which of the minutes since then, nobody knows: each of them may lack some.
      create function auth.count_${platform}_refusals_left_out(how_many integer, since timestamptz) returns void
        language sql volatile security definer set search_path = ''
      begin atomic
        insert into auth.refusals_left_out as l (platform, minute, count)
          select '${platform}', m.minute, greatest(1, how_many / count(*) over ())
          from generate_series(date_trunc('minute', least(now(), greatest(since, now() - interval '1 day'))), now(), interval '1 minute') m (minute)
          where how_many > 0
          on conflict (platform, minute) do update set count = l.count + excluded.count;
      end;
    `)
      .execute(db);
    await publishFunction(
      db,
      `auth.count_${platform}_refusals_left_out(integer, timestamptz)`,
      `signet_auth_${platform}`,
    );
  }
}

/**
 * Deletes what is too old and what is too much, and counts the latter by minute. Where all callers of one sort (those with an account, strangers)
 * have more than `most`, those with most rows lose theirs first, so that nobody pushes out another's.
 */
async function createTrimming(db: Kysely<unknown>, platform: string): Promise<void> {
  await sql
    .raw(`
    create function auth.trim_${platform}_refusal_records(days integer, per_caller integer, most integer) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      oldest timestamptz := now() - greatest(days, 1) * interval '1 day';
      trimmed uuid[];
      gone pg_catalog.int4 := 0;
    begin
      if not pg_try_advisory_xact_lock(hashtextextended('signet trim refusal records ${platform}', 0)) then
        return 0;
      end if;
      with old as (
        delete from auth.refusal_share s where s.platform = '${platform}' and s.happened_at < oldest returning s.record_id
      )
      select coalesce(array_agg(o.record_id), '{}') into trimmed from old o;
      delete from auth.refusal_record r where r.id = any(trimmed);
      gone := cardinality(trimmed);
      delete from auth.refusals_left_out l where l.platform = '${platform}' and l.minute < oldest;
      update auth.refusals_kept k set since = oldest where k.platform = '${platform}' and k.since < oldest;
      for sort in 0..1 loop
        -- The newest row of every caller is before the second of any: whoever has most loses first, and one row is lost where callers are too many.
        with ranked as (
          select s.record_id, s.happened_at,
            row_number() over (partition by s.caller order by s.happened_at desc, s.record_id desc) as nth
          from auth.refusal_share s where s.platform = '${platform}' and s.is_known = (sort = 0)
        ), placed as (
          select r.record_id, r.nth, row_number() over (order by r.nth, r.happened_at desc, r.record_id desc) as place from ranked r
        ), lost as (
          delete from auth.refusal_share s using placed p
          where s.record_id = p.record_id and (p.nth > greatest(per_caller, 1) or p.place > greatest(most, 1000))
          returning s.record_id, s.happened_at
        ), counted as (
          insert into auth.refusals_left_out as l (platform, minute, count)
            select '${platform}', date_trunc('minute', t.happened_at), count(*) from lost t group by 2
            on conflict (platform, minute) do update set count = l.count + excluded.count
        )
        select coalesce(array_agg(t.record_id), '{}') into trimmed from lost t;
        delete from auth.refusal_record r where r.id = any(trimmed);
        gone := gone + cardinality(trimmed);
      end loop;
      return gone;
    end $$;
  `)
    .execute(db);
  await publishFunction(
    db,
    `auth.trim_${platform}_refusal_records(integer, integer, integer)`,
    `signet_auth_${platform}`,
  );
}

/** The last verification of each chain. Staff may ask for another one; the process of the platform, which has the key, does it. */
async function createVerifications(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table auth.audit_verification (
      platform text primary key check (platform in ('user', 'portal')),
      requested_at timestamptz,
      started_at timestamptz,
      finished_at timestamptz,
      seals bigint,
      events bigint,
      pruned bigint,
      complete_from bigint,
      last_seal bigint,
      last_mac bytea check (length(last_mac) = 32),
      fault_count integer,
      faults text[],
      missing_keys text[]
    );
    insert into auth.audit_verification (platform) values ('user'), ('portal');
    alter table auth.audit_verification enable row level security;
    alter table auth.audit_verification force row level security;
    create policy asking on auth.audit_verification to signet_portal using (true) with check (true);
    create policy chains on auth.audit_seal for select to signet_owner using (true);
    grant select (platform, requested_at, started_at, finished_at, seals, events, pruned, complete_from, last_seal, fault_count,
      faults, missing_keys), update (requested_at) on auth.audit_verification to signet_portal;

    -- The last seal of each platform, and what waits for the next one. Also numbers only: what a seal holds stays here.
    create function auth.audit_chains() returns table (
      platform text, number bigint, sealed_at timestamptz, key_id text, waiting bigint, oldest_waiting timestamptz
    )
      language sql stable security definer set search_path = ''
    begin atomic
      select p.platform, s.number, s.sealed_at, s.key_id, w.waiting, w.oldest
      from (values ('user'), ('portal')) p (platform)
      left join lateral (
        select a.number, a.sealed_at, a.key_id from auth.audit_seal a
        where a.platform = p.platform order by a.number desc limit 1
      ) s on true
      left join lateral (
        select count(*) as waiting, uuid_extract_timestamp((array_agg(q.event_id order by q.event_id))[1]) as oldest
        from auth.audit_pending q where q.platform = p.platform
      ) w on true;
    end;
  `)
    .execute(db);
  await publishFunction(db, 'auth.audit_chains()', 'signet_portal');
  for (const platform of platforms) {
    await sql
      .raw(`
      create policy ${platform}_verifies on auth.audit_verification to signet_auth_${platform}
        using (platform = '${platform}') with check (platform = '${platform}');
      grant select (platform, requested_at, started_at, finished_at, last_seal, last_mac),
        update (started_at, finished_at, seals, events, pruned, complete_from, last_seal, last_mac, fault_count, faults, missing_keys)
        on auth.audit_verification to signet_auth_${platform};
    `)
      .execute(db);
  }
}
