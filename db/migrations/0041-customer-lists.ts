import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support.ts';

const tenant = `tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;`;
const judgeSession = `
      if not auth.lock_staff_session(staff, session) then
        raise exception 'no live session of this member of staff' using errcode = '28000';
      end if;`;

export const locks = ['auth.user'];

export const breaks = {
  'index user_suspended on auth."user": is built while writers wait':
    'Suspended customers are few: one reading of the table. CHANGELOG.md has the statement that builds it before, for millions of customers.',
};

/**
 * Staff list the suspended customers among millions, see on which devices a customer has signed in and end one of them, and delete a note
 * that they wrote. The functions judge the member's session themselves.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create index if not exists user_suspended on auth.user (tenant_id, email, id) where not is_active and closed_at is null;

    create function auth.list_customer_known_devices(customers uuid[], most integer)
      returns table (user_id uuid, id text, name text, address text, first_seen_at timestamptz, last_seen_at timestamptz, is_remembered boolean)
      language plpgsql stable security definer set search_path = ''
    as $$
    #variable_conflict use_column
    declare
      ${tenant}
    begin
      return query
        select v.* from pg_catalog.unnest(customers) as c (id)
        cross join lateral (
          select d.account_id, d.device_id, d.user_agent, pg_catalog.host(d.address), d.first_seen_at, d.last_seen_at, exists (
            select from auth.user_trusted_device t
            where t.tenant_id = tenant and t.account_id = d.account_id and t.device_id = d.device_id and t.expires_at > pg_catalog.now()
          )
          from auth.user_device d join auth.user u on u.tenant_id = d.tenant_id and u.id = d.account_id
          where d.account_id = c.id and d.tenant_id = tenant and d.device_version = u.device_version and d.expires_at > pg_catalog.now()
          order by d.last_seen_at desc, d.device_id limit least(most, 100)
        ) v;
    end $$;

    -- How many sessions ended with it. Null: no such customer. -1: no such device.
    create function auth.end_customer_device(customer uuid, ended_device text, staff uuid, session uuid) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      ${tenant}
      ended pg_catalog.int4;
    begin${judgeSession}
      perform from auth.user u where u.id = customer and u.tenant_id = tenant for update;
      if not found then
        return null;
      end if;
      delete from auth.user_trusted_device t where t.tenant_id = tenant and t.account_id = customer and t.device_id = ended_device;
      delete from auth.user_device d where d.tenant_id = tenant and d.account_id = customer and d.device_id = ended_device;
      if not found then
        return -1;
      end if;
      update auth.user_session s set ended_at = pg_catalog.now(), end_reason = 'ended'
        where s.tenant_id = tenant and s.user_id = customer and s.device_id = ended_device and s.ended_at is null;
      get diagnostics ended = row_count;
      return ended;
    end $$;

    -- Whom it was about. Null: the member wrote no such note.
    create function portal.delete_support_note(note uuid, staff uuid, session uuid) returns uuid
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      ${tenant}
      customer pg_catalog.uuid;
    begin${judgeSession}
      delete from portal.support_note n where n.tenant_id = tenant and n.id = note and n.staff_id = staff returning n.user_id into customer;
      return customer;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, 'auth.list_customer_known_devices(uuid[], integer)', 'signet_portal');
  await publishFunction(db, 'auth.end_customer_device(uuid, text, uuid, uuid)', 'signet_portal');
  await publishFunction(db, 'portal.delete_support_note(uuid, uuid, uuid)', 'signet_portal');
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    drop function portal.delete_support_note(uuid, uuid, uuid);
    drop function auth.end_customer_device(uuid, text, uuid, uuid);
    drop function auth.list_customer_known_devices(uuid[], integer);
    drop index auth.user_suspended;
  `)
    .execute(db);
}
