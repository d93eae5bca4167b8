import { type Kysely, sql } from 'kysely';

/**
 * Rows of another tenant do not exist for anyone, the owner included (FORCE). `nullif`: after a transaction-local
 * set_config the setting is '' on that connection, not null; unset means no rows.
 */
export async function secureByTenant(db: Kysely<unknown>, table: string): Promise<void> {
  await sql
    .raw(`
    alter table ${table} enable row level security;
    alter table ${table} force row level security;
    create policy tenant on ${table}
      using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
      with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
  `)
    .execute(db);
}

export async function grantUsage(
  db: Kysely<unknown>,
  schema: string,
  roles: readonly string[],
): Promise<void> {
  await sql.raw(`grant usage on schema ${schema} to ${roles.join(', ')}`).execute(db);
}

/** What the owner makes from here on is nobody else's until it is granted; else every role might call new functions. */
export async function closeByDefault(db: Kysely<unknown>): Promise<void> {
  await sql`alter default privileges revoke execute on functions from public`.execute(db);
  await sql`alter default privileges revoke usage on types from public`.execute(db);
}

export async function openByDefault(db: Kysely<unknown>): Promise<void> {
  await sql`alter default privileges grant execute on functions to public`.execute(db);
  await sql`alter default privileges grant usage on types to public`.execute(db);
}

/** A function that its owner publishes to one other process. The revoke says again what closeByDefault does. */
export async function publishFunction(db: Kysely<unknown>, signature: string, role: string): Promise<void> {
  await sql
    .raw(`
    revoke all on function ${signature} from public;
    grant execute on function ${signature} to ${role};
  `)
    .execute(db);
}
