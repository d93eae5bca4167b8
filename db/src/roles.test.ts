import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createRunFolder } from '@signet/testing/run-folder';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describePermissions, permissionFiles } from './access/permissions.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/index.ts';
import { migrateToLatest } from './migrate/migrate.ts';
import { createRoles, type ProcessRole, processRoles, roleUrl } from './roles.ts';
import { refuseOlderServer } from './server-version.ts';

// Migrating and signing in take as long as the machine needs.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// Roles belong to the server, so these tests have one of their own.
let server: EmbeddedPostgres;
let folder: string;
const log: string[] = [];

beforeAll(async () => {
  folder = await createRunFolder();
  server = await startEmbeddedPostgres({
    dataDir: join(folder, 'pg'),
    port: 0,
    durable: false,
    log: (line) => log.push(line),
  });
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('createRoles', () => {
  it('creates all roles, when several start at once, and they can sign in', async () => {
    const passwords = makePasswords();
    await Promise.all([1, 2, 3, 4, 5].map(() => createRoles(server.adminUrl, passwords)));
    for (const role of processRoles) {
      expect(
        await query(roleUrl(server.adminUrl, role, passwords[role]), 'select current_user as role'),
      ).toEqual([{ role }]);
    }
  });

  it('gives them nothing but the right to sign in', async () => {
    const rows = await query(
      server.adminUrl,
      `select distinct rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication, rolcanlogin from pg_roles where rolname = any($1)`,
      [processRoles],
    );
    expect(rows).toEqual([
      {
        rolsuper: false,
        rolcreatedb: false,
        rolcreaterole: false,
        rolbypassrls: false,
        rolreplication: false,
        rolcanlogin: true,
      },
    ]);
    const owner = await query(
      server.adminUrl,
      `select rolcanlogin from pg_roles where rolname = 'signet_owner'`,
    );
    expect(owner).toEqual([{ rolcanlogin: false }]);
  });

  it('leaves a password alone that is right, and sets one that is not', async () => {
    const passwords = makePasswords();
    await createRoles(server.adminUrl, passwords);
    const before = await readVerifiers();
    await createRoles(server.adminUrl, {
      ...passwords,
      signet_verifier: 'another one, with % and @:/ and ü',
    });
    const after = await readVerifiers();
    const changed = processRoles.filter((role) => before.get(role) !== after.get(role));
    expect(changed).toEqual(['signet_verifier']);
    const url = roleUrl(server.adminUrl, 'signet_verifier', 'another one, with % and @:/ and ü');
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('never sends a password to the server, so that no log can hold it', async () => {
    await query(server.adminUrl, `alter system set log_statement = 'all'`);
    await query(server.adminUrl, 'select pg_reload_conf()');
    const passwords = makePasswords();
    await createRoles(server.adminUrl, passwords);
    await query(server.adminUrl, `alter system reset log_statement`);
    await query(server.adminUrl, 'select pg_reload_conf()');
    expect(log.join('\n')).toMatch(/alter role signet_verifier login password/);
    for (const role of processRoles) expect(log.join('\n')).not.toContain(passwords[role]);
  });

  it.each([
    [
      'signet_verifier',
      'BYPASSRLS',
      'alter role signet_verifier bypassrls',
      'alter role signet_verifier nobypassrls',
    ],
    [
      'signet_verifier',
      'SUPERUSER',
      'alter role signet_verifier superuser',
      'alter role signet_verifier nosuperuser',
    ],
    [
      'signet_portal',
      'CREATEROLE, CREATEDB, REPLICATION',
      'alter role signet_portal createrole createdb replication',
      'alter role signet_portal nocreaterole nocreatedb noreplication',
    ],
    [
      'signet_portal',
      'membership in signet_owner',
      'grant signet_owner to signet_portal with inherit false',
      'revoke signet_owner from signet_portal',
    ],
    [
      'signet_portal',
      'membership in pg_read_all_data',
      'grant pg_read_all_data to signet_portal',
      'revoke pg_read_all_data from signet_portal',
    ],
    [
      'signet_auth_user',
      'membership in signet_auth_portal',
      'grant signet_auth_portal to signet_auth_user',
      'revoke signet_auth_portal from signet_auth_user',
    ],
    ['signet_owner', 'BYPASSRLS', 'alter role signet_owner bypassrls', 'alter role signet_owner nobypassrls'],
    ['signet_owner', 'LOGIN', 'alter role signet_owner login', 'alter role signet_owner nologin'],
  ])('refuses to go on where %s has %s', async (role, excess, grant, revoke) => {
    await query(server.adminUrl, grant);
    await expect(createRoles(server.adminUrl, makePasswords())).rejects.toThrow(
      `The role ${role} has ${excess}: take that from it, row security rests on it.`,
    );
    expect(await describePermissions(server.adminUrl)).toMatch(
      excess.startsWith('membership in')
        ? `${role}: member of ${excess.slice('membership in '.length)}`
        : new RegExp(`^${role}: .*${excess.replaceAll(',', '')}`, 'm'),
    );
    await query(server.adminUrl, revoke);
    await createRoles(server.adminUrl, makePasswords());
  });
});

describe('refuseOlderServer', () => {
  it('names the version that is there and the one that is needed', async () => {
    const client = new pg.Client({ connectionString: server.adminUrl });
    await client.connect();
    try {
      await refuseOlderServer(client);
      await expect(refuseOlderServer(client, 99)).rejects.toThrow(
        /^DATABASE_URL names a PostgreSQL 18\.\d+[^,]*, and Signet needs PostgreSQL 99 or later\.$/,
      );
    } finally {
      await client.end();
    }
  });
});

describe('an admin who is no superuser', () => {
  it('creates the roles and migrates, with CREATEROLE and CREATEDB only', async () => {
    await dropRoles();
    await query(server.adminUrl, `create role deployer login createrole createdb password 'deployer'`);
    const asDeployer = Object.assign(new URL(server.adminUrl), {
      username: 'deployer',
      password: 'deployer',
      pathname: '/postgres',
    });
    await query(asDeployer.href, 'create database platform');
    const url = Object.assign(new URL(asDeployer), { pathname: '/platform' }).href;
    const passwords = makePasswords();
    await Promise.all([createRoles(url, passwords), createRoles(url, passwords)]);
    await createRoles(url, passwords);
    expect(await migrateToLatest(url)).not.toEqual([]);
    expect(
      await query(
        roleUrl(url, 'signet_portal', passwords.signet_portal),
        'select count(id)::int as n from auth.tenant',
      ),
    ).toEqual([{ n: 0 }]);
    const files = permissionFiles.filter(({ file }) => existsSync(file));
    const permissions = await Promise.all(files.map(({ file }) => readFile(file, 'utf8')));
    expect(await describePermissions(url)).toBe(permissions.join(''));
  });
});

function makePasswords(): Record<ProcessRole, string> {
  return Object.fromEntries(processRoles.map((role) => [role, randomBytes(18).toString('base64')])) as Record<
    ProcessRole,
    string
  >;
}

async function readVerifiers(): Promise<Map<string | undefined, string | undefined>> {
  const rows = await query(
    server.adminUrl,
    'select rolname, rolpassword from pg_authid where rolname = any($1)',
    [processRoles],
  );
  return new Map(rows.map((row) => [row.rolname, row.rolpassword]));
}

async function dropRoles(): Promise<void> {
  for (const role of [...processRoles, 'signet_owner'])
    await query(server.adminUrl, `drop role if exists ${role}`);
}

async function query(url: string, text: string, values?: unknown[]): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
