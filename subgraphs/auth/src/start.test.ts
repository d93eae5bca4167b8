import { createDatabase } from '@signet/db';
import { jwksPathOf } from '@signet/schema/contract';
import { createLogger, type Environment, type RunningServer } from '@signet/service';
import { createTestDatabase, createTestGateway, type TestDatabase } from '@signet/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuth } from './start.ts';
import { addCustomer, addStaffMember, testPasswordCost } from './testing/accounts.test-support.ts';
import { signInOperation } from './testing/auth.test-support.ts';
import { randomSecret, testConfig } from './testing/config.test-support.ts';

const logger = createLogger('test', 'silent');
const secrets: Environment = {
  USER_KEY_ENCRYPTION_KEY: randomSecret(),
  PORTAL_KEY_ENCRYPTION_KEY: randomSecret(),
};

describe('startAuth', () => {
  let database: TestDatabase;
  let tenantId: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    tenantId = await database.addTenant('demo');
  });
  afterAll(() => database.drop());
  const start = (changes: Environment = {}) =>
    startAuth(testConfig(database, { ...secrets, ...changes }), logger, { passwordCost: testPasswordCost });
  const readKids = async ({ url }: RunningServer, platform: 'user' | 'portal') => {
    const response = await fetch(url + jwksPathOf(platform));
    const { keys = [] } = (await response.json()) as { keys?: { kid: string }[] };
    return keys.map(({ kid }) => kid);
  };

  it('makes a key that signs and one that waits for each platform, also when four start at once; later starts use the same', async () => {
    const servers = await Promise.all([start(), start(), start(), start()]);
    const later = await start();
    const rows = await database.query(
      'select kid, platform, state from auth.signing_key order by platform, created_at, activated_at',
    );
    expect(rows.map(({ platform, state }) => [platform, state])).toEqual([
      ['portal', 'active'],
      ['portal', 'next'],
      ['user', 'active'],
      ['user', 'next'],
    ]);
    const kids = rows.map(({ kid }) => kid);
    for (const server of [...servers, later]) {
      expect(await readKids(server, 'portal')).toEqual(kids.slice(0, 2));
      expect(await readKids(server, 'user')).toEqual(kids.slice(2));
    }
    await Promise.all([...servers, later].map((server) => server.stop()));
  });

  it.each(['USER', 'PORTAL'])(
    'names %s_KEY_ENCRYPTION_KEY in one line when it is not the one in use',
    async (prefix) => {
      await (await start()).stop();
      const variable = `${prefix}_KEY_ENCRYPTION_KEY`;
      await expect(start({ [variable]: randomSecret() })).rejects.toMatchObject({
        name: 'ConfigError',
        faults: [expect.stringMatching(new RegExp(`^${variable}: does not open`))],
      });
    },
  );

  it('names the database that it can not reach', async () => {
    await expect(
      start({ PORTAL_DATABASE_URL: 'postgres://x:secret@127.0.0.1:1/signet' }),
    ).rejects.toMatchObject({
      name: 'ConfigError',
      faults: [expect.stringMatching(/^PORTAL_DATABASE_URL: (?!.*secret)/)],
    });
  });

  it("refuses another platform's database role", async () => {
    await expect(start({ USER_DATABASE_URL: database.urlOf('signet_auth_portal') })).rejects.toThrow();
  });

  it('refuses production while an account of the development seed is active, and says where', async () => {
    await database.query('insert into auth.development_seed (tenant_id) values ($1)', [tenantId]);
    const [customer, staff] = [
      await addCustomer(database, { tenantId, isSeeded: true }),
      await addStaffMember(database, { tenantId, isSeeded: true }),
    ];
    const production = () =>
      start({ NODE_ENV: 'production', REVOCATIONS_DATABASE_URL: database.urlOf('signet_verifier') });
    await expect(production()).rejects.toThrow(/NODE_ENV: is production, but customers .* active in: demo/);
    await database.query('update auth.user set is_active = false where id = $1', [customer.id]);
    await expect(production()).rejects.toThrow(/NODE_ENV: is production, but staff .* active in: demo/);
    await database.query('update auth.portal_user set is_active = false where id = $1', [staff.id]);
    await (await production()).stop();
  });
});

describe('two auth processes, a platform each', () => {
  let database: TestDatabase;
  let user: RunningServer;
  let portal: RunningServer;
  let tokens: { user: string; portal: string };
  const ask = (server: RunningServer, query: string, token?: string, variables = {}) =>
    createTestGateway({ recipient: server === user ? 'auth-user' : 'auth-portal' }).post(
      `${server.url}/graphql`,
      { query, variables },
      { token },
    );
  beforeAll(async () => {
    database = await createTestDatabase();
    const tenantId = await database.addTenant('demo');
    const startOne = (changes: Environment) =>
      startAuth(testConfig(database, { ...secrets, ...changes }), logger, { passwordCost: testPasswordCost });
    // Who starts first can't know the other's port: nothing answers where this one looks for it.
    portal = await startOne({
      AUTH_PLATFORMS: 'portal',
      USER_DATABASE_URL: '',
      USER_KEY_ENCRYPTION_KEY: '',
      USER_JWKS_URL: 'http://127.0.0.1:1/',
    });
    user = await startOne({
      AUTH_PLATFORMS: 'user',
      PORTAL_DATABASE_URL: '',
      PORTAL_KEY_ENCRYPTION_KEY: '',
      PORTAL_JWKS_URL: portal.url + jwksPathOf('portal'),
    });
    const { email, password } = await addCustomer(database, { tenantId });
    const staff = await addStaffMember(database, { tenantId });
    const login = await ask(user, signInOperation('login'), undefined, { input: { email, password } });
    const portalLogin = await ask(portal, signInOperation('portalLogin'), undefined, {
      input: { email: staff.email, password: staff.password },
    });
    tokens = {
      user: login.body.data.login.accessToken,
      portal: portalLogin.body.data.portalLogin.accessToken,
    };
  });
  afterAll(async () => {
    await Promise.all([user.stop(), portal.stop()]);
    await database.drop();
  });

  it('sign in and answer for their own platform', async () => {
    expect((await ask(user, '{ me { id } }', tokens.user)).body.errors).toBeUndefined();
    expect((await ask(portal, '{ portalMe { id } }', tokens.portal)).body.errors).toBeUndefined();
  });

  it('publish their own keys only', async () => {
    expect((await fetch(user.url + jwksPathOf('portal'))).status).toBe(404);
    expect((await fetch(portal.url + jwksPathOf('user'))).status).toBe(404);
    expect((await fetch(user.url + jwksPathOf('user'))).status).toBe(200);
  });

  it("say that they do not serve the other platform's fields", async () => {
    const input = { input: { email: 'a@example.com', password: 'x' } };
    const { body } = await ask(user, signInOperation('portalLogin'), undefined, input);
    expect(body.errors?.[0]).toMatchObject({
      message: "This process serves the 'user' platform only.",
      extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'auth.unavailable' },
    });
    expect((await ask(portal, signInOperation('login'), undefined, input)).body.errors?.[0]?.message).toBe(
      "This process serves the 'portal' platform only.",
    );
  });

  it("recognise the other platform's token, and refuse it by name", async () => {
    const { body } = await ask(user, '{ me { id } }', tokens.portal);
    expect(body.errors?.[0]?.extensions.reason).toBe('authz.platform.deny');
  });

  it("take a token whose keys they can't get for an outage, not for a bad one", async () => {
    const { status, body } = await ask(portal, '{ portalMe { id } }', tokens.user);
    expect(status).toBe(503);
    expect(body.errors?.[0]?.extensions.reason).toBe('auth.unavailable');
  });

  it('refuse a key set of the other platform that holds a key of their own', async () => {
    const changes = { AUTH_PLATFORMS: 'user', PORTAL_JWKS_URL: user.url + jwksPathOf('user') };
    const started = startAuth(testConfig(database, { ...secrets, ...changes }), logger);
    await expect(started).rejects.toThrow(/PORTAL_JWKS_URL: holds a key with which this process signs/);
  });

  it('refuse a key set over plain http beyond loopback', async () => {
    const changes = { AUTH_PLATFORMS: 'user', PORTAL_JWKS_URL: 'http://auth.example/portal.json' };
    const started = startAuth(testConfig(database, { ...secrets, ...changes }), logger);
    await expect(started).rejects.toThrow(/PORTAL_JWKS_URL: must be https/);
  });

  it('are ready, each without the other', async () => {
    expect((await fetch(`${portal.url}/health/ready`)).status).toBe(200);
  });
});

describe('the database roles of the two platforms', () => {
  it.each([
    ['signet_auth_user', 'user', 'portal_user', 'portal_session', 'portal_refresh_token'],
    ['signet_auth_portal', 'portal', 'user', 'user_session', 'user_refresh_token'],
  ] as const)(
    "let %s see the keys of '%s' only, and no table of the other",
    async (role, platform, ...tables) => {
      const database = await createTestDatabase();
      await (await startAuth(testConfig(database, secrets), logger)).stop();
      const db = createDatabase(database.urlOf(role));
      const { rows } = await sql`select platform from auth.signing_key`.execute(db);
      expect(rows).toEqual([{ platform }, { platform }]);
      for (const table of tables) {
        await expect(sql`select * from ${sql.table(`auth.${table}`)}`.execute(db)).rejects.toMatchObject({
          code: '42501',
        });
      }
      await db.destroy();
      await database.drop();
    },
  );
});
