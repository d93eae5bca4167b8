import {
  grantAuditing,
  normalizeTexts,
  publishFunction,
  revokeAuditing,
} from '@signet/db/migrations-support';
import { type Kysely, sql } from 'kysely';

/** Stock is reserved for a time. An order that nobody has shipped by then expires. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The process writes `reserved_until` itself. The default is for orders that are open already: they get the whole time from now on.
  await sql`
    alter table orders.order
      add column reserved_until timestamptz not null default now() + interval '3 days',
      add column expired_at timestamptz,
      drop constraint order_status_check,
      add constraint order_status_check check (status in ('placed', 'shipped', 'cancelled', 'expired')),
      add constraint order_expired check ((status = 'expired') = (expired_at is not null))`.execute(db);
  await sql`create index order_due on orders.order (reserved_until) where status = 'placed'`.execute(db);
  await sql`create index order_open on orders.order (tenant_id, user_id) where status = 'placed'`.execute(db);
  await sql`
    grant select (reserved_until, expired_at), insert (reserved_until), update (expired_at)
    on orders.order to signet_orders`.execute(db);
  await createDueOrders(db);
  // A client may repeat its request under the new version, which reads keys in normal form C.
  await normalizeTexts(db, {
    table: 'orders.idempotency_key',
    columns: { key: 200 },
    unique: ['tenant_id', 'user_id', 'operation'],
  });
  await grantAuditing(db, 'orders');
}

/** What has expired counts as cancelled again. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await revokeAuditing(db, 'orders');
  await sql`drop function orders.due_orders(integer)`.execute(db);
  await sql`drop policy due_orders on orders.order`.execute(db);
  await sql`drop index orders.order_due, orders.order_open`.execute(db);
  await sql`alter table orders.order no force row level security, drop constraint order_expired`.execute(db);
  await sql`
    update orders.order set status = 'cancelled', cancelled_at = expired_at where status = 'expired'`.execute(
    db,
  );
  await sql`
    alter table orders.order
      force row level security,
      drop constraint order_status_check,
      add constraint order_status_check check (status in ('placed', 'shipped', 'cancelled')),
      drop column expired_at,
      drop column reserved_until`.execute(db);
}

/**
 * Which orders are due, of all tenants, those that wait for longest first: the process then takes each in its own tenant, under
 * the row's lock. It tells ids only. The body is parsed here and once, so that no search_path changes what it means.
 */
async function createDueOrders(db: Kysely<unknown>): Promise<void> {
  await sql`
    create policy due_orders on orders.order for select to signet_owner
      using (status = 'placed' and reserved_until <= now())`.execute(db);
  await sql`
    create function orders.due_orders(most integer) returns table (tenant_id uuid, id uuid)
      language sql stable security definer set search_path = ''
    begin atomic
      select o.tenant_id, o.id from orders.order o
      where o.status = 'placed' and o.reserved_until <= now()
      order by o.reserved_until
      limit least(due_orders.most, 1000);
    end`.execute(db);
  await publishFunction(db, 'orders.due_orders(integer)', 'signet_orders');
}
