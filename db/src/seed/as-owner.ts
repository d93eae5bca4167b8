import { sql, type Transaction } from 'kysely';
import { createDatabase } from '../database.ts';
import { ownerRole } from '../roles.ts';
import type { Database } from '../tables.ts';

/** The seed may not run here. The message is a line for the developer. */
export class SeedError extends Error {
  override readonly name = 'SeedError';
}

/** Runs `fn` in one transaction as the owner of all tables. The admin is a superuser or a member of the owner. */
export async function asOwner<T>(
  adminUrl: string,
  fn: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  const db = createDatabase(adminUrl, {
    maxConnections: 1,
    applicationName: 'signet seed',
    // Covers waiting for another seed, and a slow machine.
    statementTimeoutMs: 30_000,
  });
  try {
    return await db.transaction().execute(async (trx) => {
      await assertMigrated(trx);
      await sql.raw(`set local role ${ownerRole}`).execute(trx);
      return await fn(trx);
    });
  } finally {
    await db.destroy();
  }
}

async function assertMigrated(trx: Transaction<Database>): Promise<void> {
  // Of the tables of the last migration.
  const { rows } = await sql<{ ready: boolean }>`
    select to_regclass('auth.development_seed') is not null and to_regclass('portal.support_note') is not null as ready
  `.execute(trx);
  if (!rows[0]?.ready) {
    throw new SeedError('The database is not migrated: run `npm run db -- migrate` before seeding.');
  }
}
