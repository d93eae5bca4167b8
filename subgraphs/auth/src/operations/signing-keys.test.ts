import { generateKeyPairSync } from 'node:crypto';
import { createDatabase, inTenant } from '@signet/db';
import { jwksPathOf } from '@signet/schema/contract';
import { createLogger, type Environment, type RunningServer } from '@signet/service';
import { createTestDatabase, createTestGateway, type TestDatabase } from '@signet/testing';
import { decodeProtectedHeader } from 'jose';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAuth } from '../start.ts';
import {
  addCustomer,
  addStaffMember,
  type TestAccount,
  testPasswordCost,
} from '../testing/accounts.test-support.ts';
import { signInOperation } from '../testing/auth.test-support.ts';
import { randomSecret, testConfig } from '../testing/config.test-support.ts';

// Auth as it runs in containers: a process for customers and one for staff, on one database.

type Key = {
  kid: string;
  state: string | null;
  takesOverAt: string | null;
  maySignFrom: string | null;
  isRotationRequested: boolean;
  leavesAt: string | null;
  revokedAt: string | null;
  use: { sessions: number; impersonations: number; services: number; tokensUntil: string } | null;
};
type KeySet = { side: string; isInFiles: boolean; rotationDays: number | null; keys: Key[] };
type Sender = { token?: string; tenant?: string };

const set = `{ side isInFiles rotationDays copySeconds keys { kid algorithm state isImported publishedAt signsSince maySignFrom takesOverAt
  isRotationRequested leavesAt revokedAt use { sessions impersonations services tokensUntil } } }`;
const logger = createLogger('test', 'silent');
const secrets: Environment = {
  USER_KEY_ENCRYPTION_KEY: randomSecret(),
  PORTAL_KEY_ENCRYPTION_KEY: randomSecret(),
};
const portalGateway = createTestGateway({ recipient: 'auth-portal' });
const userGateway = createTestGateway({ recipient: 'auth-user' });

let database: TestDatabase;
let tenantId: string;
let globexId: string;
let portal: RunningServer;
let user: RunningServer | undefined;
let admin: TestAccount;
let token: string;

const start = (changes: Environment, publicationSeconds = 0, now?: () => Date) =>
  startAuth(testConfig(database, { ...secrets, ...changes }), logger, {
    passwordCost: testPasswordCost,
    keyTiming: { publicationSeconds, pollSeconds: 0.2 },
    ...(now && { now }),
  });
const startPortal = (changes: Environment = {}, publicationSeconds?: number, now?: () => Date) =>
  start(
    {
      AUTH_PLATFORMS: 'portal',
      USER_DATABASE_URL: '',
      USER_KEY_ENCRYPTION_KEY: '',
      USER_JWKS_URL: 'http://127.0.0.1:1/',
      ...changes,
    },
    publicationSeconds,
    now,
  );
const startUser = (changes: Environment = {}, publicationSeconds?: number) =>
  start(
    {
      AUTH_PLATFORMS: 'user',
      PORTAL_DATABASE_URL: '',
      PORTAL_KEY_ENCRYPTION_KEY: '',
      PORTAL_JWKS_URL: 'http://127.0.0.1:1/',
      ...changes,
    },
    publicationSeconds,
  );
async function stopUser(): Promise<void> {
  await user?.stop();
  user = undefined;
}

async function signIn(account: TestAccount, tenant?: string, at = portal): Promise<string> {
  const { email, password } = account;
  const { body } = await portalGateway.post(
    `${at.url}/graphql`,
    { query: signInOperation('portalLogin'), variables: { input: { email, password } } },
    { context: { ...(tenant && { tenant }) } },
  );
  return body.data.portalLogin.accessToken;
}

async function signInCustomer(account: TestAccount): Promise<string> {
  const { email, password } = account;
  const query = { query: signInOperation('login'), variables: { input: { email, password } } };
  const { body } = await userGateway.post(`${user?.url}/graphql`, query, {});
  return body.data.login.accessToken;
}

async function askMe(bearer: string) {
  const { body } = await userGateway.post(
    `${user?.url}/graphql`,
    { query: '{ me { id } }' },
    { token: bearer },
  );
  return body.errors?.[0]?.extensions.reason ?? 'known';
}

async function ask<T>(query: string, variables: Record<string, unknown> = {}, sender: Sender = {}) {
  const { body } = await portalGateway.post(
    `${portal.url}/graphql`,
    { query, variables },
    { token: sender.token ?? token, context: { ...(sender.tenant && { tenant: sender.tenant }) } },
  );
  const data: T | undefined = (body.data ? (Object.values(body.data)[0] as T | null) : null) ?? undefined;
  return { data, reason: body.errors?.[0]?.extensions.reason as string | undefined };
}

const list = (sender?: Sender) => ask<KeySet[]>(`{ signingKeys ${set} }`, {}, sender);
const keysOf = async (side: string) => (await list()).data?.find((found) => found.side === side)?.keys ?? [];
const inState = (keys: readonly Key[], state: string) => keys.find((key) => key.state === state);
const signing = async (side = 'USER') => inState(await keysOf(side), 'ACTIVE')?.kid ?? '';
const rotate = (input: object, sender?: Sender) =>
  ask<KeySet>(
    `mutation ($input: RotateSigningKeyInput!) { rotateSigningKey(input: $input) ${set} }`,
    { input: { side: 'USER', reason: 'A test.', ...input } },
    sender,
  );
const revoke = (input: object, sender?: Sender) =>
  ask<KeySet>(
    `mutation ($input: RevokeSigningKeyInput!) { revokeSigningKey(input: $input) ${set} }`,
    { input: { side: 'USER', reason: 'It leaked.', ...input } },
    sender,
  );
const auditOf = (kid: string) =>
  database.query(
    `select kind, tenant_id as tenant, platform, actor_id as by, details from auth.audit_event
     where kind like 'auth.key.%' and details->>'kid' = $1 order by happened_at, id`,
    [kid],
  );

beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant('demo');
  globexId = await database.addTenant('globex');
  user = await startUser();
  portal = await startPortal();
  admin = await addStaffMember(database, { tenantId, role: 'super_admin' });
  token = await signIn(admin);
});
beforeEach(async () => {
  user ??= await startUser();
});
afterAll(async () => {
  await Promise.all([stopUser(), portal.stop()]);
  await database.drop();
});

describe('signingKeys', () => {
  it('are those of both platforms, one that signs and one that waits, and nothing private', async () => {
    const { data } = await list();
    expect(data?.map(({ side, isInFiles, rotationDays }) => [side, isInFiles, rotationDays])).toEqual([
      ['USER', false, 30],
      ['PORTAL', false, 30],
    ]);
    for (const { keys } of data ?? []) expect(keys.map(({ state }) => state)).toEqual(['NEXT', 'ACTIVE']);
    const sealed = await database.query(
      `select encode(sealed_private_key, 'base64') as text from auth.signing_key`,
    );
    expect(sealed.length).toBeGreaterThanOrEqual(4);
    for (const { text } of sealed) expect(JSON.stringify(data)).not.toContain(text.slice(0, 20));
  });

  it('say who holds tokens of each', async () => {
    const customer = await addCustomer(database, { tenantId });
    const before = inState(await keysOf('USER'), 'ACTIVE');
    await signInCustomer(customer);
    const over = await signInCustomer(customer);
    const now = inState(await keysOf('USER'), 'ACTIVE');
    expect(now?.use?.sessions).toBe((before?.use?.sessions ?? 0) + 2);
    expect(Date.parse(now?.use?.tokensUntil ?? '')).toBeGreaterThan(Date.now() + 890_000);
    await database.query(
      `update auth.user_session set last_used_at = last_used_at - interval '16 minutes' where user_id = $1`,
      [customer.id],
    );
    expect(inState(await keysOf('USER'), 'ACTIVE')?.use?.sessions).toBe(before?.use?.sessions ?? 0);
    expect(over).toBeTruthy();
    expect(inState(await keysOf('PORTAL'), 'ACTIVE')?.use).toMatchObject({ sessions: 1, impersonations: 0 });
    expect(inState(await keysOf('USER'), 'NEXT')?.use).toBeNull();
  });
});

describe.each(['USER', 'PORTAL'])('rotateSigningKey of %s', (side) => {
  it('lets the key that waits sign, keeps tokens of the old one, and writes down who asked and why', async () => {
    const before = await keysOf(side);
    const old = inState(before, 'ACTIVE')?.kid ?? '';
    const next = inState(before, 'NEXT')?.kid ?? '';
    const customer = await addCustomer(database, { tenantId });
    const bearer = await signInCustomer(customer);
    const { data, reason } = await rotate({ side, kid: old, reason: ' Quarterly. ' });
    expect([reason, inState(data?.keys ?? [], 'ACTIVE')?.kid]).toEqual([undefined, next]);
    expect(inState(data?.keys ?? [], 'NEXT')?.kid).not.toBe(next);
    const retiring = data?.keys.find(({ kid }) => kid === old);
    expect(retiring?.state).toBe('RETIRING');
    expect(Date.parse(retiring?.leavesAt ?? '')).toBeGreaterThan(Date.now());
    expect(await askMe(bearer)).toBe('known');
    const platform = side.toLowerCase();
    expect((await auditOf(old)).at(-1)).toEqual({
      kind: 'auth.key.rotation_requested',
      tenant: tenantId,
      platform: 'portal',
      by: admin.id,
      details: { platform, kid: old, reason: 'Quarterly.' },
    });
    expect((await auditOf(next)).at(-1)).toMatchObject({ kind: 'auth.key.rotated', tenant: null, platform });
    if (side === 'USER') {
      const { kid } = decodeProtectedHeader(await signInCustomer(customer));
      expect(kid).toBe(next);
    } else token = await signIn(admin);
  });

  it('rotates once for two who ask at the same time', async () => {
    const kid = await signing(side);
    const next = inState(await keysOf(side), 'NEXT')?.kid;
    const answers = await Promise.all([rotate({ side, kid }), rotate({ side, kid }), rotate({ side, kid })]);
    expect(
      answers.map(({ reason }) => reason).filter((reason) => reason !== undefined && reason !== 'input.kid'),
    ).toEqual([]);
    await expect.poll(() => signing(side)).toBe(next);
    expect((await auditOf(kid)).filter(({ kind }) => kind === 'auth.key.rotation_requested')).toHaveLength(1);
  });
});

describe('rotateSigningKey', () => {
  it('waits until every verifier has the key', async () => {
    await stopUser();
    await portal.stop();
    user = await startUser({}, 960);
    portal = await startPortal({}, 960);
    try {
      const kid = await signing();
      // Made anew, since those of before have been published for as long as this file runs.
      const { data } = await rotate({ kid });
      const next = inState(data?.keys ?? [], 'NEXT');
      expect(next?.isRotationRequested).toBe(true);
      expect(next?.takesOverAt).toBe(next?.maySignFrom);
      expect(Date.parse(next?.takesOverAt ?? '')).toBeGreaterThan(Date.now() + 600_000);
      expect(await signing()).toBe(kid);
    } finally {
      await portal.stop();
      portal = await startPortal();
      await stopUser();
      user = await startUser();
    }
    // It was asked for, and is due by the shorter time.
    await expect.poll(async () => inState(await keysOf('USER'), 'NEXT')?.isRotationRequested).toBe(false);
  });

  it('is done when the process that holds the keys comes back', async () => {
    await stopUser();
    const before = await keysOf('USER');
    const kid = inState(before, 'ACTIVE')?.kid ?? '';
    const { data } = await rotate({ kid });
    expect(inState(data?.keys ?? [], 'ACTIVE')?.kid).toBe(kid);
    expect(inState(data?.keys ?? [], 'NEXT')?.isRotationRequested).toBe(true);
    user = await startUser();
    await expect.poll(() => signing()).toBe(inState(before, 'NEXT')?.kid);
  });
});

describe('revokeSigningKey', () => {
  it('refuses its tokens, and the next sign-in gets one of the key that waited', async () => {
    const before = await keysOf('USER');
    const kid = inState(before, 'ACTIVE')?.kid ?? '';
    const customer = await addCustomer(database, { tenantId });
    const bearer = await signInCustomer(customer);
    expect(await askMe(bearer)).toBe('known');
    const { data } = await revoke({ kid });
    expect(inState(data?.keys ?? [], 'ACTIVE')?.kid).toBe(inState(before, 'NEXT')?.kid);
    expect(data?.keys.find((key) => key.kid === kid)).toMatchObject({
      state: 'RETIRED',
      revokedAt: expect.any(String),
      use: null,
    });
    await expect.poll(() => askMe(bearer)).toMatch(/^auth\.failure\.(revoked|unknown_key)$/);
    expect(await askMe(await signInCustomer(customer))).toBe('known');
    expect((await auditOf(kid)).map(({ kind, by, tenant }) => [kind, by, tenant]).slice(-3)).toEqual([
      ['auth.key.revoked', null, null],
      ['auth.key.retired', null, null],
      ['auth.key.revocation_requested', admin.id, tenantId],
    ]);

    const rows = await auditOf(kid);
    expect((await revoke({ kid })).reason).toBeUndefined();
    expect(await auditOf(kid)).toEqual(rows);
  });

  it('holds at once while the process that holds the key is down, and destroys its private half', async () => {
    await stopUser();
    const before = await keysOf('USER');
    const kid = inState(before, 'ACTIVE')?.kid ?? '';
    const { data } = await revoke({ kid });
    expect(data?.keys.map(({ state }) => state)).not.toContain('NEXT');
    const rows = await database.query(
      `select state, length(sealed_private_key) as bytes, exists(
         select from auth.revocation where subject = kid and platform = 'user' and expires_at = 'infinity') as revoked
       from auth.signing_key where kid = $1`,
      [kid],
    );
    expect(rows).toEqual([{ state: 'retired', bytes: 0, revoked: true }]);
    expect(await signing()).toBe(inState(before, 'NEXT')?.kid);
    user = await startUser();
    expect(inState(await keysOf('USER'), 'NEXT')).toBeTruthy();
  });

  it('leaves a key that signs and one that waits where both are revoked at once', async () => {
    const before = await keysOf('USER');
    const kids = ['ACTIVE', 'NEXT'].map((state) => inState(before, state)?.kid);
    const answers = await Promise.all(kids.map((kid) => revoke({ kid })));
    expect(answers.map(({ reason }) => reason)).toEqual([undefined, undefined]);
    await expect
      .poll(
        async () =>
          (await keysOf('USER')).filter(({ state }) => state !== 'RETIRED' && state !== 'RETIRING').length,
      )
      .toBe(2);
    const left = await keysOf('USER');
    for (const kid of kids) expect(left.find((key) => key.kid === kid)?.state).toBe('RETIRED');
  });

  it.each([
    ['an unknown key', { kid: 'unknown' }, 'input.kid'],
    ['a text that is no kid', { kid: "x' or true" }, 'input.kid'],
    ['a key of the other side', { side: 'PORTAL' }, 'input.kid'],
    ['no reason', { reason: ' ' }, 'input.reason'],
  ])('refuses %s', async (_name, input, reason) => {
    const kid = await signing('USER');
    expect((await revoke({ kid, ...input })).reason).toBe(reason);
    expect(await signing('USER')).toBe(kid);
    if (reason === 'input.reason') expect((await rotate({ kid, ...input })).reason).toBe(reason);
  });
});

describe('who may not', () => {
  it.each(['support', 'operations'] as const)('%s: neither see nor change', async (role) => {
    const member = await addStaffMember(database, { tenantId, role });
    const own = await signIn(member);
    const kid = await signing();
    expect((await list({ token: own })).reason).toBe('authz.scope.deny');
    expect((await rotate({ kid }, { token: own })).reason).toBe('authz.scope.deny');
    expect((await revoke({ kid }, { token: own })).reason).toBe('authz.scope.deny');
    expect(await signing()).toBe(kid);
  });

  it('a super_admin of another tenant', async () => {
    const stranger = await addStaffMember(database, { tenantId: globexId, role: 'super_admin' });
    const own = await signIn(stranger, 'globex');
    const kid = await signing();
    const sender = { token: own, tenant: 'globex' };
    expect((await list(sender)).reason).toBe('authz.permission.deny');
    expect((await rotate({ kid }, sender)).reason).toBe('authz.permission.deny');
    expect((await revoke({ kid }, sender)).reason).toBe('authz.permission.deny');
    expect(await signing()).toBe(kid);
  });

  it('one who was demoted a moment ago, or whose session has ended', async () => {
    const member = await addStaffMember(database, { tenantId, role: 'super_admin' });
    const own = await signIn(member);
    const kid = await signing();
    await database.query(`update auth.portal_user set role = 'support' where id = $1`, [member.id]);
    expect((await revoke({ kid }, { token: own })).reason).toBe('authz.role.deny');
    await database.query(`update auth.portal_user set role = 'super_admin' where id = $1`, [member.id]);
    await database.query(
      `update auth.portal_session set ended_at = now(), end_reason = 'ended' where staff_id = $1`,
      [member.id],
    );
    expect((await revoke({ kid }, { token: own })).reason).toBe('auth.failure.revoked');
    expect(await signing()).toBe(kid);
  });

  it('one who signed in too long ago', async () => {
    const member = await addStaffMember(database, { tenantId, role: 'super_admin' });
    const kid = await signing();
    const earlier = await startPortal({}, 0, () => new Date(Date.now() - 340_000));
    const own = await signIn(member, undefined, earlier);
    await earlier.stop();
    expect((await list({ token: own })).reason).toBeUndefined();
    expect((await revoke({ kid }, { token: own })).reason).toBe('authz.step_up.required');
    expect((await rotate({ kid }, { token: own })).reason).toBe('authz.step_up.required');
    expect(await signing()).toBe(kid);
  });

  it('the process by itself, without a session of a member', async () => {
    const db = createDatabase(database.urlOf('signet_auth_portal'), { maxConnections: 1 });
    const nobody = sql`gen_random_uuid(), gen_random_uuid()`;
    const kid = await signing();
    for (const call of [
      sql`select auth.request_key_rotation(${nobody}, 'user', ${kid})`,
      sql`select auth.request_key_revocation(${nobody}, 'user', ${kid}, false)`,
    ])
      await expect(inTenant(db, tenantId, (trx) => call.execute(trx))).rejects.toMatchObject({
        code: '28000',
      });
    for (const call of [
      sql`select auth.revoke_user_signing_key(${kid}, now())`,
      sql`select auth.revoke_signing_key('user', ${kid}, now())`,
    ])
      await expect(call.execute(db)).rejects.toMatchObject({ code: '42501' });
    await db.destroy();
    expect(await signing()).toBe(kid);
  });
});

it('keys in files are listed as published, rotate by their file, and are revoked by their kid', async () => {
  await stopUser();
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  user = await startUser({ USER_PRIVATE_KEY: String(pem), USER_KEY_ENCRYPTION_KEY: '' });
  await portal.stop();
  portal = await startPortal({ USER_JWKS_URL: user.url + jwksPathOf('user') });
  const found = (await list()).data?.find(({ side }) => side === 'USER');
  expect(found).toMatchObject({ isInFiles: true, rotationDays: null });
  const [{ kid, state } = { kid: '', state: '' }] = found?.keys ?? [];
  expect([found?.keys.length, state]).toEqual([1, 'ACTIVE']);
  expect((await rotate({ kid })).reason).toBe('input.side');
  expect((await revoke({ kid: 'unknown' })).reason).toBe('input.kid');
  expect((await revoke({ kid })).reason).toBeUndefined();
  const rows = await database.query(`select platform from auth.revocation where subject = $1`, [kid]);
  expect(rows).toEqual([{ platform: 'user' }]);
});
