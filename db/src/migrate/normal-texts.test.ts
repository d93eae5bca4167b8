import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { down, up } from '../../migrations/0020-texts-and-events.ts';
import { describeSchema } from './schema-description.test-support.ts';

let database: TestDatabase;
let db: Kysely<unknown>;
beforeEach(async () => {
  database = await createTestDatabase();
  const pool = new pg.Pool({ connectionString: database.adminUrl, max: 1 });
  pool.on('connect', (client) => {
    // The pool ends before its connections do, and the database is dropped meanwhile.
    client.on('error', () => {});
    void client.query('set role signet_owner');
  });
  db = new Kysely({ dialect: new PostgresDialect({ pool }) });
});
afterEach(async () => {
  await db.destroy();
  await database.drop();
});

const composed = 'Jos\u00e9';
const decomposed = 'Jose\u0301';
/** One character, and two in normal form C. */
const nukta = '\u0958';

describe('the migration of texts', () => {
  it('gives names and notes of every tenant one spelling, and leaves rows as they are whose text would be too long', async () => {
    const before = await describeSchema(database);
    for (const slug of ['demo', 'globex']) {
      const tenant = await database.addTenant(slug);
      await database.query('update auth.tenant set name = $2 where id = $1', [tenant, decomposed]);
      await database.query(
        `with customer as (
           insert into auth.user (tenant_id, email, full_name, password_hash, pepper_id)
           select $1, n || '@example.com', name, '-', '-'
           from unnest($2::text[]) with ordinality as names (name, n) returning id, email
         ), staff as (
           insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id)
           values ($1, 's@example.com', $3, 'support', '-', '-') returning id
         )
         insert into portal.support_note (tenant_id, user_id, staff_id, body)
         select $1, customer.id, staff.id, $3 from customer, staff where email = '1@example.com'`,
        [tenant, [decomposed, nukta, nukta.repeat(200)], decomposed],
      );
    }
    await up(db);
    const names = await database.query('select full_name as name from auth.user order by tenant_id, email');
    const expected = [composed, '\u0915\u093c', nukta.repeat(200)];
    expect(names.map(({ name }) => name)).toEqual([...expected, ...expected]);
    for (const [table, column] of [
      ['auth.portal_user', 'full_name'],
      ['portal.support_note', 'body'],
      ['auth.tenant', 'name'],
    ]) {
      const rows = await database.query(`select ${column} as text from ${table} where true`);
      expect(rows.filter(({ text }) => text !== composed)).toEqual([]);
      expect(rows).toHaveLength(2);
    }
    // Row security binds the owner again.
    expect(await describeSchema(database)).toEqual(before);
  });

  it('can be taken back while the log has events of subgraphs, and they stay', async () => {
    const tenant = await database.addTenant('demo');
    await database.query(
      `insert into auth.audit_event (tenant_id, kind, platform) values ($1, 'reviews.text.removed', 'portal')`,
      [tenant],
    );
    await down(db);
    const write = database.query(
      `insert into auth.audit_event (tenant_id, kind, platform) values ($1, 'reviews.text.removed', 'portal')`,
      [tenant],
    );
    await expect(write).rejects.toThrow('audit_event_kind_check');
    await up(db);
    expect(await database.query('select kind from auth.audit_event')).toEqual([
      { kind: 'reviews.text.removed' },
    ]);
  });
});
