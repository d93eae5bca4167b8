import { createDatabase, inTenant } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { userTables } from '../accounts/account.ts';
import { addCustomer } from '../testing/accounts.test-support.ts';
import { endSessionsOf } from './session.queries.ts';

let database: TestDatabase;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant('demo');
});
afterAll(() => database.drop());

it('ends sessions in the order of their ids, whatever order they were written in', async () => {
  const { id: accountId } = await addCustomer(database, { tenantId });
  const ids = [3, 2, 1].map((n) => `00000000-0000-7000-8000-00000000000${n}`);
  for (const id of ids) {
    await database.query(
      `insert into auth.user_session (id, tenant_id, user_id, password_version, auth_time, amr, created_at, last_used_at, expires_at)
       values ($1, $2, $3, 1, now(), '{pwd}', now(), now(), now() + interval '1 hour')`,
      [id, tenantId, accountId],
    );
  }
  const [highest, , lowest] = ids;
  const other = new pg.Client({ connectionString: database.adminUrl });
  await other.connect();
  await using db = createDatabase(database.urlOf('signet_auth_user'), { applicationName: 'ends all' });
  try {
    await other.query('begin');
    await other.query('select from auth.user_session where id = $1 for update', [highest]);
    const ending = inTenant(db, tenantId, (trx) =>
      endSessionsOf(trx, userTables, accountId, { reason: 'ended', now: new Date() }),
    );
    await expect
      .poll(() =>
        database.query(
          `select from pg_stat_activity where application_name = 'ends all' and wait_event_type = 'Lock'`,
        ),
      )
      .toHaveLength(1);
    // It has the lowest already, though it was written last, and waits for the highest.
    const taken = other.query('select from auth.user_session where id = $1 for update nowait', [lowest]);
    await expect(taken).rejects.toMatchObject({ code: '55P03' });
    await other.query('rollback');
    expect(await ending).toBe(3);
  } finally {
    await other.end();
  }
});
