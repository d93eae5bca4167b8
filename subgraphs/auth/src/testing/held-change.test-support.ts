import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase } from '@signet/db';
import type { TestDatabase } from '@signet/testing';
import { sql } from 'kysely';

const pauseMs = 10;

/**
 * Makes a change in a transaction that stays open: until its end others read the row as it was, and wait for its lock.
 *
 * @returns what commits it, as soon as somebody waits.
 */
export async function holdChange(database: TestDatabase, statement: string): Promise<() => Promise<void>> {
  const db = createDatabase(database.adminUrl);
  const trx = await db.startTransaction().execute();
  await sql.raw(statement).execute(trx);
  return async () => {
    while (!(await isAwaited(database))) await sleep(pauseMs);
    await trx.commit().execute();
    await db.destroy();
  };
}

async function isAwaited(database: TestDatabase): Promise<boolean> {
  const waiting = await database.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return waiting.length > 0;
}
