import { type Kysely, sql } from 'kysely';
import { createPruning, dropPruning, publishFunction, secureByTenant } from './support.ts';

const pruning = {
  name: 'auth.prune_portal_invitations',
  table: 'auth.portal_invitation',
  key: 'id',
  expired: `coalesce(settled_at, expires_at) < now() - interval '90 days'`,
  role: 'signet_auth_portal',
};
const requestPruning = {
  name: 'auth.prune_user_requests',
  table: 'auth.user_request',
  key: 'id',
  expired: `settled_at < now() - interval '30 days'`,
  role: 'signet_auth_user',
};

/**
 * Invitations of staff, customers who change hands when a member of staff leaves, and what staff see and do of a customer's account.
 * The portal's processes get no right on customers' credentials: they call functions, and what needs the customers' keys or mails is a
 * request, which the customers' own auth process carries out.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createInvitations(db);
  await createReassignment(db);
  await createViews(db);
  await createRequests(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await dropPruning(db, requestPruning);
  await dropPruning(db, pruning);
  await sql
    .raw(`
    drop function auth.request_customer_password_reset(uuid, uuid, uuid);
    drop function auth.correct_customer_email(uuid, uuid, uuid, text);
    drop function auth.due_user_requests(integer);
    drop function auth.list_customer_sessions(uuid[], integer);
    drop function auth.list_customer_factors(uuid[], integer);
    drop function auth.list_customer_devices(uuid[], integer);
    drop function access.reassign_customers(uuid, uuid);
    drop function auth.lock_active_staff(uuid);
    drop policy customers_change_hands on access.relation_tuple;
    revoke usage on schema access from signet_auth_portal;
    drop table auth.user_request;
    drop table auth.user_outbox;
    drop table auth.portal_invitation;
    revoke select (tenant_id), insert (tenant_id, email, email_verified, full_name, role, language, password_hash, pepper_id)
      on auth.portal_user from signet_auth_portal;
  `)
    .execute(db);
}

/** `inviter_id` is null for an operator, who invites with the rights of the database. */
async function createInvitations(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table auth.portal_invitation (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      email text not null check (length(email) between 3 and 254 and email = lower(normalize(email, nfkc))),
      full_name text not null check (length(full_name) between 1 and 200),
      role text not null check (role in ('support', 'operations', 'super_admin')),
      language text check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
      inviter_id uuid,
      token_hash bytea not null unique check (length(token_hash) = 32),
      state text not null default 'open' check (state in ('open', 'accepted', 'revoked')),
      created_at timestamptz not null default now(),
      sent_at timestamptz not null default now(),
      expires_at timestamptz not null,
      settled_at timestamptz,
      check ((state = 'open') = (settled_at is null)),
      foreign key (tenant_id, inviter_id) references auth.portal_user (tenant_id, id) on delete cascade
    );
    create unique index portal_invitation_open on auth.portal_invitation (tenant_id, email) where state = 'open';
    create index portal_invitation_email on auth.portal_invitation (tenant_id, email, id);
    create index portal_invitation_inviter on auth.portal_invitation (tenant_id, inviter_id) where state = 'open';
    create index portal_invitation_end on auth.portal_invitation (coalesce(settled_at, expires_at));
    grant select (id, tenant_id, email, full_name, role, language, inviter_id, token_hash, state, created_at, sent_at, expires_at),
      insert (tenant_id, email, full_name, role, language, inviter_id, token_hash, created_at, sent_at, expires_at),
      update (inviter_id, token_hash, state, sent_at, expires_at, settled_at)
      on auth.portal_invitation to signet_auth_portal;
    grant select (tenant_id), insert (tenant_id, email, email_verified, full_name, role, language, password_hash, pepper_id)
      on auth.portal_user to signet_auth_portal;
  `)
    .execute(db);
  await secureByTenant(db, 'auth.portal_invitation');
  await createPruning(db, pruning);
}

/**
 * Who is responsible for a customer is portal's to say. auth deactivates staff: it calls a function that hands the leaver's customers to
 * another member, or frees them, and has no other right there. And who makes a member of staff responsible locks that member first, so
 * that a leaver gets no customer behind the back of the function.
 */
async function createReassignment(db: Kysely<unknown>): Promise<void> {
  const tenant = `nullif(current_setting('app.tenant', true), '')`;
  // Beside the function, the owner sees no tuple of any namespace.
  const isReassigning = `current_setting('app.reassigning', true) = 'yes' and tenant_id = ${tenant}::uuid and namespace = 'customer'`;
  await sql
    .raw(`
    create policy customers_change_hands on access.relation_tuple to signet_owner
      using (${isReassigning}) with check (${isReassigning});
    grant usage on schema access to signet_auth_portal;
    create function access.reassign_customers(leaver uuid, successor uuid) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := ${tenant}::pg_catalog.uuid;
      changed pg_catalog.int4;
    begin
      perform pg_catalog.set_config('app.reassigning', 'yes', true);
      if successor is not null then
        insert into access.relation_tuple (tenant_id, namespace, object, relation, subject)
          select t.tenant_id, t.namespace, t.object, t.relation, 'staff:' || successor::pg_catalog.text
          from access.relation_tuple t
          where t.tenant_id = tenant and t.namespace = 'customer' and t.relation = 'assignee'
            and t.subject = 'staff:' || leaver::pg_catalog.text
          on conflict do nothing;
      end if;
      delete from access.relation_tuple t
        where t.tenant_id = tenant and t.namespace = 'customer' and t.relation = 'assignee'
          and t.subject = 'staff:' || leaver::pg_catalog.text;
      get diagnostics changed = row_count;
      perform pg_catalog.set_config('app.reassigning', '', true);
      return changed;
    end $$;
    create function auth.lock_active_staff(staff uuid) returns boolean
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      perform from auth.portal_user p
        where p.id = staff and p.tenant_id = ${tenant}::pg_catalog.uuid and p.is_active for share;
      return found;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'access.reassign_customers(uuid, uuid)', 'signet_auth_portal');
  await publishFunction(db, 'auth.lock_active_staff(uuid)', 'signet_portal');
}

/** What staff see: where and how a customer is signed in, by name and time. Nothing here proves who the customer is. */
async function createViews(db: Kysely<unknown>): Promise<void> {
  const views = [
    {
      name: 'list_customer_sessions',
      columns:
        'user_id uuid, id uuid, device text, address text, amr text[], created_at timestamptz, last_used_at timestamptz, expires_at timestamptz',
      query: `select s.user_id, s.id, s.device, pg_catalog.host(s.address), s.amr, s.created_at, s.last_used_at, s.expires_at
        from auth.user_session s
        where s.user_id = c.id and s.tenant_id = tenant and s.ended_at is null and s.expires_at > pg_catalog.now()
        order by s.last_used_at desc, s.id`,
    },
    {
      name: 'list_customer_factors',
      columns: 'user_id uuid, kind text, codes integer, created_at timestamptz, last_used_at timestamptz',
      query: `select f.* from (
          select t.account_id, 'totp'::pg_catalog.text, null::pg_catalog.int4, t.created_at, t.last_used_at
          from auth.user_totp t where t.account_id = c.id and t.tenant_id = tenant and t.confirmed_at is not null
          union all
          select p.account_id, 'passkey', null, p.created_at, p.last_used_at
          from auth.user_passkey p where p.account_id = c.id and p.tenant_id = tenant and p.disabled_at is null
          union all
          select r.account_id, 'recovery_codes', pg_catalog.count(*)::pg_catalog.int4, pg_catalog.min(r.created_at), null
          from auth.user_recovery_code r where r.account_id = c.id and r.tenant_id = tenant group by r.account_id
        ) f`,
    },
    {
      name: 'list_customer_devices',
      columns: 'user_id uuid, created_at timestamptz, expires_at timestamptz',
      query: `select d.account_id, d.created_at, d.expires_at
        from auth.user_trusted_device d
        where d.account_id = c.id and d.tenant_id = tenant and d.expires_at > pg_catalog.now()
        order by d.created_at desc`,
    },
  ];
  for (const { name, columns, query } of views) {
    await sql
      .raw(`
      create function auth.${name}(customers uuid[], most integer) returns table (${columns})
        language plpgsql stable security definer set search_path = ''
      as $$
      #variable_conflict use_column
      declare
        tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;
      begin
        return query
          select v.* from pg_catalog.unnest(customers) as c (id)
          cross join lateral (${query} limit least(most, 100)) v;
      end $$;
    `)
      .execute(db);
    await publishFunction(db, `auth.${name}(uuid[], integer)`, 'signet_portal');
  }
}

/**
 * What staff ask of the customers' auth process, which has the keys of mails: to send a link for a new password, and to tell both
 * addresses that one was corrected. Both functions refuse where no mail is configured for customers, which that process says in
 * `user_outbox` when it starts. They judge the member's session themselves: the rights of portal's process alone give nobody an account. Null: no such customer. Text: what stands in the way, or 'done'.
 */
async function createRequests(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table auth.user_outbox (
      is_only boolean primary key default true check (is_only),
      is_open boolean not null
    );
    insert into auth.user_outbox (is_open) values (false);
    alter table auth.user_outbox enable row level security;
    alter table auth.user_outbox force row level security;
    create policy state on auth.user_outbox to signet_auth_user using (true) with check (true);
    create policy read_state on auth.user_outbox for select to signet_owner using (true);
    grant select (is_only, is_open), update (is_open) on auth.user_outbox to signet_auth_user;

    create table auth.user_request (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      account_id uuid not null,
      staff_id uuid not null,
      kind text not null check (kind in ('reset_password', 'tell_correction')),
      old_email text,
      old_was_verified boolean,
      created_at timestamptz not null default now(),
      settled_at timestamptz,
      outcome text check (outcome in ('done', 'obsolete')),
      check ((settled_at is null) = (outcome is null)),
      foreign key (tenant_id, account_id) references auth.user (tenant_id, id) on delete cascade,
      foreign key (tenant_id, staff_id) references auth.portal_user (tenant_id, id) on delete cascade
    );
    create unique index user_request_open on auth.user_request (tenant_id, account_id) where settled_at is null and kind = 'reset_password';
    create index user_request_due on auth.user_request (id) where settled_at is null;
    create index user_request_account on auth.user_request (tenant_id, account_id);
    create index user_request_settled on auth.user_request (settled_at) where settled_at is not null;
    grant select (id, tenant_id, account_id, staff_id, kind, old_email, old_was_verified, created_at, settled_at),
      update (settled_at, outcome, old_email) on auth.user_request to signet_auth_user;
  `)
    .execute(db);
  await secureByTenant(db, 'auth.user_request');
  await createPruning(db, requestPruning);
  await sql
    .raw(`
    create policy due_user_requests on auth.user_request for select to signet_owner
      using (settled_at is null and current_setting('app.due_user_requests', true) = 'yes');
    create function auth.due_user_requests(most integer) returns table (id uuid, tenant_id uuid)
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      perform pg_catalog.set_config('app.due_user_requests', 'yes', true);
      return query select r.id, r.tenant_id from auth.user_request r where r.settled_at is null order by r.id limit least(most, 100);
      perform pg_catalog.set_config('app.due_user_requests', '', true);
    end $$;

    create function auth.request_customer_password_reset(customer uuid, staff uuid, session uuid) returns text
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;
      active pg_catalog.bool;
    begin
      if not auth.lock_staff_session(staff, session) then
        raise exception 'no live session of this member of staff' using errcode = '28000';
      end if;
      select u.is_active into active from auth.user u where u.id = customer and u.tenant_id = tenant for update;
      if not found then
        return null;
      end if;
      if not active then
        return 'suspended';
      end if;
      if not exists (select from auth.user_outbox o where o.is_open) then
        return 'no_mail';
      end if;
      insert into auth.user_request (tenant_id, account_id, staff_id, kind) values (tenant, customer, staff, 'reset_password')
        on conflict (tenant_id, account_id) where settled_at is null and kind = 'reset_password' do nothing;
      return 'done';
    end $$;

    create function auth.correct_customer_email(customer uuid, staff uuid, session uuid, new_email text) returns text
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;
      earlier pg_catalog.text;
      was_verified pg_catalog.bool;
    begin
      if not auth.lock_staff_session(staff, session) then
        raise exception 'no live session of this member of staff' using errcode = '28000';
      end if;
      select u.email, u.email_verified into earlier, was_verified
        from auth.user u where u.id = customer and u.tenant_id = tenant for update;
      if not found then
        return null;
      end if;
      if earlier = new_email then
        return 'same';
      end if;
      if not exists (select from auth.user_outbox o where o.is_open) then
        return 'no_mail';
      end if;
      begin
        update auth.user u set email = new_email, email_verified = false, updated_at = pg_catalog.now() where u.id = customer;
      exception when unique_violation then
        return 'taken';
      end;
      insert into auth.user_request (tenant_id, account_id, staff_id, kind, old_email, old_was_verified)
        values (tenant, customer, staff, 'tell_correction', earlier, was_verified);
      return 'done';
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'auth.due_user_requests(integer)', 'signet_auth_user');
  await publishFunction(db, 'auth.request_customer_password_reset(uuid, uuid, uuid)', 'signet_portal');
  await publishFunction(db, 'auth.correct_customer_email(uuid, uuid, uuid, text)', 'signet_portal');
}
