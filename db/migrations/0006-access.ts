import { type Kysely, sql } from 'kysely';
import { grantUsage } from './support.ts';

const uuidForm = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/**
 * Who stands in which relation to what: `customer:1#assignee@staff:2` is a row. A namespace belongs to one process: its policy
 * alone lets in rows of that namespace, and nobody else, the owner included, has a row here. The relations of a namespace are the
 * table's checks. Here is the platform's own: a customer has assignees, who are staff. A subgraph adds its namespace by
 * addRelationNamespace, and a further relation by a migration that widens its check.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create schema access`.execute(db);
  await grantUsage(db, 'access', ['signet_portal']);
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
      object_user_id uuid generated always as (case namespace when 'customer' then object::uuid end) stored,
      subject_user_id uuid generated always as (case when subject ^@ 'user:' then substr(subject, 6)::uuid end) stored,
      subject_staff_id uuid generated always as (case when subject ^@ 'staff:' then substr(subject, 7)::uuid end) stored,
      primary key (tenant_id, namespace, object, relation, subject),
      constraint known_customer_relation check (namespace <> 'customer' or relation = 'assignee' and subject ^@ 'staff:'),
      constraint known_customer foreign key (tenant_id, object_user_id) references auth.user (tenant_id, id),
      constraint known_user_subject foreign key (tenant_id, subject_user_id) references auth.user (tenant_id, id),
      constraint known_staff_subject foreign key (tenant_id, subject_staff_id) references auth.portal_user (tenant_id, id)
    );
    create index relation_tuple_of_subject on access.relation_tuple (tenant_id, subject, namespace, relation, object);
  `)
    .execute(db);
}

/** By tenant and by role: who works for a customer is decided by portal alone. */
async function secureTuples(db: Kysely<unknown>): Promise<void> {
  const condition = `tenant_id = nullif(current_setting('app.tenant', true), '')::uuid and namespace = 'customer'`;
  // A tuple is there or not: there is nothing in it to update.
  await sql
    .raw(`
    alter table access.relation_tuple enable row level security;
    alter table access.relation_tuple force row level security;
    create policy tenant_customer on access.relation_tuple to signet_portal
      using (${condition}) with check (${condition});
    grant select (namespace, object, relation, subject, created_at),
      insert (tenant_id, namespace, object, relation, subject),
      delete
      on access.relation_tuple to signet_portal;
  `)
    .execute(db);
}
