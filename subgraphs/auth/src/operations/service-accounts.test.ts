import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { scopesOfRole, userScopes } from '@signet/schema/contract';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { createTestKey, serviceOperations } from '../testing/services.test-support.ts';

let auth: TestAuth;
let admin: TestAccount;
let token: string;
const { addService, alter, assert, create, deactivate, makeSecret, post, register, requestToken, revokeKey } =
  serviceOperations(
    () => auth,
    () => token,
  );

beforeAll(async () => {
  auth = await startTestAuth({ CLIENT_SECRETS: 'yes', SERVICE_JWKS_NETWORKS: '10.1.0.0/16' });
  admin = await addStaffMember(auth.database, { tenantId: auth.tenants.demo, role: 'super_admin' });
  token = (await auth.signIn('portalLogin', admin)).accessToken;
});
afterAll(() => auth.stop());

const find = async (variables: { side: string; id: string }, sender = { token }) =>
  (
    await auth.ask(
      'query ($side: ServiceSide!, $id: ID!) { serviceAccount(side: $side, id: $id) { id isActive } }',
      variables,
      sender,
    )
  ).body.data.serviceAccount;
const events = (subject: string) =>
  auth.database.query(
    `select kind, actor_id as by, details from auth.audit_event where subject_id = $1 and kind like 'auth.service.%' order by id`,
    [subject],
  );
const revocations = async (subject: string) =>
  (await auth.database.query('select platform from auth.revocation where subject = $1', [subject])).map(
    ({ platform }) => platform,
  );

describe('createServiceAccount', () => {
  it.each(['USER', 'PORTAL'] as const)('makes one on the side %s, and writes down why', async (side) => {
    const scopes = side === 'USER' ? ['profile:read'] : ['customers:read', 'notes:write'];
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const { data } = await create({
      side,
      name: ` Night job ${side} `,
      scopes: [...scopes, ...scopes],
      networks: ['203.0.113.0/24', '2001:DB8::/48'],
      expiresAt,
      reason: ' Stock is counted at night. ',
    });
    expect(data).toEqual({
      id: expect.any(String),
      side,
      name: `Night job ${side}`,
      scopes,
      networks: ['203.0.113.0/24', '2001:db8::/48'],
      expiresAt,
      isActive: true,
      createdBy: { id: admin.id },
      createdAt: expect.any(String),
      credentials: [],
    });
    expect(await events(data.id)).toEqual([
      {
        kind: 'auth.service.created',
        by: admin.id,
        details: {
          platform: side.toLowerCase(),
          reason: 'Stock is counted at night.',
          scopes: scopes.join(' '),
        },
      },
    ]);
  });

  it.each([
    ['name', { name: ' ' }],
    ['name', { name: 'x'.repeat(101) }],
    ['name', { name: 'a\u0007b' }],
    ['scopes', { scopes: [] }],
    ['scopes', { scopes: ['customers:read', 'root'] }],
    ['scopes', { side: 'USER', scopes: ['customers:read'] }],
    ['networks', { networks: ['203.0.113.1'] }],
    ['networks', { networks: ['203.0.113.0/33'] }],
    ['networks', { networks: ['::ffff:203.0.113.0/120'] }],
    ['networks', { networks: ['example.com/24'] }],
    ['networks', { networks: Array.from({ length: 101 }, (_, at) => `10.0.${at}.0/24`) }],
    ['expiresAt', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['reason', { reason: ' ' }],
    ['reason', { reason: 'x'.repeat(501) }],
  ])('refuses a wrong %s (%j)', async (field, input) => {
    expect((await create(input)).reason).toBe(`input.${field}`);
  });

  it('takes a network with spare bits for the network that it is in', async () => {
    expect((await create({ networks: ['203.0.113.77/24'] })).data.networks).toEqual(['203.0.113.0/24']);
  });

  it('gives a name to one active account of a platform', async () => {
    const { data } = await create({ name: 'The only one' });
    expect((await create({ name: 'The only one' })).reason).toBe('input.name');
    expect(
      (await create({ name: 'The only one', side: 'USER', scopes: ['profile:read'] })).data,
    ).toBeTruthy();
    await deactivate({ serviceAccount: data.id });
    expect((await create({ name: 'The only one' })).data).toBeTruthy();
  });

  it('gives at most what its maker has, and a customer', async () => {
    const all = await create({ scopes: scopesOfRole.super_admin });
    expect(all.data.scopes).toEqual(scopesOfRole.super_admin);
    expect((await create({ side: 'USER', scopes: userScopes })).data.scopes).toEqual(userScopes);
    await auth.database.query(`update auth.portal_user set role = 'operations' where id = $1`, [admin.id]);
    const { reason } = await create({ scopes: ['notes:write'] });
    await auth.database.query(`update auth.portal_user set role = 'super_admin' where id = $1`, [admin.id]);
    expect(reason).toBe('authz.role.deny');
  });
});

describe('who may administer service accounts', () => {
  const operations = [
    'serviceAccounts(side: PORTAL) { edges { node { id } } }',
    `serviceAccount(side: PORTAL, id: "${randomUUID()}") { id }`,
    'createServiceAccount(input: { side: PORTAL, name: "x", scopes: ["notes:write"], reason: "x" }) { id }',
    `changeServiceAccount(input: { side: PORTAL, serviceAccount: "${randomUUID()}", reason: "x" }) { id }`,
    `registerServiceKey(input: { side: PORTAL, serviceAccount: "${randomUUID()}", jwksUrl: "https://x.example", reason: "x" }) { id }`,
    `createServiceSecret(input: { side: PORTAL, serviceAccount: "${randomUUID()}", reason: "x" }) { secret }`,
    `revokeServiceKey(input: { side: PORTAL, credential: "${randomUUID()}", reason: "x" }) { id }`,
    `deactivateServiceAccount(input: { side: PORTAL, serviceAccount: "${randomUUID()}", reason: "x" }) { id }`,
  ];
  const ask = async (operation: string, token?: string) => {
    const text = operation.startsWith('serviceAccount') ? `{ ${operation} }` : `mutation { ${operation} }`;
    const { body } = await auth.ask(text, {}, token === undefined ? {} : { token });
    return body.errors?.[0]?.extensions.reason;
  };

  it.each(operations)('%s: neither nobody, nor a customer, nor other staff', async (operation) => {
    const customer = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const operator = await addStaffMember(auth.database, {
      tenantId: auth.tenants.demo,
      role: 'operations',
    });
    const tokens = [
      (await auth.signIn('login', customer)).accessToken,
      (await auth.signIn('portalLogin', operator)).accessToken,
    ];
    expect(await ask(operation)).toBe('auth.failure.missing_token');
    expect(await ask(operation, tokens[0])).toBe('authz.platform.deny');
    expect(await ask(operation, tokens[1])).toBe('authz.scope.deny');
  });

  it('a session that has ended changes nothing, whatever its token says', async () => {
    const other = await addStaffMember(auth.database, { tenantId: auth.tenants.demo, role: 'super_admin' });
    const { accessToken } = await auth.signIn('portalLogin', other);
    await auth.database.query('update auth.portal_session set ended_at = now() where staff_id = $1', [
      other.id,
    ]);
    expect((await create({}, { token: accessToken })).reason).toBe('auth.failure.revoked');
  });

  it('staff of another tenant see, change and end nothing of it', async () => {
    const own = await addService();
    const stranger = await addStaffMember(auth.database, {
      tenantId: auth.tenants.globex,
      role: 'super_admin',
    });
    const sender = { token: (await auth.signIn('portalLogin', stranger, { tenant: 'globex' })).accessToken };
    const { body } = await auth.ask(
      '{ serviceAccounts(side: PORTAL) { edges { node { id } } } }',
      {},
      sender,
    );
    expect(body.data.serviceAccounts.edges).toEqual([]);
    expect(await find({ side: 'PORTAL', id: own.id }, sender)).toBeNull();
    const { jwk } = await createTestKey();
    expect((await register({ serviceAccount: own.id, jwk }, sender)).reason).toBe('input.serviceAccount');
    expect((await alter({ serviceAccount: own.id, name: 'Mine' }, sender)).reason).toBe(
      'input.serviceAccount',
    );
    expect((await makeSecret({ serviceAccount: own.id }, sender)).reason).toBe('input.serviceAccount');
    expect((await revokeKey({ credential: own.credential }, sender)).reason).toBe('input.credential');
    expect((await deactivate({ serviceAccount: own.id }, sender)).reason).toBe('input.serviceAccount');
    expect((await requestToken(own)).status).toBe(200);
  });

  it('an id of the other platform names nothing', async () => {
    const own = await addService('user');
    expect((await revokeKey({ credential: own.credential })).reason).toBe('input.credential');
    expect((await deactivate({ serviceAccount: own.id })).reason).toBe('input.serviceAccount');
    expect((await alter({ serviceAccount: own.id, name: 'x' })).reason).toBe('input.serviceAccount');
    expect((await requestToken(own)).status).toBe(200);
  });

  it('nobody gives a key or a secret to an account that may do more than they may give', async () => {
    const own = await addService();
    // As if its maker had had more than this member of staff.
    const widen = `update auth.portal_service_account set scopes = scopes || '{more:write}' where id = $1`;
    await auth.database.query(widen, [own.id]);
    const { jwk } = await createTestKey();
    expect((await register({ serviceAccount: own.id, jwk })).reason).toBe('authz.role.deny');
    expect((await makeSecret({ serviceAccount: own.id })).reason).toBe('authz.role.deny');
    expect((await alter({ serviceAccount: own.id, networks: [] })).reason).toBe('authz.role.deny');
    const rows = 'select from auth.portal_service_credential where account_id = $1';
    expect(await auth.database.query(rows, [own.id])).toHaveLength(1);
    // Without those scopes it is like any other.
    expect((await alter({ serviceAccount: own.id, scopes: ['customers:read'] })).data.scopes).toEqual([
      'customers:read',
    ]);
    expect((await register({ serviceAccount: own.id, jwk })).data.credentials).toHaveLength(2);
  });
});

describe('changeServiceAccount', () => {
  const sidOf = (body: Record<string, unknown>) => String(decodeJwt(String(body.access_token)).sid);

  it('changes what is named, leaves the rest, and is written down', async () => {
    const end = new Date(Date.now() + 3600_000).toISOString();
    const own = await addService('portal', { name: 'Before', networks: ['192.0.2.0/24'], expiresAt: end });
    const { data } = await alter({ serviceAccount: own.id, name: 'After', reason: 'A better name.' });
    expect(data).toMatchObject({ name: 'After', networks: ['192.0.2.0/24'], expiresAt: end, isActive: true });
    const wider = await alter({ serviceAccount: own.id, networks: ['192.0.0.0/16'], expiresAt: null });
    expect(wider.data).toMatchObject({ name: 'After', networks: ['192.0.0.0/16'], expiresAt: null });
    expect(await revocations(own.credential)).toEqual([]);
    const changes = (await events(own.id)).filter(({ kind }) => kind === 'auth.service.changed');
    const platform = 'portal';
    expect(changes).toEqual([
      {
        kind: 'auth.service.changed',
        by: admin.id,
        details: { platform, reason: 'A better name.', renamed: 'yes', ended: 0 },
      },
      {
        kind: 'auth.service.changed',
        by: admin.id,
        details: { platform, reason: 'A test.', networks: '192.0.0.0/16', expiresAt: 'never', ended: 0 },
      },
    ]);
  });

  it.each([
    ['scopes', { scopes: ['customers:read'] }],
    ['networks', { networks: ['192.0.2.0/24'] }],
    ['time', { expiresAt: new Date(Date.now() + 1800_000).toISOString() }],
  ])('ends the tokens of before where it has less %s, and keeps the keys', async (_what, less) => {
    const own = await addService('portal', { scopes: ['customers:read', 'notes:write'] });
    const before = await requestToken(own);
    expect(sidOf(before.body)).toBe(own.credential);
    const { data } = await alter({ serviceAccount: own.id, ...less });
    expect(data).toMatchObject(less);
    expect(await revocations(own.credential)).toEqual(['portal']);
    // A token that is asked for from what was read before has the sid that is revoked.
    await expect
      .poll(async () => sidOf((await requestToken(own)).body), { timeout: 3000 })
      .not.toBe(own.credential);
    const after = sidOf((await requestToken(own)).body);
    expect(await revocations(after)).toEqual([]);
    await revokeKey({ credential: own.credential });
    expect(await revocations(after)).toEqual(['portal']);
    await expect.poll(async () => (await requestToken(own)).status, { timeout: 3000 }).toBe(401);
  });

  it('ends the tokens of customers’ services by their own platform’s feed', async () => {
    const own = await addService('user');
    const { data } = await alter({ side: 'USER', serviceAccount: own.id, networks: ['192.0.2.0/24'] });
    expect(data.networks).toEqual(['192.0.2.0/24']);
    expect(await revocations(own.credential)).toEqual(['user']);
  });

  it('refuses what an account may not have, or has not', async () => {
    const [own, other] = [await addService(), await addService('portal', { name: 'Taken' })];
    const reasonFor = async (input: object) => (await alter({ serviceAccount: own.id, ...input })).reason;
    expect(await reasonFor({ name: 'Taken' })).toBe('input.name');
    expect(await reasonFor({ name: '' })).toBe('input.name');
    expect(await reasonFor({ scopes: ['customers:read', 'notes:write'] })).toBe('input.scopes');
    expect(await reasonFor({ scopes: [] })).toBe('input.scopes');
    expect(await reasonFor({ networks: ['nowhere'] })).toBe('input.networks');
    expect(await reasonFor({ expiresAt: '2020-01-01T00:00:00Z' })).toBe('input.expiresAt');
    expect(await reasonFor({ reason: '' })).toBe('input.reason');
    await deactivate({ serviceAccount: other.id });
    expect((await alter({ serviceAccount: other.id, name: 'x' })).reason).toBe('input.serviceAccount');
    expect((await requestToken(own)).status).toBe(200);
  });
});

describe('staff who leave', () => {
  it('leave service accounts behind that they made, or have a key of, and it is said which', async () => {
    const leaver = await addStaffMember(auth.database, { tenantId: auth.tenants.demo, role: 'super_admin' });
    const own = { token: (await auth.signIn('portalLogin', leaver)).accessToken };
    const made = await addService('portal', { name: 'A: made' }, undefined, own);
    const madeForCustomers = await addService('user', { name: 'B: made' }, undefined, own);
    const closed = await addService('portal', {}, undefined, own);
    await deactivate({ serviceAccount: closed.id });
    const others = await addService('portal', { name: 'C: of another' });
    await register({ serviceAccount: others.id, jwk: (await createTestKey()).jwk }, own);
    const revoked = await addService();
    const { data } = await register({ serviceAccount: revoked.id, jwk: (await createTestKey()).jwk }, own);
    await revokeKey({ credential: data.credentials[1].id });
    const { body } = await auth.ask(
      'mutation ($id: ID!) { deactivateStaff(id: $id) { activeServiceAccounts { id side name } } }',
      { id: leaver.id },
      { token },
    );
    expect(body.data.deactivateStaff.activeServiceAccounts).toEqual([
      { id: madeForCustomers.id, side: 'USER', name: 'B: made' },
      { id: made.id, side: 'PORTAL', name: 'A: made' },
      { id: others.id, side: 'PORTAL', name: 'C: of another' },
    ]);
    const [row] = await auth.database.query<{ details: object }>(
      `select details from auth.audit_event where kind = 'auth.staff.deactivated' and subject_id = $1`,
      [leaver.id],
    );
    expect(row?.details).toEqual({ serviceAccounts: `${madeForCustomers.id} ${made.id} ${others.id}` });
    expect((await requestToken(made)).status).toBe(200);
  });
});

describe('serviceAccounts', () => {
  it('lists those of a platform by name, in pages', async () => {
    for (const name of ['zz-2', 'zz-1', 'zz-3']) await create({ name });
    const names: string[] = [];
    let after: string | null = null;
    for (let hasNext = true; hasNext; ) {
      const { body } = await auth.ask(
        `query ($after: String) { serviceAccounts(side: PORTAL, first: 3, after: $after) {
          edges { node { name } } pageInfo { hasNextPage endCursor } } }`,
        { after },
        { token },
      );
      const { edges, pageInfo }: Page = body.data.serviceAccounts;
      names.push(...edges.map(({ node }) => node.name));
      hasNext = pageInfo.hasNextPage;
      after = pageInfo.endCursor;
    }
    expect(names.slice(-3)).toEqual(['zz-1', 'zz-2', 'zz-3']);
    const [counted] = await auth.database.query(
      'select count(*)::int as count from auth.portal_service_account where tenant_id = $1',
      [auth.tenants.demo],
    );
    expect(names).toHaveLength(counted.count);
    expect(new Set(names.map((name) => name)).size).toBeGreaterThan(3);
  });
});

describe('serviceAccount', () => {
  it('gives one by its id, also after it was closed', async () => {
    const { id } = await addService();
    await deactivate({ serviceAccount: id });
    expect(await find({ side: 'PORTAL', id })).toEqual({ id, isActive: false });
  });

  it('gives none of the other side, none for an unknown id, and none for a text that is none', async () => {
    const { id } = await addService();
    for (const variables of [
      { side: 'USER', id },
      { side: 'PORTAL', id: randomUUID() },
      { side: 'PORTAL', id: 'x' },
    ]) {
      expect(await find(variables)).toBeNull();
    }
  });
});

type Page = {
  edges: { node: { name: string } }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
};

describe('registerServiceKey', () => {
  it.each(['EdDSA', 'ES256', 'RS256'] as const)(
    'takes a public key for %s under its thumbprint',
    async (algorithm) => {
      const key = await createTestKey(algorithm);
      const { data: account } = await create();
      const jwk = { ...key.jwk, kid: 'their name', use: 'sig', alg: algorithm, key_ops: ['verify'] };
      const { data } = await register({ serviceAccount: account.id, jwk });
      expect(data.credentials).toEqual([
        {
          id: expect.any(String),
          kind: 'KEY',
          kid: key.kid,
          jwksUrl: null,
          createdBy: { id: admin.id },
          createdAt: expect.any(String),
          revokedAt: null,
        },
      ]);
      const [stored] = await auth.database.query(
        'select public_jwk as jwk from auth.portal_service_credential where account_id = $1',
        [account.id],
      );
      expect(stored.jwk).toEqual(key.jwk);
      expect((await events(account.id)).at(-1)).toMatchObject({
        kind: 'auth.service.credential_added',
        details: { kind: 'key', credential: data.credentials[0].id, reason: 'A test.' },
      });
    },
  );

  it.each([
    ['a private key', () => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })],
    [
      'a private RSA key',
      () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
    ],
    ['a shared secret', () => ({ kty: 'oct', k: 'AAAA' })],
    ['a key with a private member of another type', () => ({ ...publicJwk(), d: 'AAAA' })],
    [
      'RSA with 1024 bits',
      () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }),
    ],
    [
      'RSA with the exponent 3',
      () =>
        generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export({
          format: 'jwk',
        }),
    ],
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })],
    ['X25519', () => generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })],
    [
      'a point that is not on the curve',
      () => ({ kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }),
    ],
    ['a short key', () => ({ kty: 'OKP', crv: 'Ed25519', x: 'AAAA' })],
    ['a key for encryption', () => ({ ...publicJwk(), use: 'enc' })],
    ['a key that signs', () => ({ ...publicJwk(), key_ops: ['sign'] })],
    ['a key for another algorithm', () => ({ ...publicJwk(), alg: 'ES256' })],
    ['nothing', () => ({})],
  ])('refuses %s', async (_title, make) => {
    const { data: account } = await create();
    expect((await register({ serviceAccount: account.id, jwk: make() })).reason).toBe('input.jwk');
  });
  const publicJwk = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });

  it('takes a key for an account once, also after it was revoked', async () => {
    const own = await addService();
    const again = () => register({ serviceAccount: own.id, jwk: own.key.jwk });
    expect((await again()).reason).toBe('input.jwk');
    await revokeKey({ credential: own.credential });
    expect((await again()).reason).toBe('input.jwk');
  });

  it.each([
    'http://partner.example/jwks.json',
    'https://user:pass@partner.example/jwks.json',
    'https://partner.example/jwks.json#x',
    'https://127.0.0.1/jwks.json',
    'https://[::1]/jwks.json',
    'https://localhost/jwks.json',
    'https://10.2.0.1/jwks.json',
    'https://169.254.169.254/latest/meta-data',
    'https://2130706433/jwks.json',
    'https://[::ffff:10.2.0.1]/jwks.json',
    'file:///etc/passwd',
    'partner.example',
    `https://partner.example/${'x'.repeat(2000)}`,
  ])('refuses the URL %s', async (jwksUrl) => {
    const { data: account } = await create();
    expect((await register({ serviceAccount: account.id, jwksUrl })).reason).toBe('input.jwksUrl');
  });

  it('takes the URL of a key set, also in a network that is listed', async () => {
    for (const jwksUrl of ['https://partner.example/jwks.json', 'https://10.1.2.3/jwks.json']) {
      const { data: account } = await create();
      const { data } = await register({ serviceAccount: account.id, jwksUrl });
      expect(data.credentials[0]).toMatchObject({ kind: 'KEY_SET', kid: null, jwksUrl });
    }
  });

  it('takes one of both, ten at a time, and none for an account that is closed', async () => {
    const own = await addService();
    const jwksUrl = 'https://partner.example/jwks.json';
    expect((await register({ serviceAccount: own.id })).reason).toBe('input.jwk');
    expect((await register({ serviceAccount: own.id, jwksUrl, jwk: own.key.jwk })).reason).toBe(
      'input.jwksUrl',
    );
    for (let count = 1; count < 10; count += 1) {
      const { jwk } = await createTestKey();
      expect((await register({ serviceAccount: own.id, jwk })).data).toBeTruthy();
    }
    expect((await register({ serviceAccount: own.id, jwksUrl })).reason).toBe('input.serviceAccount');
    await deactivate({ serviceAccount: own.id });
    expect((await register({ serviceAccount: own.id, jwksUrl })).reason).toBe('input.serviceAccount');
    expect((await register({ serviceAccount: randomUUID(), jwksUrl })).reason).toBe('input.serviceAccount');
  });
});

describe('createServiceSecret', () => {
  it('shows a secret once, and stores what nobody can sign in by', async () => {
    const { data: account } = await create();
    const { data } = await makeSecret({ serviceAccount: account.id });
    const { secret, serviceAccount } = data;
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(serviceAccount.credentials).toMatchObject([{ kind: 'SECRET', kid: null }]);
    const [stored] = await auth.database.query(
      'select to_jsonb(c)::text as row from auth.portal_service_credential c where account_id = $1',
      [account.id],
    );
    expect(stored.row).not.toContain(secret);
    const form = { grant_type: 'client_credentials' };
    const basic = (id: string, text: string) => `Basic ${Buffer.from(`${id}:${text}`).toString('base64')}`;
    const byHeader = await post('portal', 'token', form, { authorization: basic(account.id, secret) });
    expect(byHeader.status).toBe(200);
    const inForm = { ...form, client_id: account.id, client_secret: secret };
    expect((await post('portal', 'token', inForm)).status).toBe(200);
    for (const authorization of [
      basic(account.id, `${secret}x`),
      basic(randomUUID(), secret),
      basic('x', secret),
      basic((await addService()).id, secret),
      'Basic !',
      `Bearer ${secret}`,
    ]) {
      const { status, body } = await post('portal', 'token', form, { authorization });
      expect([status, body.error]).toEqual([401, 'invalid_client']);
    }
    const both = await post('portal', 'token', inForm, { authorization: basic(account.id, secret) });
    expect([both.status, both.body.error]).toEqual([400, 'invalid_request']);
    await revokeKey({ credential: serviceAccount.credentials[0].id });
    await expect
      .poll(async () => (await post('portal', 'token', inForm)).status, { timeout: 2000 })
      .toBe(401);
  });

  it('is not there unless it is turned on', async () => {
    const closed = await startTestAuth();
    const staff = await addStaffMember(closed.database, {
      tenantId: closed.tenants.demo,
      role: 'super_admin',
    });
    const { accessToken } = await closed.signIn('portalLogin', staff);
    const { body } = await closed.ask(
      `mutation { createServiceSecret(input: { side: PORTAL, serviceAccount: "${randomUUID()}", reason: "x" }) { secret } }`,
      {},
      { token: accessToken },
    );
    await closed.stop();
    expect(body.errors?.[0]?.extensions.reason).toBe('authz.permission.deny');
  });
});

describe('revokeServiceKey and deactivateServiceAccount', () => {
  it.each(['user', 'portal'] as const)('end tokens by the revocation feed, once (%s)', async (platform) => {
    const own = await addService(platform);
    const { data } = await revokeKey({ side: platform.toUpperCase(), credential: own.credential });
    expect(data.credentials[0].revokedAt).not.toBeNull();
    expect(await revocations(own.credential)).toEqual([platform]);
    await revokeKey({ side: platform.toUpperCase(), credential: own.credential });
    expect(await revocations(own.credential)).toHaveLength(1);
    const kinds = (await events(own.id)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'auth.service.credential_revoked')).toHaveLength(1);
  });

  it('end one key and leave the others, or all at once and for good', async () => {
    const own = await addService();
    const second = await createTestKey();
    const { data } = await register({ serviceAccount: own.id, jwk: second.jwk });
    const credential = data.credentials[1].id;
    await revokeKey({ credential: own.credential });
    await expect.poll(async () => (await requestToken(own)).status, { timeout: 2000 }).toBe(401);
    const other = { ...own, key: second, credential };
    expect((await requestToken(other)).status).toBe(200);
    const { data: closed } = await deactivate({ serviceAccount: own.id });
    expect(closed.isActive).toBe(false);
    expect(await revocations(credential)).toEqual(['portal']);
    await expect.poll(async () => (await requestToken(other)).status, { timeout: 2000 }).toBe(401);
    await deactivate({ serviceAccount: own.id });
    const kinds = (await events(own.id)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'auth.service.deactivated')).toHaveLength(1);
  });

  it('leave no token behind that was asked for while they ran', async () => {
    for (let round = 0; round < 5; round += 1) {
      const own = await addService();
      const assertions = await Promise.all(Array.from({ length: 20 }, () => assert(own)));
      const asked = assertions.map((client_assertion) => requestToken(own, { client_assertion }));
      await revokeKey({ credential: own.credential });
      const issued = (await Promise.all(asked)).filter(({ status }) => status === 200);
      // Each names the credential, which is in the feed from the answer on.
      expect(await revocations(own.credential)).toEqual(['portal']);
      for (const { body } of issued) {
        const [, claims = ''] = String(body.access_token).split('.');
        expect(JSON.parse(Buffer.from(claims, 'base64url').toString()).sid).toBe(own.credential);
      }
    }
  });
});
