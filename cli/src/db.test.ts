import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processRoles, rollback } from '@signet/db';
import { createPepper, verifyPassword } from '@signet/db/password-hash';
import { staffRoles } from '@signet/schema/contract';
import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { createRunFolder } from '@signet/testing/run-folder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissionFiles } from '../../db/src/access/permissions.ts';
import { run as runSignet } from './run-command.test-support.ts';

const pepperKey = Buffer.alloc(32, 7);
const password = 'a long enough password';
let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  [database, folder] = await Promise.all([createTestDatabase(), createRunFolder()]);
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

type Run = { args: string[]; env?: Record<string, string>; input?: string };

/** Runs `npm run db` with this environment and no other. */
const run = ({ args, ...rest }: Run) => runSignet(['db', ...args], rest);

const onServer = (more: Record<string, string> = {}) => ({
  DATABASE_URL: database.adminUrl,
  PASSWORD_PEPPER: pepperKey.toString('base64'),
  ...more,
});
/** A database in which all migrations were taken back. */
async function createTestDatabaseWithoutTables(): Promise<TestDatabase> {
  const empty = await createTestDatabase();
  while ((await rollback(empty.adminUrl)).length > 0);
  return empty;
}
const staffArgs = (email: string) => [
  'create-staff',
  '--tenant',
  'acme',
  '--email',
  email,
  '--full-name',
  'Rita Root',
];
const passwordArgs = (email: string) => [...staffArgs(email), '--with-password'];
const appUrl = 'https://desk.example/';
const tokenOf = (out: string) =>
  /^https:\/\/desk\.example\/accept-invitation#token=([\w-]{43})$/m.exec(out)?.[1];

describe('npm run db -- migrate, status, rollback', () => {
  it('work on the database of DATABASE_URL', async () => {
    const env = onServer();
    expect(await run({ args: ['migrate'], env })).toEqual({
      code: 0,
      out: 'The database is up to date.\n',
      err: '',
    });
    const { out } = await run({ args: ['rollback'], env });
    const name = /^rolled back ((?:[a-z0-9]+\/)?\d{4}-[a-z-]+)\n$/.exec(out)?.[1];
    expect((await run({ args: ['status'], env })).out).toMatch(new RegExp(`${name} +pending\n$`));
    expect((await run({ args: ['migrate'], env })).out).toBe(`migrated ${name}\n`);
  });

  it('warn of a migration that was changed after it ran, until it is accepted', async () => {
    const env = onServer();
    const name = '0038-refusal-records';
    await database.query(`update migration.kysely_migration set checksum = 'another' where name = $1`, [
      name,
    ]);
    const { code, out } = await run({ args: ['migrate'], env });
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Warning: db\/migrations\/0038-refusal-records\.ts was changed [^\n]+\n.+up to date\.\n$/,
    );
    expect((await run({ args: ['status'], env })).out).toMatch(
      new RegExp(`\n${name}  \\S+  changed since\n`),
    );
    expect((await run({ args: ['accept-migration', name], env })).out).toBe(`accepted ${name}\n`);
    expect((await run({ args: ['migrate'], env })).out).toBe('The database is up to date.\n');
    expect(await run({ args: ['accept-migration', '0038'], env })).toMatchObject({
      code: 1,
      err: expect.stringContaining('0038 is no migration that was changed after it had run.'),
    });
  });

  it('work on an embedded server where there is no DATABASE_URL, and leave none running', async () => {
    const env = { SIGNET_HOME: join(folder, 'home') };
    expect((await run({ args: ['status'], env })).err).toMatch(
      /^The role signet_owner is missing: 'npm run db -- migrate'/,
    );
    expect((await run({ args: ['migrate'], env })).out).toMatch(/^migrated 0001-/);
    expect((await run({ args: ['create-tenant', '--slug', 'acme', '--name', 'Acme'], env })).code).toBe(0);
    expect((await run({ args: passwordArgs('root@example.com'), env, input: password })).code).toBe(0);
    expect((await run({ args: ['status'], env })).out).not.toContain('pending');
  }, 60_000); // It starts a server six times.
});

describe('npm run db', () => {
  it('ends with one line where the user of DATABASE_URL may not migrate', async () => {
    const { code, err } = await run({
      args: ['migrate'],
      env: onServer({ DATABASE_URL: database.urlOf('signet_portal') }),
    });
    expect(code).toBe(1);
    expect(err).toMatch(
      /^The user 'signet_portal' of DATABASE_URL may not act as signet_owner: use a superuser, or the role that made the roles\.\n$/,
    );
  });

  it('says what the user of DATABASE_URL must be, where it may not make roles', async () => {
    const passwords = Object.fromEntries(
      processRoles.map((role) => [`${role.toUpperCase()}_PASSWORD`, 'a password of a role']),
    );
    const env = onServer({ DATABASE_URL: database.urlOf('signet_portal'), ...passwords });
    const { code, err } = await run({ args: ['roles'], env });
    expect(code).toBe(1);
    expect(err).toMatch(
      /^The database refused: permission denied .*\(42501\)\. The user of DATABASE_URL must be a superuser, or own the database and have CREATEROLE/,
    );
  });

  it('names a mistyped variable with the right one, before it touches the database', async () => {
    expect(await run({ args: ['migrate'], env: onServer({ PASSWORD_PEPER: 'secret-word' }) })).toEqual({
      code: 1,
      out: '',
      err: 'PASSWORD_PEPER: is not a setting. Did you mean PASSWORD_PEPPER?\n',
    });
  });
});

describe('npm run db -- permissions', () => {
  it('prints every right, as db/permissions.txt has it for a migrated database', async () => {
    const files = permissionFiles.filter(({ file }) => existsSync(file));
    const out = (await Promise.all(files.map(({ file }) => readFile(file, 'utf8')))).join('');
    expect(await run({ args: ['permissions'], env: onServer() })).toEqual({ code: 0, out, err: '' });
  });
});

describe('npm run db -- create-tenant', () => {
  it('adds a tenant, closed to self-registration unless asked for', async () => {
    const env = onServer();
    await run({ args: ['create-tenant', '--slug', 'acme', '--name', 'Acme'], env });
    await run({
      args: ['create-tenant', '--slug', 'open', '--name', 'Open Ltd', '--self-registration'],
      env,
    });
    expect(
      await database.query('select slug, name, self_registration from auth.tenant order by slug'),
    ).toEqual([
      { slug: 'acme', name: 'Acme', self_registration: false },
      { slug: 'open', name: 'Open Ltd', self_registration: true },
    ]);
  });

  it('writes the audit log of the new tenant', async () => {
    const rows = await database.query(
      `select t.slug, e.kind, e.platform, e.details from auth.audit_event e join auth.tenant t on t.id = e.tenant_id
       where e.kind = 'auth.tenant.created' order by t.slug`,
    );
    const event = { kind: 'auth.tenant.created', platform: 'portal', details: { by: 'operator' } };
    expect(rows).toEqual([
      { slug: 'acme', ...event },
      { slug: 'open', ...event },
    ]);
  });

  it.each([
    [['--slug', 'acme', '--name', 'Another'], "There is a tenant 'acme' already."],
    [
      ['--slug', 'Ac me', '--name', ' '],
      '--slug must be 1 to 63 lower case letters, digits or dashes; --name must not be empty.',
    ],
  ])('%j: one line, and nothing changed', async (args, line) => {
    const before = await database.query('select * from auth.tenant');
    expect(await run({ args: ['create-tenant', ...args], env: onServer() })).toEqual({
      code: 1,
      out: '',
      err: `${line}\n`,
    });
    expect(await database.query('select * from auth.tenant')).toEqual(before);
  });

  it.each([
    [['create-tenant', '--slug', 'x'], 'Missing --name <name>. See: signet db create-tenant --help'],
    [
      ['create-tenant', '--slug', 'x', '--name', 'X', '--admin'],
      "Unknown option '--admin'. See: signet db create-tenant --help",
    ],
    [
      ['create-tenant', '--slug', 'x', '--nam', 'X'],
      "Unknown option '--nam'. Did you mean --name? See: signet db create-tenant --help",
    ],
    [
      ['create-staff', '--email', 'x@example.com'],
      'Missing --tenant <slug>, --full-name <name>. See: signet db create-staff --help',
    ],
    [['constructor'], "Unknown command 'constructor'. See: signet db --help"],
    [['migrat'], "Unknown command 'migrat'. Did you mean migrate? See: signet db --help"],
  ])('%j is no command line: one line, exit 2', async (args, line) => {
    expect(await run({ args, env: onServer() })).toEqual({ code: 2, out: '', err: `${line}\n` });
  });
});

describe('npm run db -- set-tenant', () => {
  it('changes what it is given, writes it down, and leaves the rest', async () => {
    const env = onServer();
    await run({
      args: ['create-tenant', '--slug', 'open', '--name', 'Changed', '--self-registration'],
      env,
    });
    const change = ['set-tenant', '--slug', 'open', '--unverified-may-act', 'yes', '--language', 'de'];
    expect(await run({ args: change, env })).toMatchObject({ code: 0 });
    expect(
      await database.query(
        `select self_registration, unverified_may_act, language from auth.tenant where slug = 'open'`,
      ),
    ).toEqual([{ self_registration: true, unverified_may_act: true, language: 'de' }]);
    expect(
      await database.query(`select details from auth.audit_event where kind = 'auth.tenant.changed'`),
    ).toEqual([{ details: { unverified_may_act: true, language: 'de', by: 'operator' } }]);
  });

  it.each([
    [['--slug', 'nowhere', '--language', 'de'], "There is no tenant 'nowhere'"],
    [['--slug', 'open'], 'Nothing to change'],
    [['--slug', 'open', '--self-registration', 'maybe'], 'must be yes or no'],
  ])('refuses %j', async (args, text) => {
    const { code, err } = await run({ args: ['set-tenant', ...args], env: onServer() });
    expect(code).toBe(1);
    expect(err).toContain(text);
  });
});

describe('npm run db -- create-staff', () => {
  const invitationsOf = (email: string) =>
    database.query(
      `select i.*, t.slug from auth.portal_invitation i join auth.tenant t on t.id = i.tenant_id where email = $1 order by i.id`,
      [email],
    );
  const invite = (
    email: string,
    env: Record<string, string> = { PORTAL_APP_URL: appUrl },
    more: string[] = [],
  ) =>
    run({
      args: [...staffArgs(email), ...more],
      env: { DATABASE_URL: database.adminUrl, ...env },
      input: '',
    });

  it('prints a link once and stores what proves it, not the token itself; there is no account yet', async () => {
    const { code, out, err } = await invite(' First@Example.com');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^invited first@example\.com \(super_admin\) to tenant acme\. /);
    const token = tokenOf(out) ?? '';
    expect(await invitationsOf('first@example.com')).toMatchObject([
      {
        slug: 'acme',
        full_name: 'Rita Root',
        role: 'super_admin',
        inviter_id: null,
        state: 'open',
        token_hash: createHash('sha256').update(token).digest(),
      },
    ]);
    const accounts = await database.query(`select from auth.portal_user where email = 'first@example.com'`);
    expect(accounts).toEqual([]);
  });

  it('writes the audit log', async () => {
    await invite('noted@example.com', undefined, ['--role', 'support']);
    const [invitation] = await invitationsOf('noted@example.com');
    const rows = await database.query(
      `select platform, actor_id, details from auth.audit_event where kind = 'auth.staff.invited' and details ->> 'invitation' = $1`,
      [invitation.id],
    );
    const details = { invitation: invitation.id, role: 'support', by: 'operator' };
    expect(rows).toEqual([{ platform: 'portal', actor_id: null, details }]);
  });

  it('again for the same address: a new link, and the one before is worth nothing', async () => {
    const first = tokenOf((await invite('lost@example.com')).out);
    const second = tokenOf((await invite('lost@example.com')).out);
    expect(second).not.toBe(first);
    expect((await invitationsOf('lost@example.com')).map(({ state }) => state)).toEqual(['revoked', 'open']);
  });

  it('refuses without the address of a frontend, with a password that nobody would use, and for a member of staff', async () => {
    const noUrl = await invite('x@example.com', {});
    expect([noUrl.code, noUrl.err]).toEqual([
      1,
      expect.stringMatching(/^PORTAL_APP_URL is not set: .*--with-password/),
    ]);
    const file = join(folder, 'unused-password');
    await writeFile(file, password);
    const unused = await invite('x@example.com', { PORTAL_APP_URL: appUrl, STAFF_PASSWORD_FILE: file });
    expect([unused.code, unused.err]).toEqual([1, expect.stringMatching(/^STAFF_PASSWORD_FILE is set: /)]);
    await run({ args: passwordArgs('there@example.com'), env: onServer(), input: password });
    const there = await invite('There@example.com');
    expect([there.code, there.err]).toEqual([1, expect.stringContaining("is staff of 'acme' already")]);
    expect(await invitationsOf('x@example.com')).toEqual([]);
    expect(await invitationsOf('there@example.com')).toEqual([]);
  });
});

describe('npm run db -- create-staff --with-password', () => {
  it('makes a super_admin, whose password came through standard input', async () => {
    const outcome = await run({
      args: passwordArgs(' Root@Example.com'),
      env: onServer(),
      input: `${password}\n`,
    });
    expect(outcome).toEqual({
      code: 0,
      out: 'created root@example.com (super_admin) in tenant acme\n',
      err: '',
    });
    const [row] = await database.query(`select * from auth.portal_user where email = 'root@example.com'`);
    const pepper = createPepper(pepperKey);
    expect(row).toMatchObject({
      role: 'super_admin',
      full_name: 'Rita Root',
      is_active: true,
      is_seeded: false,
      pepper_id: pepper.id,
    });
    expect(verifyPassword(password, row.password_hash, pepper)).toBe(true);
  });

  it('writes the audit log', async () => {
    const args = [...passwordArgs('audited@bücher.example'), '--role', 'operations'];
    expect((await run({ args, env: onServer(), input: password })).out).toBe(
      'created audited@xn--bcher-kva.example (operations) in tenant acme\n',
    );
    const rows = await database.query(
      `select e.platform, t.slug, e.actor_id, e.details from auth.audit_event e
       join auth.portal_user u on u.id = e.subject_id and u.tenant_id = e.tenant_id join auth.tenant t on t.id = e.tenant_id
       where e.kind = 'auth.staff.created' and u.email = 'audited@xn--bcher-kva.example'`,
    );
    const details = { role: 'operations', by: 'operator' };
    expect(rows).toEqual([{ platform: 'portal', slug: 'acme', actor_id: null, details }]);
  });

  it('takes the password from a file, and another role', async () => {
    const file = join(folder, 'password');
    await writeFile(file, `${password}\r\n`);
    const args = [...passwordArgs('help@example.com'), '--role', 'support'];
    expect((await run({ args, env: onServer({ STAFF_PASSWORD_FILE: file }) })).code).toBe(0);
    const [row] = await database.query(
      `select role, password_hash from auth.portal_user where email = 'help@example.com'`,
    );
    expect(row.role).toBe('support');
    expect(verifyPassword(password, row.password_hash, createPepper(pepperKey))).toBe(true);
  });

  it.each([
    [
      'a short password',
      {},
      passwordArgs('x@example.com'),
      'short',
      'The password must have 12 to 128 characters.',
    ],
    [
      'a common password',
      {},
      passwordArgs('x@example.com'),
      'Administrator1',
      'The password is too common: others guess it first.',
    ],
    ['no password', {}, passwordArgs('x@example.com'), '', 'The password must have 12 to 128 characters.'],
    [
      'an account that is there',
      {},
      passwordArgs('ROOT@example.com'),
      password,
      "root@example.com is staff of 'acme' already; nothing was changed.",
    ],
    [
      'an unknown tenant',
      {},
      passwordArgs('x@example.com').with(2, 'nobody'),
      password,
      "There is no tenant 'nobody'. Known tenants: acme, open. Create it first (create-tenant), or choose another.",
    ],
    ['no e-mail address', {}, passwordArgs('x'), password, '--email must be an e-mail address.'],
    [
      'an address with which nobody can sign in',
      {},
      passwordArgs('ops@build_host.example'),
      password,
      '--email must be an e-mail address.',
    ],
    [
      'an unknown role',
      {},
      [...passwordArgs('x@example.com'), '--role', 'king'],
      password,
      `--role must be one of ${staffRoles.join(', ')}.`,
    ],
    [
      'no pepper',
      { PASSWORD_PEPPER: '' },
      passwordArgs('x@example.com'),
      password,
      'PASSWORD_PEPPER (or PASSWORD_PEPPER_FILE) is not set: use the one that auth uses.',
    ],
  ])('%s: one line, and nothing changed', async (_title, env, args, input, line) => {
    const before = await database.query('select * from auth.portal_user order by id');
    expect(await run({ args, env: onServer(env), input })).toEqual({ code: 1, out: '', err: `${line}\n` });
    expect(await database.query('select * from auth.portal_user order by id')).toEqual(before);
  });
});

describe('npm run db -- seed', () => {
  it('fills an empty database, asked for by name, and may be run again', async () => {
    const empty = await createTestDatabase();
    const env = { ...onServer({ SEED: 'development' }), DATABASE_URL: empty.adminUrl };
    const first = await run({ args: ['seed'], env });
    expect(first.err).toBe('');
    expect(first.out).toContain('ada@example.com');
    expect(await run({ args: ['seed'], env })).toEqual(first);
    await empty.drop();
  });

  it.each([
    ['unasked', {}, /^Set SEED=development /],
    [
      'in production',
      { SEED: 'development', NODE_ENV: 'production' },
      /^NODE_ENV=production: the development seed is refused\.\n$/,
    ],
    [
      'over data of its own',
      { SEED: 'development' },
      /^The database has tenants already \(acme, open\).*\n$/,
    ],
  ])('refuses %s', async (_title, env, line) => {
    const { code, err } = await run({ args: ['seed'], env: onServer(env) });
    expect(code).toBe(1);
    expect(err).toMatch(line);
    expect(await database.query('select slug from auth.tenant order by slug')).toEqual([
      { slug: 'acme' },
      { slug: 'open' },
    ]);
  });
});

describe('a failure is one line without a stack or a secret', () => {
  it('a server that is not there', async () => {
    const env = { DATABASE_URL: 'postgres://admin:s3cret@127.0.0.1:1/signet' };
    const line =
      'Cannot reach the database at 127.0.0.1:1 (ECONNREFUSED): start it, or check DATABASE_URL.\n';
    expect(await run({ args: ['status'], env })).toEqual({ code: 1, out: '', err: line });
  });

  it('a wrong password', async () => {
    const env = { DATABASE_URL: Object.assign(new URL(database.adminUrl), { password: 's3cret' }).href };
    const { code, err } = await run({ args: ['migrate'], env });
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^The database at \S+ refuses the user '\w+': check DATABASE_URL\.\n$/),
    ]);
  });

  it('a database that is not migrated', async () => {
    const empty = await createTestDatabaseWithoutTables();
    const { code, err } = await run({
      args: ['create-tenant', '--slug', 'a', '--name', 'A'],
      env: { DATABASE_URL: empty.adminUrl },
    });
    expect([code, err]).toEqual([1, 'The database is not migrated: run `npm run db -- migrate` first.\n']);
    await empty.drop();
  });

  it('faults of the configuration: all at once, a line each, by their variable', async () => {
    const { code, err } = await run({
      args: ['status'],
      env: {
        DATABASE_URL: 'mysql://x',
        SIGNET_VERIFIER_PASSWORD: 's3cret',
        PASSWORD_PEPPER: 'abc',
        SIGNET_PORTAL_PASSWORD_FILE: '/nope',
      },
    });
    expect(code).toBe(1);
    expect(err).not.toContain('s3cret');
    expect(
      err
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0])
        .sort(),
    ).toEqual(
      [
        'DATABASE_URL',
        'PASSWORD_PEPPER',
        ...processRoles.map(
          (role) => `${role.toUpperCase()}_PASSWORD${role === 'signet_portal' ? '_FILE' : ''}`,
        ),
      ].sort(),
    );
  });

  it('no command: the list of them, exit 2', async () => {
    const { code, out, err } = await run({ args: [] });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^Usage: signet db [\s\S]*\n {2}migrate +create the roles/);
  });

  it('production without DATABASE_URL', async () => {
    expect((await run({ args: ['status'], env: { NODE_ENV: 'production' } })).err).toMatch(
      /^DATABASE_URL is not set/,
    );
  });
});
