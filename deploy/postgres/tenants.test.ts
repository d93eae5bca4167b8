import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addTenantRows } from '../../db/src/access/tenant-rows.test-support.ts';

const readSql = (file: string) => readFile(join(import.meta.dirname, file), 'utf8');

let old: TestDatabase;
let next: TestDatabase;
const tenants: Record<string, string> = {};
beforeAll(async () => {
  [old, next] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  for (const slug of ['acme', 'globex']) tenants[slug] = (await addTenantRows(old, slug)).tenant;
  await old.query(
    `insert into auth.revocation (platform, kind, subject, expires_at) values ('user', 'session', gen_random_uuid()::text, now() + interval '1 hour')`,
  );
});
afterAll(() => Promise.all([old.drop(), next.drop()]));

async function run(database: TestDatabase, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The lines of the file's head that say what goes before it, with this server in them. */
async function prepare(file: string, source: TestDatabase, slug: string): Promise<string[]> {
  const { hostname, port, username, password, pathname } = new URL(source.adminUrl);
  return (await readSql(file)).split('\n').flatMap((line) =>
    line.startsWith('--   ')
      ? line
          .slice(5)
          .replace(
            "host '10.0.0.5', dbname 'signet'",
            `host '${hostname}', port '${port}', dbname '${pathname.slice(1)}'`,
          )
          .replace("user 'postgres', password '…'", `user '${username}', password '${password}'`)
          .replace("'acme'", `'${slug}'`)
      : [],
  );
}

/** Each table with rows of tenants: those of one, as texts. */
async function readTenant(database: TestDatabase, tenant: string): Promise<Map<string, string[]>> {
  const tables = await database.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where a.attname = 'tenant_id' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  const found = new Map<string, string[]>();
  for (const { name } of tables) {
    const rows = await database.query(
      `select t::text as row from ${name} t where tenant_id = $1 order by 1`,
      [tenant],
    );
    found.set(
      name,
      rows.map(({ row }) => row),
    );
  }
  return found;
}

describe('move-tenant.sql', () => {
  it('brings every row of the tenant and none of another, and leaves the log where its seals are', async () => {
    const before = await readTenant(old, tenants.acme as string);
    expect([...before.values()].filter((rows) => rows.length > 0).length).toBeGreaterThan(30);
    await run(next, ...(await prepare('move-tenant.sql', old, 'acme')), await readSql('move-tenant.sql'));
    const log = before.get('auth.audit_event');
    expect(log).toHaveLength(1);
    expect(await readTenant(next, tenants.acme as string)).toEqual(
      new Map([...before, ['auth.audit_event', []]]),
    );
    expect(await next.query('select slug from auth.tenant')).toEqual([{ slug: 'acme' }]);
    expect(await next.query('select from auth.revocation')).toHaveLength(1);
    expect(await readTenant(old, tenants.acme as string)).toEqual(before);
    expect(await next.query(`select nspname from pg_namespace where nspname ~ 'signet_source'`)).toEqual([]);
  });

  it('leaves foreign keys and triggers as strict as they were', async () => {
    const loose = await next.query(
      `select conname from pg_constraint where contype = 'f' and not (convalidated and conenforced)`,
    );
    expect(loose).toEqual([]);
    await expect(
      next.query(
        `insert into auth.user_session (tenant_id, user_id, password_version, amr, expires_at) values ($1, gen_random_uuid(), 1, '{pwd}', now())`,
        [tenants.acme],
      ),
    ).rejects.toMatchObject({ code: '23503' });
  });

  it.each([
    ['a tenant that is there already', 'acme', /has the tenant acme already/],
    ['a tenant that nobody has', 'nowhere', /has no tenant nowhere/],
    ['no tenant', '', /signet\.tenant is not set/],
  ])('changes nothing for %s', async (_title, slug, message) => {
    const before = await readTenant(next, tenants.acme as string);
    await expect(
      run(next, `set signet.tenant = '${slug}'`, await readSql('move-tenant.sql')),
    ).rejects.toThrow(message);
    expect(await readTenant(next, tenants.acme as string)).toEqual(before);
    expect(await next.query('select slug from auth.tenant')).toEqual([{ slug: 'acme' }]);
  });

  it('refuses databases of different versions', async () => {
    await next.query(`insert into migration.kysely_migration values ('9999-later', 'now')`);
    await expect(run(next, `set signet.tenant = 'globex'`, await readSql('move-tenant.sql'))).rejects.toThrow(
      /not the same migrations: 9999-later/,
    );
    await next.query(`delete from migration.kysely_migration where name = '9999-later'`);
  });
});

describe('remove-tenant.sql', () => {
  it('deletes the rows of the tenant that moved, keeps its log, and touches no other', async () => {
    const [acme, globex] = [
      await readTenant(old, tenants.acme as string),
      await readTenant(old, tenants.globex as string),
    ];
    await run(old, `set signet.tenant = 'acme'`, await readSql('remove-tenant.sql'));
    const left = [...(await readTenant(old, tenants.acme as string))].filter(([, rows]) => rows.length > 0);
    expect(left).toEqual([['auth.audit_event', acme.get('auth.audit_event')]]);
    expect(await readTenant(old, tenants.globex as string)).toEqual(globex);
  });
});

describe('keys of tables with rows of tenants', () => {
  // Meant to change? `npx vitest run deploy/postgres/tenants.test.ts -u`, and look whether docs/scaling.md is still right.
  it('that lack the tenant, which Citus and partitions by tenant need in each, are known', async () => {
    const rows = await old.query<{ line: string }>(
      `select format('%s: %s', conrelid::regclass, pg_get_constraintdef(oid)) as line from pg_constraint k
       where contype in ('p', 'u', 'x', 'f') and conrelid in (
           select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
           where a.attname = 'tenant_id' and not c.relispartition and n.nspname in ('auth', 'portal', 'access'))
         and not exists (select from pg_attribute a where a.attrelid = conrelid and a.attnum = any(conkey) and a.attname = 'tenant_id')`,
    );
    const lines = rows.map(({ line }) => line).sort();
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('keys-without-tenant.txt');
  });
});
