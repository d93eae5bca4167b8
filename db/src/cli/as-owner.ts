import { type Kysely, sql, type Transaction } from 'kysely';
import { createDatabase } from '../database.ts';
import { ownerRole } from '../roles.ts';
import type { Database } from '../tables.ts';
import { CliError } from './errors.ts';

/** Runs `fn` in one transaction as the owner of the tables: all of it happens, or nothing. */
export async function asOwner<T>(
  adminUrl: string,
  fn: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  const db: Kysely<Database> = createDatabase(adminUrl, { maxConnections: 1, applicationName: 'signet db' });
  try {
    return await db.transaction().execute(async (trx) => {
      await sql.raw(`set local role ${ownerRole}`).execute(trx);
      return await fn(trx);
    });
  } catch (error) {
    throw explain(error);
  } finally {
    await db.destroy();
  }
}

/** Row security binds the owner too: from here on, the transaction sees this tenant's rows. Returns its id. */
export async function enterTenant(trx: Transaction<Database>, slug: string): Promise<string> {
  const tenant = await trx.selectFrom('auth.tenant').select('id').where('slug', '=', slug).executeTakeFirst();
  if (!tenant) throw new CliError(`There is no tenant '${slug}': create it first (create-tenant).`);
  await sql`select set_config('app.tenant', ${tenant.id}, true)`.execute(trx);
  return tenant.id;
}

function explain(error: unknown): unknown {
  const { code } = error as { code?: unknown };
  // undefined_table, invalid_schema_name; a role that does not exist is invalid_parameter_value or undefined_object.
  if (code === '42P01' || code === '3F000' || code === '42704' || code === '22023') {
    return new CliError('The database is not migrated: run `npm run db -- migrate` first.', { cause: error });
  }
  return error;
}
