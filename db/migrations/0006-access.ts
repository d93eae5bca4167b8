import { type Kysely, sql } from 'kysely';
import { grantUsage } from './support/row-security.ts';

const uuidForm = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** A process per namespace. Nobody else, the owner included, has a policy here and so a row. */
const processes = [
  { role: 'signet_orders', namespace: 'order' },
  { role: 'signet_portal', namespace: 'customer' },
];

/**
 * Who stands in which relation to what: `order:1#viewer@user:2` is a row. The model is the table's checks: an order has
 * viewers, who are customers; a customer has assignees, who are staff. A further relation is a migration that widens them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create schema access`.execute(db);
  await grantUsage(
    db,
    'access',
    processes.map(({ role }) => role),
  );
  await createTuples(db);
  await secureTuples(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop schema access cascade`.execute(db);
}

/**
 * The generated columns are there for the foreign keys: a tuple about what does not exist, or is another tenant's, is
 * refused without any process being given the right to read accounts.
 */
async function createTuples(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table access.relation_tuple (
      tenant_id uuid not null references auth.tenant,
      namespace text not null,
      object text not null check (object ~ '^${uuidForm}$'),
      relation text not null,
      subject text not null check (subject ~ '^(user|staff):${uuidForm}$'),
      created_at timestamptz not null default now(),
      object_order_id uuid generated always as (case namespace when 'order' then object::uuid end) stored,
      object_user_id uuid generated always as (case namespace when 'customer' then object::uuid end) stored,
      subject_user_id uuid generated always as (case when subject ^@ 'user:' then substr(subject, 6)::uuid end) stored,
      subject_staff_id uuid generated always as (case when subject ^@ 'staff:' then substr(subject, 7)::uuid end) stored,
      primary key (tenant_id, namespace, object, relation, subject),
      constraint known_relation check (
        namespace = 'order' and relation = 'viewer' and subject ^@ 'user:'
        or namespace = 'customer' and relation = 'assignee' and subject ^@ 'staff:'
      ),
      constraint known_order foreign key (tenant_id, object_order_id) references orders.order (tenant_id, id),
      constraint known_customer foreign key (tenant_id, object_user_id) references auth.user (tenant_id, id),
      constraint known_user_subject foreign key (tenant_id, subject_user_id) references auth.user (tenant_id, id),
      constraint known_staff_subject foreign key (tenant_id, subject_staff_id) references auth.portal_user (tenant_id, id)
    );
    create index relation_tuple_of_subject on access.relation_tuple (tenant_id, subject, namespace, relation, object);
  `)
    .execute(db);
}

/** By tenant and by role: what may see an order is decided by orders alone, who works for a customer by portal alone. */
async function secureTuples(db: Kysely<unknown>): Promise<void> {
  await sql`alter table access.relation_tuple enable row level security`.execute(db);
  await sql`alter table access.relation_tuple force row level security`.execute(db);
  for (const { role, namespace } of processes) {
    const condition = `tenant_id = nullif(current_setting('app.tenant', true), '')::uuid and namespace = '${namespace}'`;
    // A tuple is there or not: there is nothing in it to update.
    await sql
      .raw(`
      create policy tenant_${namespace} on access.relation_tuple to ${role}
        using (${condition}) with check (${condition});
      grant select (namespace, object, relation, subject, created_at),
        insert (tenant_id, namespace, object, relation, subject),
        delete
        on access.relation_tuple to ${role};
    `)
      .execute(db);
  }
}
