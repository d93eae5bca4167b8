import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { publishFunction } from './support.ts';

const platforms = [
  { role: 'signet_auth_user', account: 'auth.user', session: 'auth.user_session', administered: '' },
  {
    role: 'signet_auth_portal',
    account: 'auth.portal_user',
    session: 'auth.portal_session',
    administered: ', is_active, role',
  },
];

/** The account's row is locked before its sessions are touched: sign-in and refresh lock it too, and in that order. */
const customerFunctions = [
  { name: 'end_customer_sessions', change: '', reason: 'ended' },
  {
    name: 'suspend_customer',
    change:
      'update auth.user u set is_active = false, updated_at = now() where u.id = customer and u.is_active;',
    reason: 'suspended',
  },
];

/** People list and end their own sessions and change their password; staff suspend customers and manage staff. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const { role, account, session, administered } of platforms) {
    await sql
      .raw(`
      grant update (password_hash, pepper_id, password_version${administered}) on ${account} to ${role};
      grant select (device, address, created_at, last_used_at), update (password_version) on ${session} to ${role};
    `)
      .execute(db);
  }
  for (const { name, change, reason } of customerFunctions) {
    await createCustomerFunction(
      db,
      name,
      `
        ${change}
        update auth.user_session s set ended_at = now(), end_reason = '${reason}'
        where s.user_id = customer and s.tenant_id = tenant and s.ended_at is null;
        get diagnostics changed = row_count;`,
    );
  }
  await createCustomerFunction(
    db,
    'reinstate_customer',
    `
        update auth.user u set is_active = true, updated_at = now() where u.id = customer and not u.is_active;
        get diagnostics changed = row_count;`,
  );
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const name of [...customerFunctions.map((customer) => customer.name), 'reinstate_customer']) {
    await sql.raw(`drop function auth.${name}(uuid)`).execute(db);
  }
  for (const { role, account, session, administered } of platforms) {
    await sql
      .raw(`
      revoke update (password_hash, pepper_id, password_version${administered}) on ${account} from ${role};
      revoke select (device, address, created_at, last_used_at), update (password_version) on ${session} from ${role};
    `)
      .execute(db);
  }
}

/**
 * What staff do to a customer's account, who may not write to the table itself. Returns how many rows `change` changed, and
 * null where the tenant has no such customer. Each statement in it sees what was committed while it waited for the lock, so
 * that a sign-in which came first has its session ended too.
 *
 * Type names are qualified: even under an empty search_path, a caller's temporary type `uuid` would be found first.
 */
async function createCustomerFunction(db: Kysely<unknown>, name: string, change: string): Promise<void> {
  await sql
    .raw(`
    create function auth.${name}(customer uuid) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      tenant pg_catalog.uuid := nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid;
      changed pg_catalog.int4;
    begin
      perform from auth.user u where u.id = customer and u.tenant_id = tenant for update;
      if not found then
        return null;
      end if;
      ${change.trim()}
      return changed;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, `auth.${name}(uuid)`, 'signet_portal');
}
