import { type Kysely, sql } from 'kysely';
import { createPruning, dropPruning, publishFunction, secureByTenant } from './support.ts';

const tenant = `tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;`;
/** The member of staff whose act a statement is, where a customer's token was made for them (RFC 8693, section 4.1). */
const actor = `nullif(current_setting('app.actor', true), '')`;

const pruning = {
  name: 'auth.prune_user_impersonations',
  table: 'auth.user_impersonation',
  key: 'id',
  expired: `coalesce(ended_at, expires_at, grant_expires_at) < now() - interval '90 days'`,
  role: 'signet_auth_user',
};

/** What proves who a customer is, signs them in, or asks for all that is kept of them. None of it is there for an impersonated caller. */
const closedToActors = [
  'user_session',
  'user_refresh_token',
  'user_account_token',
  'user_challenge',
  'user_registration',
  'user_totp',
  'user_recovery_code',
  'user_passkey',
  'user_used_passkey_challenge',
  'user_device',
  'user_trusted_device',
  'user_factor_reset',
  'user_mail',
  'user_identity',
  'user_upstream_result',
  'person_request',
  'person_part',
] as const;

/**
 * A member of staff sees for some minutes what a customer sees. The portal's processes make a grant, by a function that proves the
 * member's session; the customers' auth process, which has the keys, begins it. It ends with the session that it was made in, and with
 * what ends the customer's own sessions: triggers see to that, so no operation can forget it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTable(db);
  await createPruning(db, pruning);
  await createFunctions(db);
  await createEnds(db);
  await createActors(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of closedToActors) await sql.raw(`drop policy no_actors on auth.${table}`).execute(db);
  await sql
    .raw(`
    drop policy no_actors on auth.user;
    drop trigger name_actor on auth.audit_event;
    drop function auth.name_actor();
    drop trigger end_impersonations on auth.portal_session;
    drop trigger end_impersonations_of_deleted on auth.portal_session;
    drop trigger end_impersonations on auth.user;
    drop function auth.end_impersonations_of_staff();
    drop function auth.end_impersonations_of_customer();
    drop function auth.grant_impersonation(uuid, uuid, uuid, text, text, text, bytea);
    drop function auth.begin_impersonation(bytea, integer);
    drop function auth.end_impersonations(uuid, uuid, uuid, uuid);
  `)
    .execute(db);
  await dropPruning(db, pruning);
  await sql`drop table auth.user_impersonation`.execute(db);
  await sql`drop function auth.record_impersonation_end()`.execute(db);
}

/**
 * `staff_session_id`: the session that made it. `begun_at` and `expires_at`: of the token, once the grant was used. `ended_by`: who ended
 * it, a customer or a member of staff. Why and for which ticket is for staff alone.
 */
async function createTable(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table auth.user_impersonation (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      account_id uuid not null,
      staff_id uuid not null,
      staff_session_id uuid not null,
      reason_class text not null check (reason_class ~ '^[A-Z][A-Z_]{0,39}$'),
      reason text not null check (length(reason) between 3 and 500),
      ticket text not null check (length(ticket) between 1 and 100),
      grant_hash bytea not null unique check (length(grant_hash) = 32),
      created_at timestamptz not null default clock_timestamp(),
      grant_expires_at timestamptz not null,
      begun_at timestamptz,
      expires_at timestamptz,
      ended_at timestamptz,
      end_reason text check (end_reason ~ '^[a-z_]{1,40}$'),
      ended_by uuid,
      objected_at timestamptz,
      check ((begun_at is null) = (expires_at is null)),
      check (expires_at <= begun_at + interval '15 minutes'),
      check ((ended_at is null) = (end_reason is null)),
      foreign key (tenant_id, account_id) references auth.user (tenant_id, id) on delete cascade,
      foreign key (tenant_id, staff_id) references auth.portal_user (tenant_id, id) on delete cascade
    );
    create index user_impersonation_account on auth.user_impersonation (tenant_id, account_id, id);
    create index user_impersonation_staff on auth.user_impersonation (tenant_id, staff_id, id);
    create index user_impersonation_session on auth.user_impersonation (staff_session_id) where ended_at is null;
    create index user_impersonation_end on auth.user_impersonation (coalesce(ended_at, expires_at, grant_expires_at));
    grant select (id, tenant_id, account_id, staff_id, reason_class, created_at, grant_expires_at, begun_at, expires_at, ended_at, end_reason, objected_at),
      update (ended_at, end_reason, ended_by, objected_at) on auth.user_impersonation to signet_auth_user;
    grant select (id, account_id, staff_id, reason_class, reason, ticket, created_at, grant_expires_at, begun_at, expires_at, ended_at, end_reason, ended_by, objected_at)
      on auth.user_impersonation to signet_portal;
  `)
    .execute(db);
  await secureByTenant(db, 'auth.user_impersonation');
}

/**
 * Rows are locked in one order everywhere: the member of staff, their session, the customer, the impersonation. So whatever ends one comes
 * before its beginning, which then fails, or after it, and finds the row.
 *
 * `grant_impersonation`: outcome `done`, or what stands in the way; null for no such customer. A member of staff makes 20 an hour at most.
 * A customer who objected is left alone for a day. `begin_impersonation`: no row, whatever is wrong with the grant. The role is the
 * member's at this moment: the caller compares it with the scopes. `end_impersonations`: of one id, or of one customer; how many.
 */
async function createFunctions(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.grant_impersonation(customer uuid, staff uuid, session uuid, class text, why text, of_ticket text, hash bytea)
      returns table (outcome text, id uuid, grant_expires_at timestamptz, wait integer)
      language plpgsql volatile security definer set search_path = ''
    as $$
    #variable_conflict use_column
    declare
      ${tenant}
      active pg_catalog.bool;
      made pg_catalog.int8;
      earliest pg_catalog.timestamptz;
    begin
      perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('impersonation by ' || staff::pg_catalog.text, 0));
      if not auth.lock_staff_session(staff, session) then
        raise exception 'no live session of this member of staff' using errcode = '28000';
      end if;
      select u.is_active into active from auth.user u where u.id = customer and u.tenant_id = tenant for share;
      if not found then
        return;
      end if;
      if not active then
        return query select 'suspended', null::pg_catalog.uuid, null::pg_catalog.timestamptz, null::pg_catalog.int4;
        return;
      end if;
      if not exists (select from auth.user_outbox o where o.is_open) then
        return query select 'no_mail', null::pg_catalog.uuid, null::pg_catalog.timestamptz, null::pg_catalog.int4;
        return;
      end if;
      if exists (
        select from auth.user_impersonation i
        where i.account_id = customer and i.tenant_id = tenant
          and i.objected_at > pg_catalog.clock_timestamp() - interval '24 hours'
      ) then
        return query select 'objected', null::pg_catalog.uuid, null::pg_catalog.timestamptz, null::pg_catalog.int4;
        return;
      end if;
      select pg_catalog.count(*), pg_catalog.min(i.created_at) into made, earliest from auth.user_impersonation i
        where i.staff_id = staff and i.tenant_id = tenant and i.created_at > pg_catalog.clock_timestamp() - interval '1 hour';
      if made >= 20 then
        return query select 'throttled', null::pg_catalog.uuid, null::pg_catalog.timestamptz,
          ceil(extract(epoch from earliest + interval '1 hour' - pg_catalog.clock_timestamp()))::pg_catalog.int4;
        return;
      end if;
      return query
        insert into auth.user_impersonation as i
          (tenant_id, account_id, staff_id, staff_session_id, reason_class, reason, ticket, grant_hash, grant_expires_at)
        values (tenant, customer, staff, session, class, why, of_ticket, hash, pg_catalog.clock_timestamp() + interval '60 seconds')
        returning 'done', i.id, i.grant_expires_at, null::pg_catalog.int4;
    end $$;

    create function auth.begin_impersonation(hash bytea, seconds integer)
      returns table (id uuid, account_id uuid, staff_id uuid, staff_role text, reason_class text, begun_at timestamptz, expires_at timestamptz)
      language plpgsql volatile security definer set search_path = ''
    as $$
    #variable_conflict use_column
    declare
      ${tenant}
      granted auth.user_impersonation;
      rank pg_catalog.text;
      session_end pg_catalog.timestamptz;
      instant pg_catalog.timestamptz;
    begin
      select i.* into granted from auth.user_impersonation i where i.grant_hash = hash and i.tenant_id = tenant;
      if not found or not auth.lock_staff_session(granted.staff_id, granted.staff_session_id) then
        return;
      end if;
      perform from auth.user u where u.id = granted.account_id and u.tenant_id = tenant and u.is_active for share;
      if not found then
        return;
      end if;
      select p.role into rank from auth.portal_user p where p.id = granted.staff_id and p.tenant_id = tenant;
      select s.expires_at into session_end from auth.portal_session s where s.id = granted.staff_session_id and s.tenant_id = tenant;
      instant := pg_catalog.clock_timestamp();
      return query
        update auth.user_impersonation i
        set begun_at = instant,
          expires_at = least(instant + pg_catalog.make_interval(secs => least(seconds, 900)), session_end)
        where i.id = granted.id and i.begun_at is null and i.ended_at is null and i.grant_expires_at > instant
        returning i.id, i.account_id, i.staff_id, rank, i.reason_class, i.begun_at, i.expires_at;
    end $$;

    create function auth.end_impersonations(staff uuid, session uuid, impersonation uuid, customer uuid) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      ${tenant}
      ended pg_catalog.int4;
    begin
      if not auth.lock_staff_session(staff, session) then
        raise exception 'no live session of this member of staff' using errcode = '28000';
      end if;
      update auth.user_impersonation i set ended_at = pg_catalog.clock_timestamp(), end_reason = 'ended', ended_by = staff
        where i.tenant_id = tenant and (i.id = impersonation or i.account_id = customer) and i.ended_at is null
          -- A minute more: a token is taken until its end by the verifier's clock, and clocks differ.
          and coalesce(i.expires_at, i.grant_expires_at) + interval '1 minute' > pg_catalog.clock_timestamp();
      get diagnostics ended = row_count;
      return ended;
    end $$;
  `)
    .execute(db);
  await publishFunction(
    db,
    'auth.grant_impersonation(uuid, uuid, uuid, text, text, text, bytea)',
    'signet_portal',
  );
  await publishFunction(db, 'auth.begin_impersonation(bytea, integer)', 'signet_auth_user');
  await publishFunction(db, 'auth.end_impersonations(uuid, uuid, uuid, uuid)', 'signet_portal');
}

/**
 * The end of a member's session ends what was begun in it, whoever ends it and why; so does a customer's account that is closed, or gets
 * another password. Each end is a revocation, as of a session, and a row in the audit log.
 */
async function createEnds(db: Kysely<unknown>): Promise<void> {
  const isEnding = `current_setting('app.ending_impersonations', true) = 'yes'`;
  const end = (reason: string, condition: string) => `
      perform pg_catalog.set_config('app.ending_impersonations', 'yes', true);
      update auth.user_impersonation i set ended_at = pg_catalog.clock_timestamp(), end_reason = ${reason}
        where ${condition} and i.ended_at is null;
      perform pg_catalog.set_config('app.ending_impersonations', '', true);
      return null;`;
  await sql
    .raw(`
    create policy ending on auth.user_impersonation to signet_owner using (${isEnding}) with check (${isEnding});
    create function auth.end_impersonations_of_staff() returns trigger language plpgsql security definer set search_path = '' as $$
    declare
      ending pg_catalog.text := 'staff_session';
    begin
      if tg_op = 'UPDATE' then
        ending := 'staff_' || new.end_reason;
      end if;
      ${end('ending', 'i.staff_session_id = old.id')}
    end $$;
    create trigger end_impersonations after update of ended_at on auth.portal_session
      for each row when (old.ended_at is null and new.ended_at is not null)
      execute function auth.end_impersonations_of_staff();
    create trigger end_impersonations_of_deleted after delete on auth.portal_session
      for each row when (old.ended_at is null)
      execute function auth.end_impersonations_of_staff();

    create function auth.end_impersonations_of_customer() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      ${end(`case when new.is_active then 'password' else 'suspended' end`, 'i.tenant_id = new.tenant_id and i.account_id = new.id')}
    end $$;
    create trigger end_impersonations after update of is_active, password_version on auth.user
      for each row when ((old.is_active and not new.is_active) or old.password_version <> new.password_version)
      execute function auth.end_impersonations_of_customer();

    create trigger revoke_ended after update of ended_at on auth.user_impersonation
      for each row when (old.ended_at is null and new.ended_at is not null and old.begun_at is not null)
      execute function auth.revoke_session('user');
    create trigger revoke_deleted after delete on auth.user_impersonation
      for each row when (old.ended_at is null and old.expires_at > now())
      execute function auth.revoke_session('user');

    create function auth.record_impersonation_end() returns trigger language plpgsql security definer set search_path = '' as $$
    declare
      caller pg_catalog.text := current_setting('app.tenant', true);
      is_staff pg_catalog.bool := new.end_reason like 'staff\\_%' or new.ended_by is distinct from new.account_id and new.ended_by is not null;
    begin
      perform pg_catalog.set_config('app.tenant', new.tenant_id::pg_catalog.text, true);
      insert into auth.audit_event (tenant_id, kind, platform, actor_id, subject_id, session_id, details)
        values (new.tenant_id, 'auth.impersonation.ended', 'user',
          new.ended_by, new.account_id, new.id,
          pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
            'reason', new.end_reason, 'act', case when is_staff then coalesce(new.ended_by, new.staff_id) end)));
      perform pg_catalog.set_config('app.tenant', coalesce(caller, ''), true);
      return null;
    end $$;
    create trigger record_end after update of ended_at on auth.user_impersonation
      for each row when (old.ended_at is null and new.ended_at is not null)
      execute function auth.record_impersonation_end();
    revoke all on function auth.end_impersonations_of_staff() from public;
    revoke all on function auth.end_impersonations_of_customer() from public;
    revoke all on function auth.record_impersonation_end() from public;
  `)
    .execute(db);
}

/**
 * `app.actor` is set for what an impersonated caller asks for. A row of the audit log about that, or with `act` among its details, says that
 * the member of staff did it, to the customer. And of credentials, sessions and wishes about personal data no row is there for such a
 * request: the access rules refuse it already, and this holds if one of them is wrong.
 */
async function createActors(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.name_actor() returns trigger language plpgsql set search_path = '' as $$
    declare
      actor pg_catalog.text := ${actor};
    begin
      if actor is not null then
        new.details := new.details || pg_catalog.jsonb_build_object('caller', 'impersonated', 'act', actor);
      end if;
      new.subject_id := coalesce(new.subject_id, new.actor_id);
      new.actor_id := (new.details ->> 'act')::pg_catalog.uuid;
      return new;
    end $$;
    revoke all on function auth.name_actor() from public;
    create trigger name_actor before insert on auth.audit_event
      for each row when (${actor} is not null or new.details ? 'act') execute function auth.name_actor();
    create policy no_actors on auth.user as restrictive for update to signet_auth_user using (${actor} is null);
  `)
    .execute(db);
  for (const table of closedToActors) {
    await sql
      .raw(
        `create policy no_actors on auth.${table} as restrictive to signet_auth_user using (${actor} is null)`,
      )
      .execute(db);
  }
}
