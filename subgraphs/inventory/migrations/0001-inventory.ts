import { createSubgraphSchema, dropSubgraphSchema, secureByTenant } from '@signet/db/migrations-support';
import { type Kysely, sql } from 'kysely';

/** The migration that did this while the platform's migrations and the shop's were one list. */
export const replaces = ['0003-inventory'];

/** Stock. `on_hand` lies on the shelves, `reserved` of it is promised to placed orders; the rest is available. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createSubgraphSchema(db, 'inventory');
  await sql`
    create table inventory.stock (
      product_id uuid primary key,
      tenant_id uuid not null references auth.tenant,
      on_hand integer not null check (on_hand between 0 and 1000000000),
      reserved integer not null default 0 check (reserved between 0 and on_hand),
      updated_at timestamptz not null default now(),
      foreign key (tenant_id, product_id) references catalog.product (tenant_id, id)
    )`.execute(db);
  await sql`create index stock_tenant on inventory.stock (tenant_id)`.execute(db);
  await secureByTenant(db, 'inventory.stock');
  // Not `reserved`: what is promised to orders changes through the functions below only.
  await sql`
    grant select (product_id, on_hand, reserved),
      insert (tenant_id, product_id, on_hand),
      update (on_hand, updated_at)
    on inventory.stock to signet_inventory`.execute(db);
  await createMovement(db, {
    name: 'reserve',
    change: 'reserved = s.reserved + line.quantity',
    condition: 's.on_hand - s.reserved >= line.quantity',
  });
  await createMovement(db, {
    name: 'release',
    change: 'reserved = s.reserved - line.quantity',
    condition: 's.reserved >= line.quantity',
  });
  await createMovement(db, {
    name: 'ship',
    change: 'reserved = s.reserved - line.quantity, on_hand = s.on_hand - line.quantity',
    condition: 's.reserved >= line.quantity',
  });
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await dropSubgraphSchema(db, 'inventory');
}

/** Portal called a function for the counts. */
export async function adopt(db: Kysely<unknown>): Promise<void> {
  await sql`drop function inventory.counts(integer)`.execute(db);
  await sql`revoke usage on schema inventory from signet_portal`.execute(db);
}

type Movement = { name: string; change: string; condition: string };

/**
 * One movement of stock for all lines of an order, inside the order's transaction. Lines are taken in the order of
 * product ids, so that two orders never wait for each other in a circle. Returns the first product for which it can't
 * be done, or null when all is done; on a product the caller must roll back.
 *
 * The subgraph that calls it grants itself the right to, in its own migrations.
 *
 * Type names are qualified: even under an empty search_path, a caller's temporary type `uuid` would be found first.
 */
async function createMovement(db: Kysely<unknown>, { name, change, condition }: Movement): Promise<void> {
  await sql
    .raw(`
    create function inventory.${name}(product_ids uuid[], quantities integer[]) returns uuid
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare line pg_catalog.record;
    begin
      if product_ids is null or cardinality(product_ids) is distinct from cardinality(quantities) then
        raise exception 'product_ids and quantities differ in length';
      end if;
      for line in
        select l.product_id, l.quantity from unnest(product_ids, quantities) as l (product_id, quantity) order by l.product_id
      loop
        if line.product_id is null or line.quantity is null or line.quantity < 1 then
          raise exception 'a line needs a product and a positive quantity';
        end if;
        update inventory.stock s set ${change}, updated_at = now()
        where s.product_id = line.product_id
          and s.tenant_id = nullif(current_setting('app.tenant', true), '')::pg_catalog.uuid
          and ${condition};
        if not found then
          return line.product_id;
        end if;
      end loop;
      return null;
    end $$;
  `)
    .execute(db);
}
