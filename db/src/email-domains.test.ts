import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { up } from '../migrations/0019-email-domains.ts';
import { createDatabase } from './database.ts';
import { ownerRole } from './roles.ts';

let database: TestDatabase;
let tenants: string[];
beforeAll(async () => {
  database = await createTestDatabase();
  tenants = [await database.addTenant('demo'), await database.addTenant('globex')];
});
afterAll(() => database.drop());

/** As the migrator does: in one transaction, as the owner, whom row security binds. */
async function migrate(): Promise<void> {
  const db = createDatabase<unknown>(database.adminUrl, { maxConnections: 1 });
  await db.transaction().execute(async (trx) => {
    await sql`set local role ${sql.raw(ownerRole)}`.execute(trx);
    await up(trx);
    const { rows } = await sql`select from auth.user`.execute(trx);
    expect(rows, 'no tenant is left set').toEqual([]);
  });
  await db.destroy();
}

const tables = [
  ['auth.user', ''],
  ['auth.portal_user', `, full_name, role`],
] as const;

describe.each(tables)('e-mail domains in %s', (table, more) => {
  /** In the order of their making. */
  async function add(tenant: string | undefined, emails: string[]) {
    for (const [index, email] of emails.entries()) {
      await database.query(
        `insert into ${table} (tenant_id, email, password_hash, pepper_id, created_at${more})
         values ($1, $2, 'h', 'p', now() + $3 * interval '1 second'${more && `, 'S', 'support'`})`,
        [tenant, email, index],
      );
    }
  }
  const list = async (tenant: string | undefined) =>
    (
      await database.query(`select email from ${table} where tenant_id = $1 order by created_at`, [tenant])
    ).map(({ email }) => email);

  it('become ASCII, of every tenant; pairs of one mailbox and what is no domain stay as they are', async () => {
    const [demo, globex] = tenants;
    await add(demo, [
      'ada@example.com',
      'ada@bücher.example',
      'jörg@müller.example',
      'eva@xn--bcher-kva.example',
      'eva@bücher.example',
      'ops@build_host.example',
      'no@xn--zz.example',
      'no@ü..example',
    ]);
    await add(globex, ['eva@bücher.example']);
    const expected = [
      'ada@example.com',
      'ada@xn--bcher-kva.example',
      'jörg@xn--mller-kva.example',
      'eva@xn--bcher-kva.example',
      'eva@bücher.example',
      'ops@build_host.example',
      'no@xn--zz.example',
      'no@ü..example',
    ];
    for (const _run of [1, 2]) {
      await migrate();
      expect(await list(demo)).toEqual(expected);
      expect(await list(globex)).toEqual(['eva@xn--bcher-kva.example']);
    }
  });
});
