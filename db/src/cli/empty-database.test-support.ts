import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { rollback } from '../migrate/migrate.ts';

/** A database in which all migrations were taken back. */
export async function createTestDatabaseWithoutTables(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  while ((await rollback(database.adminUrl)).length > 0);
  return database;
}
