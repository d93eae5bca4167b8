import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support.ts';

const platforms = ['user', 'portal'] as const;

/**
 * Up to when each process of a gateway has reported what it refused. Without it nobody could tell a request that was not refused from one whose record
 * still waits in a gateway, or was lost with it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    -- Of no tenant. All that the process refused between both times is in auth.refusal_record, or counted in auth.refusals_left_out.
    create table auth.refusal_reporter (
      platform text not null check (platform in ('user', 'portal')),
      source uuid not null,
      entrance text not null check (entrance in ('graph', 'user', 'portal')),
      since timestamptz not null,
      until timestamptz not null check (until >= since),
      -- It has stopped, and nothing waited in it.
      is_over boolean not null,
      primary key (platform, source)
    );
    alter table auth.refusal_reporter enable row level security;
    alter table auth.refusal_reporter force row level security;
    create policy reporting on auth.refusal_reporter to signet_owner using (true) with check (true);
    create policy reading on auth.refusal_reporter for select to signet_portal using (true);
    grant select (platform, since, until, is_over) on auth.refusal_reporter to signet_portal;
    -- Until now nobody noted it.
    insert into auth.refusal_reporter (platform, source, entrance, since, until, is_over)
      select k.platform, gen_random_uuid(), k.platform, k.since, now(), true from auth.refusals_kept k;
  `)
    .execute(db);
  for (const platform of platforms) {
    await sql
      .raw(`
      -- What was left out is counted for a day back: after a longer silence nobody knows of the time before.
      create function auth.note_${platform}_refusal_reporter(reporter uuid, at_entrance text, begun timestamptz, reported timestamptz, ended boolean)
        returns void language plpgsql volatile security definer set search_path = ''
      as $$
      declare
        latest timestamptz := least(reported, now());
      begin
        insert into auth.refusal_reporter as r (platform, source, entrance, since, until, is_over)
          values ('${platform}', reporter, at_entrance, least(latest, greatest(begun, now() - interval '1 day')), latest, ended)
          on conflict (platform, source) do update set
            since = case when excluded.until > r.until + interval '1 day' then excluded.until - interval '1 day' else r.since end,
            until = greatest(r.until, excluded.until),
            is_over = excluded.is_over
          where r.entrance = excluded.entrance and not r.is_over;
        delete from auth.refusal_reporter r using auth.refusals_kept k
          where r.platform = '${platform}' and k.platform = r.platform and r.until < k.since;
        -- Who has an entrance's key cannot fill the table.
        delete from auth.refusal_reporter r where r.platform = '${platform}' and r.entrance = at_entrance and r.source in (
          select o.source from auth.refusal_reporter o
          where o.platform = '${platform}' and o.entrance = at_entrance order by o.until desc, o.source offset 1000
        );
      end $$;
    `)
      .execute(db);
    await publishFunction(
      db,
      `auth.note_${platform}_refusal_reporter(uuid, text, timestamptz, timestamptz, boolean)`,
      `signet_auth_${platform}`,
    );
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    drop function auth.note_user_refusal_reporter(uuid, text, timestamptz, timestamptz, boolean);
    drop function auth.note_portal_refusal_reporter(uuid, text, timestamptz, timestamptz, boolean);
    drop table auth.refusal_reporter;
  `)
    .execute(db);
}
