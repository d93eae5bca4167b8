import type { ProcessRole } from '../roles.ts';
import type { RoleClient } from './role-client.test-support.ts';
import type { TenantRows } from './tenant-rows.test-support.ts';

/** The tables of tenants that a role may read. */
export const readable: Record<ProcessRole, readonly string[]> = {
  signet_auth_user: ['auth."user"', 'auth.user_session', 'auth.user_refresh_token'],
  signet_auth_portal: ['auth.portal_user', 'auth.portal_session', 'auth.portal_refresh_token'],
  signet_portal: ['auth."user"', 'auth.audit_event', 'portal.support_note', 'access.relation_tuple'],
  signet_catalog: ['catalog.category', 'catalog.product'],
  signet_inventory: ['inventory.stock'],
  signet_orders: ['orders."order"', 'orders.order_item', 'orders.idempotency_key', 'access.relation_tuple'],
  signet_verifier: [],
};

/** A change that a role may make to all rows which it sees. */
export const changes: readonly [ProcessRole, sql: string][] = [
  ['signet_auth_user', 'update auth.user set updated_at = now()'],
  ['signet_auth_user', 'update auth.user_session set last_used_at = now()'],
  ['signet_auth_user', 'update auth.user_refresh_token set used_at = now()'],
  ['signet_auth_portal', 'update auth.portal_user set updated_at = now()'],
  ['signet_auth_portal', 'update auth.portal_session set ended_at = now()'],
  ['signet_auth_portal', 'update auth.portal_refresh_token set used_at = now()'],
  ['signet_catalog', 'update catalog.product set price_amount = 1'],
  ['signet_inventory', 'update inventory.stock set on_hand = 5'],
  ['signet_orders', `update orders.order set status = 'cancelled', cancelled_at = now()`],
  ['signet_orders', 'update orders.idempotency_key set order_id = null'],
  ['signet_orders', 'delete from access.relation_tuple'],
  ['signet_portal', 'delete from access.relation_tuple'],
];

type Insert = [role: ProcessRole, table: string, values: (of: TenantRows) => Record<string, unknown>];
const session = { password_version: 1, amr: ['pwd'], expires_at: new Date(Date.now() + 60_000) };
const account = { email: 'eve@example.com', password_hash: 'hash', pepper_id: 'pepper' };

/** A row that a role may insert into each table, all of it belonging to one tenant. */
export const inserts: readonly Insert[] = [
  ['signet_auth_user', 'auth.user', () => account],
  ['signet_auth_user', 'auth.user_session', ({ user }) => ({ user_id: user, ...session })],
  ['signet_auth_portal', 'auth.portal_session', ({ staff }) => ({ staff_id: staff, ...session })],
  [
    'signet_portal',
    'portal.support_note',
    ({ user, staff }) => ({ user_id: user, staff_id: staff, body: 'x' }),
  ],
  [
    'signet_catalog',
    'catalog.product',
    ({ category }) => ({ category_id: category, sku: 'N-1', name: 'New', price_amount: 1, currency: 'EUR' }),
  ],
  ['signet_auth_user', 'auth.audit_event', () => ({ kind: 'auth.logout', platform: 'user' })],
  ['signet_auth_portal', 'auth.audit_event', () => ({ kind: 'auth.logout', platform: 'portal' })],
  ['signet_portal', 'auth.audit_event', () => ({ kind: 'authz.refused', platform: 'portal' })],
  ['signet_orders', 'orders.order', ({ user }) => ({ user_id: user, total_amount: 1, currency: 'EUR' })],
  [
    'signet_orders',
    'orders.idempotency_key',
    ({ user }) => ({ user_id: user, operation: 'x', key: 'k', input_hash: Buffer.alloc(32) }),
  ],
];

export function insertStatement(
  table: string,
  values: Record<string, unknown>,
): [sql: string, values: unknown[]] {
  const names = Object.keys(values);
  const places = names.map((_name, index) => `$${index + 1}`);
  return [`insert into ${table} (${names.join(', ')}) values (${places.join(', ')})`, Object.values(values)];
}

/**
 * What is wrong with the tenants' borders for this role, of whom every tenant has one row a table: too many or too few
 * rows seen with this tenant set. Nothing, if all is well.
 */
export async function findLeaks(
  client: RoleClient,
  tables: readonly string[],
  tenant: string | undefined,
  rowsExpected: number,
): Promise<string[]> {
  const leaks: string[] = [];
  for (const table of tables) {
    const rows = await client.tryInTenant(tenant, () => client.query(`select 1 from ${table}`));
    if (rows.rowCount !== rowsExpected) leaks.push(`${table}: ${rows.rowCount} rows`);
  }
  return leaks;
}
