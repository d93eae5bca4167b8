import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support.ts';

const platforms = ['user', 'portal'] as const;
/** What anybody can cause at will, and so is kept for a shorter time than all else. */
const refusals = [
  'auth.login.failure',
  'auth.login.throttled',
  'auth.password.change_failure',
  'auth.reauthentication_failure',
  'auth.refresh.refused',
  'auth.throttled',
  'authz.refused',
];
const keyEvents =
  'auth.key_events(most integer, kind text, since timestamptz, until timestamptz, before timestamptz, before_id uuid)';

export const breaks = {
  'constraint audit_event_tenant_id_fkey1 on auth.audit_event: is new':
    'The table of before had the same one, and every row of it keeps to it.',
  'index audit_event_pkey on auth.audit_event: is gone, and was unique':
    'Ids are random, and nobody inserts one with "on conflict". Each partition has the index.',
  'table auth.audit_event: is written anew':
    'It is attached, not copied. The lock is taken for one reading of it; docs/audit.md says how to do without.',
};

/**
 * The audit log is a table a month, for each platform one of refusals and one of acts, so that rows whose time is over go by dropping
 * a table. The table of before becomes the partition of all that happened until the end of this month: it is attached, not copied, and
 * nobody has to write otherwise. Rows of a month that nobody has made a table for go to `audit_event_rest`.
 *
 * Attaching reads the table of before once, under a lock that audit rows wait for. docs/audit.md says what to do beforehand where that
 * takes too long.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`lock table auth.audit_event in access exclusive mode`.execute(db);
  const secured = await readSecurity(db, 'audit_event');
  await sql
    .raw(`
    alter table auth.audit_event rename to audit_event_past;
    drop trigger queue_for_seal on auth.audit_event_past;
    drop trigger name_actor on auth.audit_event_past;
    create table auth.audit_event (
      like auth.audit_event_past including defaults including generated including constraints
    ) partition by range (happened_at);
    alter table auth.audit_event add foreign key (tenant_id) references auth.tenant;
  `)
    .execute(db);
  await moveSecurity(db, secured, { from: 'audit_event_past', to: 'audit_event' });
  await createIndexes(db);
  await attachPast(db);
  await createTriggers(db);
  await createKeyEvents(db);
  await createMaking(db);
  await createDropping(db);
  for (const platform of platforms) await publish(db, platform);
  await sql`select auth.make_audit_partitions(3)`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  const secured = await readSecurity(db, 'audit_event');
  await sql
    .raw(`
    drop function auth.drop_user_audit_partition(date, text, bigint);
    drop function auth.drop_portal_audit_partition(date, text, bigint);
    drop function auth.drop_audit_partition(text, date, text, bigint);
    drop function auth.make_audit_partitions_for_user(integer);
    drop function auth.make_audit_partitions_for_portal(integer);
    drop function auth.make_audit_partitions(integer);
    drop function auth.make_audit_month(timestamp);
    drop function auth.audit_partition_end(regclass);
    drop trigger queue_for_seal on auth.audit_event;
    drop trigger name_actor on auth.audit_event;
    alter table auth.audit_event detach partition auth.audit_event_past;
    alter table auth.audit_event no force row level security;
    alter table auth.audit_event_past no force row level security;
    insert into auth.audit_event_past (${columns})
      select ${columns} from auth.audit_event;
  `)
    .execute(db);
  await moveSecurity(db, secured, { from: 'audit_event', to: 'audit_event_past' });
  await sql
    .raw(`
    alter table auth.audit_event rename to audit_event_partitioned;
    alter table auth.audit_event_past rename to audit_event;
    alter table auth.audit_event force row level security;
  `)
    .execute(db);
  await createKeyEvents(db);
  await sql`drop table auth.audit_event_partitioned`.execute(db);
  for (const name of ['time', 'kind', 'actor', 'subject', 'age']) {
    await sql.raw(`alter index auth.audit_event_past_${name} rename to audit_event_${name}`).execute(db);
  }
  await sql
    .raw(`
    create or replace function auth.queue_audit_event() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into auth.audit_pending (event_id, platform)
      values (new.id, case new.platform when 'none' then 'user' else new.platform end);
      return null;
    end $$;
    ${triggers}
  `)
    .execute(db);
}

const columns =
  'id, tenant_id, happened_at, kind, platform, actor_id, subject_id, session_id, address, request_id, details';

/** Rights and policies of a table as statements, `%s` for its name: subgraphs have added theirs. */
async function readSecurity(db: Kysely<unknown>, table: string): Promise<string[]> {
  const { rows } = await sql<{ statement: string }>`
    select format('create policy %I on auth.%%s as %s for %s to %s%s%s', policyname, permissive, cmd,
        (select string_agg(case role when 'public' then 'public' else quote_ident(role) end, ', ') from unnest(roles) role),
        ' using (' || qual || ')', ' with check (' || with_check || ')') as statement
      from pg_policies where schemaname = 'auth' and tablename = ${table}
    union all
    select format('grant %s (%s) on auth.%%s to %I', privilege_type, string_agg(quote_ident(attname), ', '), grantee::regrole)
      from pg_attribute, aclexplode(attacl) where attrelid = ${`auth.${table}`}::regclass
      group by privilege_type, grantee
    union all
    select format('grant %s on auth.%%s to %I', privilege_type, grantee::regrole)
      from pg_class, aclexplode(relacl) where oid = ${`auth.${table}`}::regclass and grantee <> relowner
    order by 1`.execute(db);
  return rows.map(({ statement }) => statement);
}

/** Nobody reaches a partition past the policies of the table: it has neither a right nor a policy of its own. */
async function moveSecurity(
  db: Kysely<unknown>,
  statements: readonly string[],
  { from, to }: { from: string; to: string },
): Promise<void> {
  await sql
    .raw(`
    do $$
    declare
      one record;
    begin
      for one in select policyname from pg_catalog.pg_policies where schemaname = 'auth' and tablename = '${from}' loop
        execute format('drop policy %I on auth.${from}', one.policyname);
      end loop;
      for one in
        select distinct grantee from pg_catalog.pg_attribute, pg_catalog.aclexplode(attacl) where attrelid = 'auth.${from}'::regclass
        union
        select distinct grantee from pg_catalog.pg_class, pg_catalog.aclexplode(relacl)
          where oid = 'auth.${from}'::regclass and grantee <> relowner
      loop
        execute format('revoke all on auth.${from} from %s', one.grantee::regrole);
      end loop;
    end $$;
    alter table auth.${to} enable row level security;
    alter table auth.${to} force row level security;
  `)
    .execute(db);
  for (const statement of statements) await sql.raw(statement.replace('%s', to)).execute(db);
}

/** The table of before has them already, under these names: they are taken over when it is attached, and nothing is built. */
async function createIndexes(db: Kysely<unknown>): Promise<void> {
  const indexes = {
    time: '(tenant_id, happened_at desc, id desc)',
    kind: '(tenant_id, kind, happened_at desc, id desc)',
    actor: '(tenant_id, actor_id, happened_at desc, id desc)',
    subject: '(tenant_id, subject_id, happened_at desc, id desc)',
    age: '(platform, kind, happened_at)',
  };
  for (const [name, on] of Object.entries(indexes)) {
    await sql
      .raw(`
      alter index auth.audit_event_${name} rename to audit_event_past_${name};
      create index audit_event_${name} on auth.audit_event ${on};
    `)
      .execute(db);
  }
}

/** A validated check of the same spares the reading (docs/audit.md). It has done its work then. */
async function attachPast(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    do $$
    begin
      execute format(
        'alter table auth.audit_event attach partition auth.audit_event_past for values from (minvalue) to (%L)',
        (date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC');
    end $$;
    alter table auth.audit_event drop constraint if exists audit_event_until;
    alter table auth.audit_event_past drop constraint if exists audit_event_until;
    create table auth.audit_event_rest partition of auth.audit_event (primary key (id)) default;
    alter table auth.audit_event_rest enable row level security;
    alter table auth.audit_event_rest force row level security;
  `)
    .execute(db);
}

const triggers = `
    create trigger queue_for_seal after insert on auth.audit_event
      for each row execute function auth.queue_audit_event();
    create trigger name_actor before insert on auth.audit_event
      for each row when (nullif(current_setting('app.actor', true), '') is not null or new.details ? 'act')
      execute function auth.name_actor();`;

/** A row that moves to another partition is inserted there: it waits for one seal all the same. */
async function createTriggers(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create or replace function auth.queue_audit_event() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into auth.audit_pending (event_id, platform)
      values (new.id, case new.platform when 'none' then 'user' else new.platform end)
      on conflict do nothing;
      return null;
    end $$;
    ${triggers}
  `)
    .execute(db);
}

/** As in 0014: its body is bound to a table and not to a name. */
async function createKeyEvents(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create or replace function ${keyEvents}
      returns table (id uuid, happened_at timestamptz, kind text, platform text, details jsonb)
      language sql stable security definer set search_path = ''
    begin atomic
      select e.id, e.happened_at, e.kind, e.platform, e.details from auth.audit_event e
      where e.tenant_id is null and e.kind like 'auth.key.%'
        and (key_events.kind is null or e.kind = key_events.kind)
        and (key_events.since is null or e.happened_at >= key_events.since)
        and (key_events.until is null or e.happened_at < key_events.until)
        and (key_events.before is null or (e.happened_at, e.id) < (key_events.before, key_events.before_id))
      order by e.happened_at desc, e.id desc
      limit least(key_events.most, 101);
    end;
  `)
    .execute(db);
}

/**
 * `make_audit_partitions` makes the tables of this month and of `months` after it, as far as they are missing, and returns how many months
 * those were. While another process makes them, it makes none. Rows of a month that are in `audit_event_rest` move to its tables; they pass no trigger, so no row is
 * queued twice. Attaching waits for nobody for long: who is in the way is met again in an hour, long before the month begins.
 */
async function createMaking(db: Kysely<unknown>): Promise<void> {
  const kinds = refusals.map((kind) => `''${kind}''`).join(', ');
  await sql
    .raw(`
    create function auth.audit_partition_end(part regclass) returns timestamptz
      language sql stable set search_path = '' set datestyle = 'ISO'
      return (
        select substring(pg_catalog.pg_get_expr(relpartbound, oid) from 'TO \\(''([^'']+)''\\)')::pg_catalog.timestamptz
        from pg_catalog.pg_class where oid = part
      );

    create function auth.make_audit_month(month timestamp) returns void
      language plpgsql volatile set search_path = '' set datestyle = 'ISO'
    as $$
    declare
      root pg_catalog.text := 'audit_event_' || pg_catalog.to_char(month, 'YYYY_MM');
      starts pg_catalog.timestamptz := month at time zone 'UTC';
      ends pg_catalog.timestamptz := (month + interval '1 month') at time zone 'UTC';
      platform pg_catalog.text;
      suffix pg_catalog.text;
    begin
      execute pg_catalog.format('create table auth.%I
        (like auth.audit_event including defaults including generated including constraints) partition by list (platform)', root);
      foreach platform in array array['user', 'portal'] loop
        execute pg_catalog.format('create table auth.%I partition of auth.%I for values in (%s) partition by list (kind)',
          root || '_' || platform, root, case platform when 'user' then '''user'', ''none''' else '''portal''' end);
        execute pg_catalog.format('create table auth.%I partition of auth.%I (primary key (id)) for values in (${kinds})',
          root || '_' || platform || '_refusals', root || '_' || platform);
        execute pg_catalog.format('create table auth.%I partition of auth.%I (primary key (id)) default',
          root || '_' || platform || '_acts', root || '_' || platform);
      end loop;
      lock table auth.audit_event_rest in access exclusive mode;
      alter table auth.audit_event_rest no force row level security;
      execute pg_catalog.format('with moved as (
          delete from auth.audit_event_rest where happened_at >= %L and happened_at < %L returning ${columns}
        ) insert into auth.%I (${columns}) select * from moved', starts, ends, root);
      alter table auth.audit_event_rest force row level security;
      foreach suffix in array array['', '_user', '_user_refusals', '_user_acts', '_portal', '_portal_refusals', '_portal_acts'] loop
        execute pg_catalog.format('alter table auth.%I enable row level security, force row level security', root || suffix);
      end loop;
      execute pg_catalog.format('alter table auth.audit_event attach partition auth.%I for values from (%L) to (%L)', root, starts, ends);
    end $$;

    create function auth.make_audit_partitions(months integer) returns integer
      language plpgsql volatile set search_path = '' set lock_timeout = '250ms'
    as $$
    declare
      past_end pg_catalog.timestamptz;
      month pg_catalog.timestamp;
      made pg_catalog.int4 := 0;
    begin
      if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('signet audit partitions', 0)) then
        return made;
      end if;
      past_end := auth.audit_partition_end('auth.audit_event_past');
      for ahead in 0..least(months, 24) loop
        month := pg_catalog.date_trunc('month', pg_catalog.now() at time zone 'UTC') + pg_catalog.make_interval(months => ahead);
        continue when month at time zone 'UTC' < past_end
          or pg_catalog.to_regclass('auth.audit_event_' || pg_catalog.to_char(month, 'YYYY_MM')) is not null;
        perform auth.make_audit_month(month);
        made := made + 1;
      end loop;
      return made;
    end $$;

    revoke all on function auth.audit_partition_end(regclass), auth.make_audit_month(timestamp), auth.make_audit_partitions(integer) from public;
  `)
    .execute(db);
}

/**
 * Drops a platform's table of a month's refusals or acts, the way in which rows of a whole month expire. `recorded`: how many of its rows
 * are in auth.audit_pruning; where the table has another number it stays, and the result is false. So does one whose month ended less
 * than thirty days ago. It waits for nobody for long.
 */
async function createDropping(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.drop_audit_partition(platform text, month date, class text, recorded bigint) returns boolean
      language plpgsql volatile set search_path = '' set lock_timeout = '250ms' set datestyle = 'ISO'
    as $$
    declare
      root pg_catalog.text := 'audit_event_' || pg_catalog.to_char(month, 'YYYY_MM');
      parent pg_catalog.text := root || '_' || platform;
      leaf pg_catalog.text := parent || '_' || class;
      found_rows pg_catalog.int8;
    begin
      if class is null or class not in ('refusals', 'acts') or pg_catalog.to_regclass('auth.' || leaf) is null
        or auth.audit_partition_end(('auth.' || root)::pg_catalog.regclass) > pg_catalog.now() - interval '30 days'
      then
        return false;
      end if;
      execute pg_catalog.format('alter table auth.%I no force row level security', leaf);
      execute pg_catalog.format('select count(*) from auth.%I', leaf) into found_rows;
      if found_rows is distinct from recorded then
        execute pg_catalog.format('alter table auth.%I force row level security', leaf);
        return false;
      end if;
      execute pg_catalog.format('drop table auth.%I', leaf);
      if not exists (select from pg_catalog.pg_inherits where inhparent = ('auth.' || parent)::pg_catalog.regclass) then
        execute pg_catalog.format('drop table auth.%I', parent);
      end if;
      if not exists (select from pg_catalog.pg_inherits where inhparent = ('auth.' || root)::pg_catalog.regclass) then
        execute pg_catalog.format('drop table auth.%I', root);
      end if;
      return true;
    end $$;
    revoke all on function auth.drop_audit_partition(text, date, text, bigint) from public;
  `)
    .execute(db);
}

/** What an auth process may call: it makes the months ahead for both platforms, and drops tables of its own. */
async function publish(db: Kysely<unknown>, platform: string): Promise<void> {
  const making = `auth.make_audit_partitions_for_${platform}(integer)`;
  const dropping = `auth.drop_${platform}_audit_partition(date, text, bigint)`;
  await sql
    .raw(`
    create function auth.make_audit_partitions_for_${platform}(months integer) returns integer
      language sql volatile security definer set search_path = ''
    begin atomic
      select auth.make_audit_partitions(months);
    end;
    create function auth.drop_${platform}_audit_partition(month date, class text, recorded bigint) returns boolean
      language sql volatile security definer set search_path = ''
    begin atomic
      select auth.drop_audit_partition('${platform}', month, class, recorded);
    end;
  `)
    .execute(db);
  await publishFunction(db, making, `signet_auth_${platform}`);
  await publishFunction(db, dropping, `signet_auth_${platform}`);
}
