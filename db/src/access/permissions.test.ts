import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateToLatest } from '../migrate/migrate.ts';
import { describePermissions, permissionFiles, readPermissions } from './permissions.ts';

let database: TestDatabase;
let client: pg.Client;
let migrated: string;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  migrated = await readPermissions(client);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

describe('db/permissions.txt, and that of each subgraph', () => {
  const partOf = (owner: string) =>
    migrated.match(new RegExp(`^## ${owner}\\n[^]*?(?=^## |(?![^]))`, 'm'))?.[0] ?? '';

  // Meant to change? `npx vitest run db/src/access/permissions.test.ts -u`, and read the difference before committing it.
  it.each(permissionFiles)(
    'is every right that the migrations of $owner give, and no more',
    async ({ owner, file }) => {
      await expect(partOf(owner)).toMatchFileSnapshot(file);
    },
  );

  it('has no function that runs as its owner with a path of names, or for everybody; no view that does', () => {
    const definers = migrated.split('\n').filter((line) => line.includes('SECURITY DEFINER'));
    expect(definers.length).toBeGreaterThan(0);
    for (const line of definers) {
      expect(line).toMatch(
        /: owner signet_owner, SECURITY DEFINER, search_path="", may execute: (signet_\w+|nobody else)$/,
      );
    }
    expect(migrated).toContain('# Views\n(none)\n');
    expect(migrated).not.toMatch(/: PUBLIC |may execute: .*PUBLIC|NOT PINNED|NOT FORCED|AS ITS OWNER|\*/);
  });

  it('leaves row security off only where rows are no secret of a tenant', () => {
    const open = migrated.split('\n').filter((line) => line.endsWith('row security OFF'));
    expect(open.map((line) => line.split(':')[0])).toEqual([
      'auth.development_seed',
      'auth.tenant',
      'migration.kysely_migration',
      'migration.kysely_migration_lock',
      ...permissionFiles
        .slice(1)
        .flatMap(({ owner }) =>
          migrated.includes(`migration.subgraph_${owner}:`) ? [`migration.subgraph_${owner}`] : [],
        ),
    ]);
  });
});

describe('describePermissions', () => {
  it.each([
    [
      'a trigger that is off',
      'alter table auth.user_session disable trigger revoke_ended',
      [
        expect.stringMatching(/^\+auth\.user_session: .*, DISABLED$/),
        expect.stringMatching(/^-auth\.user_session: .*, enabled$/),
      ],
    ],
    [
      'a trigger that is gone',
      'drop trigger wake_verifiers on auth.revocation',
      [expect.stringMatching(/^-auth\.revocation: CREATE TRIGGER wake_verifiers/)],
    ],
    [
      'row security that no longer binds the owner',
      'alter table auth.user no force row level security',
      [
        '-auth."user": owner signet_owner, row security forced',
        '+auth."user": owner signet_owner, row security NOT FORCED on the owner',
      ],
    ],
    [
      'row security that is off',
      'alter table auth.user disable row level security',
      [
        '-auth."user": owner signet_owner, row security forced',
        '+auth."user": owner signet_owner, row security OFF',
      ],
    ],
    [
      'a policy that is gone',
      'drop policy user_keys on auth.signing_key',
      [
        '-auth.signing_key: user_keys, ALL to signet_auth_user',
        `-  using (platform = 'user'::text)`,
        `-  with check (platform = 'user'::text)`,
      ],
    ],
    [
      'a policy that lets more in',
      'alter policy user_keys on auth.signing_key using (true)',
      [`-  using (platform = 'user'::text)`, '+  using true'],
    ],
    [
      'a policy for one more role',
      'alter policy user_keys on auth.signing_key to signet_auth_user, signet_portal',
      [
        '-auth.signing_key: user_keys, ALL to signet_auth_user',
        '+auth.signing_key: user_keys, ALL to signet_auth_user, signet_portal',
      ],
    ],
    [
      'a column granted',
      'grant select (password_hash) on auth.user to signet_portal',
      [
        '-auth."user": signet_portal SELECT (id, email, full_name, is_active, created_at, closed_at)',
        '+auth."user": signet_portal SELECT (id, email, full_name, password_hash, is_active, created_at, closed_at)',
      ],
    ],
    [
      'a table granted',
      'grant delete on auth.user to signet_auth_user',
      ['+auth."user": signet_auth_user DELETE'],
    ],
    [
      'a right that may be passed on',
      'grant truncate on auth.user to signet_auth_user with grant option',
      ['+auth."user": signet_auth_user TRUNCATE*'],
    ],
    [
      'a table given away',
      'alter table auth.tenant owner to signet_verifier',
      [
        '-auth.tenant: owner signet_owner, row security OFF',
        '+auth.tenant: owner signet_verifier, row security OFF',
        '-(none)',
        '+table auth.tenant: owned by signet_verifier',
      ],
    ],
    ['a schema opened', 'grant usage on schema public to public', ['+public: PUBLIC USAGE']],
    ['temporary tables allowed', 'temporary', ['+database: PUBLIC TEMPORARY']],
    [
      'a function opened',
      'grant execute on function auth.wake_verifiers() to public',
      [
        '-auth.wake_verifiers(): owner signet_owner, as its caller, search_path="", may execute: nobody else',
        '+auth.wake_verifiers(): owner signet_owner, as its caller, search_path="", may execute: PUBLIC',
      ],
    ],
    [
      'a function without its path',
      'alter function auth.suspend_customer(uuid) reset search_path',
      [
        '-auth.suspend_customer(uuid): owner signet_owner, SECURITY DEFINER, search_path="", may execute: signet_portal',
        '+auth.suspend_customer(uuid): owner signet_owner, SECURITY DEFINER, search_path NOT PINNED, may execute: signet_portal',
      ],
    ],
    [
      'a new function, of the owner, granted to nobody',
      'set role signet_owner; create function auth.f() returns int language sql return 1; reset role',
      ['+auth.f(): owner signet_owner, as its caller, search_path NOT PINNED, may execute: nobody else'],
    ],
    [
      'a view',
      'create view auth.v as select 1; alter view auth.v owner to signet_owner; grant select on auth.v to signet_portal',
      ['-(none)', '+auth.v: owner signet_owner, AS ITS OWNER', '+auth.v: signet_portal SELECT'],
    ],
    [
      'a sequence and a type',
      'create sequence auth.s; grant usage on sequence auth.s to public; create type auth.mood as enum ()',
      ['-(none)', '+sequence auth.s: PUBLIC USAGE', '+type auth.mood: PUBLIC USAGE'],
    ],
    [
      'what is granted in advance',
      'alter default privileges for role signet_owner grant select on tables to public',
      ['+tables of signet_owner: PUBLIC SELECT'],
    ],
    [
      'a grant on a system table',
      'grant select on pg_authid to signet_portal',
      ['-(none)', '+table pg_authid: granted by signet_portal'],
    ],
  ])('shows %s', async (_title, change, difference) => {
    await client.query('begin');
    await client.query(change === 'temporary' ? await grantTemporary() : change);
    const changed = await readPermissions(client);
    await client.query('rollback');
    expect(compare(migrated, changed).sort()).toEqual([...difference].sort());
  });

  it('tells the same of a database that was taken down and built again', async () => {
    const other = await createTestDatabase();
    await migrateToLatest(other.adminUrl);
    expect(await describePermissions(other.adminUrl)).toBe(migrated);
    await other.drop();
  });
});

async function grantTemporary(): Promise<string> {
  const { rows } = await client.query('select quote_ident(current_database()) as name');
  return `grant temporary on database ${rows[0].name} to public`;
}

/** Lines that are in one of the two only, each as often as it is. */
function compare(before: string, after: string): string[] {
  const surplus = (of: string, over: string, sign: string) => {
    const rest = over.split('\n');
    return of.split('\n').flatMap((line) => {
      const index = rest.indexOf(line);
      if (index < 0) return [sign + line];
      rest.splice(index, 1);
      return [];
    });
  };
  return [...surplus(before, after, '-'), ...surplus(after, before, '+')];
}
