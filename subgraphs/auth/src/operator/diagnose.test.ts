import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jwksPathOf, staffRoles } from '@signet/schema/contract';
import { createLogger, type Environment, type RunningServer } from '@signet/service';
import { createTestDatabase, openFaultyPath, proofEnvironment, type TestDatabase } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startAuth } from '../start.ts';
import { addCustomer, addStaffMember, testPepper } from '../testing/accounts.test-support.ts';
import { randomSecret, testConfig } from '../testing/config.test-support.ts';
import { checkProcesses, diagnose } from './diagnose.ts';
import { type Finding, formatFinding } from './finding.ts';

const secrets = { USER_KEY_ENCRYPTION_KEY: randomSecret(), PORTAL_KEY_ENCRYPTION_KEY: randomSecret() };

let database: TestDatabase;
let auth: RunningServer;
let tenantId: string;
let stranger: Server;
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant('demo');
  auth = await startAuth(testConfig(database, secrets), createLogger('test', 'silent'));
  stranger = createServer((_req, res) => res.end(JSON.stringify({ keys: [{ kid: 'another' }] })));
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  stranger.close();
  await auth.stop();
  await database.drop();
});

const environment = (changes: Environment = {}): Environment => ({
  PORT: new URL(auth.url).port,
  ISSUER_URL: auth.url,
  DEFAULT_TENANT: 'demo',
  AUTH_PLATFORMS: 'both',
  USER_DATABASE_URL: database.urlOf('signet_auth_user'),
  PORTAL_DATABASE_URL: database.urlOf('signet_auth_portal'),
  REVOCATIONS_DATABASE_URL: database.urlOf('signet_verifier'),
  PASSWORD_PEPPER: testPepper.toString('base64'),
  AUDIT_KEY: randomSecret(),
  ...proofEnvironment('auth'),
  ...secrets,
  ...changes,
});
const wrongOf = (findings: readonly Finding[]) =>
  findings.filter(({ kind }) => kind === 'wrong').map(({ subject, text }) => `${subject}: ${text}`);
const faultsOf = async (changes?: Environment) => wrongOf(await diagnose(environment(changes)));

describe('a staff role that the database does not take', () => {
  const roles = `alter table auth.portal_invitation drop constraint portal_invitation_role_check,
    add constraint portal_invitation_role_check check (role in `;
  const fault =
    'that database does not take the staff role support of schema/contract/staff-roles.ts yet; run npm run db -- migrate';
  const others = staffRoles.filter((role) => role !== 'support').map((role) => `'${role}'`);

  it('is named by the doctor, and by the start of auth', async () => {
    const older = await createTestDatabase();
    onTestFinished(() => older.drop());
    await older.query(`${roles} (${others}))`);
    const variables = {
      USER_DATABASE_URL: older.urlOf('signet_auth_user'),
      PORTAL_DATABASE_URL: older.urlOf('signet_auth_portal'),
    };
    expect(await faultsOf(variables)).toContain(`staff roles: ${fault}`);
    const config = testConfig(older, secrets);
    await expect(startAuth(config, createLogger('test', 'silent'))).rejects.toThrow(
      `PORTAL_DATABASE_URL: ${fault}`,
    );
  });
});

it('a staff role that is gone and that somebody has is named by the doctor', async () => {
  const older = await createTestDatabase();
  onTestFinished(() => older.drop());
  const roles = [...staffRoles, 'director'].map((role) => `'${role}'`);
  await older.query(`alter table auth.portal_user drop constraint portal_user_role_check,
    add constraint portal_user_role_check check (role in (${roles}))`);
  const variables = {
    USER_DATABASE_URL: older.urlOf('signet_auth_user'),
    PORTAL_DATABASE_URL: older.urlOf('signet_auth_portal'),
  };
  const find = async () => (await faultsOf(variables)).filter((fault) => fault.startsWith('staff roles'));
  const { id } = await addStaffMember(older, { tenantId: await older.addTenant('demo'), role: 'support' });
  expect(await find()).toEqual([]);
  await older.query(`update auth.portal_user set role = 'director' where id = $1`, [id]);
  expect(await find()).toEqual([expect.stringContaining('director in demo')]);
});

describe('npm run doctor', () => {
  it('finds nothing wrong where nothing is, and looks at all of it', async () => {
    const findings = await diagnose(environment());
    expect(wrongOf(findings)).toEqual([]);
    expect(new Set(findings.map(({ subject }) => subject))).toEqual(
      new Set([
        'configuration',
        'user passwords',
        'portal passwords',
        'proof keys',
        'user database',
        'portal database',
        'clock',
        'user e-mail addresses',
        'portal e-mail addresses',
        'user keys',
        'portal keys',
        'user key set',
        'portal key set',
        'revocations',
        'auth process',
      ]),
    );
  });

  it('names a migration that was changed after it ran, to an administrator', async () => {
    const changes = { DATABASE_URL: database.adminUrl };
    expect(await faultsOf(changes)).toEqual([]);
    await database.query(
      `update migration.kysely_migration set checksum = 'another' where name like '0038-%'`,
    );
    expect(await faultsOf(changes)).toEqual([
      'migrations: 0038-refusal-records was changed after this database had run it, so the database has what it said before',
    ]);
    await database.query(`update migration.kysely_migration set checksum = null where name like '0038-%'`);
    expect(await faultsOf(changes)).toEqual([]);
  });

  it('asks each process for its health by its metrics port, and says what it lacks', async () => {
    const gateway = createServer((_req, res) =>
      res.end(
        JSON.stringify({
          status: 'degraded',
          services: {
            'gateway user': { status: 'degraded', reasons: [{ name: 'orders', reason: 'does not answer' }] },
            auth: { status: 'ready' },
          },
        }),
      ),
    );
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
    const findings = await checkProcesses([auth.url, url]);
    await new Promise((resolve) => gateway.close(resolve));
    expect(
      [...findings, ...(await checkProcesses([url]))].map(({ kind, text }) => `${kind}: ${text}`),
    ).toEqual([
      'ok: is ready',
      'wrong: is degraded (gateway user: orders: does not answer)',
      'wrong: gives no answer',
    ]);
  });

  it('says whose proof keys these are, and where a file is missing', async () => {
    expect(await faultsOf(proofEnvironment('portal'))).toEqual([
      expect.stringMatching(/^proof keys: .*is the key file of portal, and this is auth$/),
      expect.stringMatching(
        /^proof keys: .*peers\.auth\.keys: has none of the keys in this service's own file/,
      ),
    ]);
    expect(await faultsOf({ PROOF_PEERS_FILE: '/nowhere/peers.json' })).toEqual([
      expect.stringMatching(/^proof keys: .*\/nowhere\/peers\.json/),
    ]);
  });

  it('prints no secret', async () => {
    const text = (await diagnose(environment())).map(formatFinding).join('\n');
    expect(text).not.toMatch(/postgres:|PRIVATE/);
    for (const secret of Object.values(secrets)) {
      expect(text).not.toContain(secret);
    }
  });

  it('names every variable that is missing or wrong', async () => {
    expect(await faultsOf({ PASSWORD_PEPPER: '', USER_KEY_ENCRYPTION_KEY: '', PORT: 'http' })).toEqual([
      expect.stringMatching(/^configuration: PORT:/),
      expect.stringMatching(/^configuration: PASSWORD_PEPPER:/),
    ]);
    expect(await faultsOf({ USER_KEY_ENCRYPTION_KEY: '' })).toEqual([
      expect.stringMatching(/^configuration: USER_KEY_ENCRYPTION_KEY: is not set/),
    ]);
  });

  it('says what a process lacks that runs, and that a pooler keeps notifications away', async () => {
    const path = await openFaultyPath(database.adminUrl);
    const url = path.urlOf(database.urlOf('signet_auth_user'));
    const lame = await startAuth(
      testConfig(database, { ...secrets, USER_DATABASE_URL: url }),
      createLogger('test', 'silent'),
    );
    try {
      path.fault = 'deafen';
      const { port } = new URL(lame.url);
      const deaf = { REVOCATIONS_DATABASE_URL: path.urlOf(database.urlOf('signet_verifier')) };
      expect(await faultsOf({ ...deaf, PORT: port })).toEqual([
        'revocations: a connection to their database receives no NOTIFY',
      ]);
      path.fault = 'swallow';
      // A report of the checks is used for a moment.
      await expect
        .poll(() => faultsOf({ PORT: port }))
        .toEqual([expect.stringMatching(/^auth process: is not ready \(database: .*\)$/)]);
    } finally {
      path.fault = 'none';
      await lame.stop();
      await path.close();
    }
  });

  it('says that the key-encryption key is another', async () => {
    expect(await faultsOf({ USER_KEY_ENCRYPTION_KEY: randomSecret() })).toContainEqual(
      expect.stringMatching(/^user: USER_KEY_ENCRYPTION_KEY: does not open/),
    );
  });

  it('says that a database can not be reached, without its password', async () => {
    const faults = await faultsOf({ USER_DATABASE_URL: 'postgres://x:secret@127.0.0.1:1/signet' });
    expect(faults.join()).toMatch(/USER_DATABASE_URL: .*127\.0\.0\.1:1/);
    expect(faults.join()).not.toContain('secret');
  });

  it('refuses a role that row security does not bind, and one of the other platform', async () => {
    expect(await faultsOf({ USER_DATABASE_URL: database.adminUrl })).toContainEqual(
      expect.stringMatching(/^user database: row security does not bind/),
    );
    expect(await faultsOf({ USER_DATABASE_URL: database.urlOf('signet_auth_portal') })).toContainEqual(
      expect.stringMatching(/^user database: the role signet_auth_portal has rights/),
    );
  });

  it('says where no key set is to be had, and where one lacks the key that signs', async () => {
    const { port } = stranger.address() as AddressInfo;
    const url = (at: number) => `http://127.0.0.1:${at}${jwksPathOf('user')}`;
    expect(await faultsOf({ USER_JWKS_URL: url(1) })).toEqual([
      expect.stringMatching(/^user key set: .* can not be reached/),
    ]);
    expect(await faultsOf({ USER_JWKS_URL: url(port) })).toEqual([
      expect.stringMatching(/^user key set: .* lacks .*, which signs/),
    ]);
  });

  it('sees accounts of the development seed in production', async () => {
    const { id } = await addCustomer(database, { tenantId, isSeeded: true });
    await database.query('insert into auth.development_seed (tenant_id) values ($1)', [tenantId]);
    expect(await faultsOf()).toEqual([]);
    expect(await faultsOf({ NODE_ENV: 'production' })).toContainEqual(
      expect.stringMatching(/^user accounts: .*active in: demo/),
    );
    await database.query('update auth.user set is_active = false where id = $1', [id]);
  });

  it('names accounts that share a mailbox, and those with which nobody can sign in, without their addresses', async () => {
    const emails = ['eva@xn--bcher-kva.example', 'eva@bücher.example', 'ada@müller.example'];
    const [, spelled] = await Promise.all(emails.map((email) => addCustomer(database, { tenantId, email })));
    const member = await addStaffMember(database, { tenantId, email: 'ops@build_host.example' });
    const faults = (await faultsOf()).sort();
    expect(faults).toEqual([
      `portal e-mail addresses: 1 accounts have an address that sign-in refuses: demo ${member.id}`,
      expect.stringMatching(new RegExp(`^user e-mail addresses: 1 accounts share .*: demo ${spelled?.id}$`)),
    ]);
    expect(faults.join()).not.toContain('eva');
    await database.query('update auth.user set is_active = false where id = $1', [spelled?.id]);
    await database.query('update auth.portal_user set is_active = false where id = $1', [member.id]);
    expect(await faultsOf()).toEqual([]);
  });

  it('sees that all sign-ins have the address of a proxy, where clients come by https', async () => {
    const signIn = (address: string, times: number) =>
      database.query(
        `insert into auth.audit_event (tenant_id, kind, platform, address)
         select $1, 'auth.login.failure', 'user', $2 from generate_series(1, $3::integer)`,
        [tenantId, address, times],
      );
    const proxyFaults = async (issuerUrl: string) =>
      (await faultsOf({ ISSUER_URL: issuerUrl })).filter((fault) => fault.startsWith('user clients'));
    const https = 'https://127.0.0.1:1';
    await signIn('172.18.0.5', 9);
    expect(await proxyFaults(https)).toEqual([]);
    await signIn('172.18.0.5', 1);
    expect(await proxyFaults(https)).toEqual([
      expect.stringMatching(/the newest 10 sign-ins all came from 172\.18\.0\.5, .* TRUSTED_PROXIES/),
    ]);
    expect(await proxyFaults(auth.url)).toEqual([]);
    await signIn('203.0.113.9', 1);
    expect(await proxyFaults(https)).toEqual([]);
  });

  it('sees what no auth process has done', async () => {
    await auth.stop();
    await database.query(
      "update auth.signing_key set activated_at = now() - interval '31 days', published_at = now() - interval '31 days' where platform = 'user'",
    );
    expect(await faultsOf()).toContainEqual(expect.stringMatching(/^user keys: .* should have taken over/));
    auth = await startAuth(testConfig(database, secrets), createLogger('test', 'silent'));
    expect(await faultsOf()).toEqual([]);
  });

  it('says that there is neither an auth process nor a local platform', async () => {
    expect(wrongOf(await diagnose({ SIGNET_HOME: '/nowhere' }))).toEqual([
      expect.stringMatching(/^configuration: SIGNET_HOME: there is no platform in \/nowhere/),
    ]);
    expect(wrongOf(await diagnose({ NODE_ENV: 'production' }))).toEqual([
      expect.stringMatching(/^configuration: USER_DATABASE_URL, PORTAL_DATABASE_URL: neither is set/),
    ]);
  });
});
