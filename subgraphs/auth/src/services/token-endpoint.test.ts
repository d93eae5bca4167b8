import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addStaffMember } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { issuerUrl } from '../testing/config.test-support.ts';
import {
  assertionType,
  createTestKey,
  serviceOperations,
  type TestService,
} from '../testing/services.test-support.ts';

let auth: TestAuth;
let staffToken: string;
const services = serviceOperations(
  () => auth,
  () => staffToken,
);
const { addService, assert, create, post, requestToken } = services;
let service: TestService;

beforeAll(async () => {
  auth = await startTestAuth();
  const admin = await addStaffMember(auth.database, { tenantId: auth.tenants.demo, role: 'super_admin' });
  staffToken = (await auth.signIn('portalLogin', admin)).accessToken;
  service = await addService('portal', { scopes: ['customers:read', 'notes:write'] });
});
afterAll(() => auth.stop());

let network = 0;
/** Of another network, so that failures in one test throttle no other. */
function stranger() {
  network += 1;
  return { address: `198.51.100.${network}` };
}
const seconds = () => Math.floor(Date.now() / 1000);
const failed = 'Client authentication failed.';

describe('the token endpoint', () => {
  it.each(['user', 'portal'] as const)('gives a service of %s a token of its own kind', async (platform) => {
    const own = await addService(platform);
    const { status, headers, body } = await requestToken(own);
    expect([status, headers]).toEqual([
      200,
      { 'content-type': 'application/json', 'cache-control': 'no-store' },
    ]);
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 600,
      scope: platform === 'user' ? 'profile:read' : 'customers:read',
    });
    const token = String(body.access_token);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', kid: expect.any(String), typ: 'at+jwt' });
    const { iat, exp, jti, ...claims } = decodeJwt(token);
    expect(claims).toEqual({
      iss: `${issuerUrl}/${platform}`,
      aud: `signet:${platform}`,
      platform,
      sub: own.id,
      client_id: own.id,
      sid: own.credential,
      tenant: auth.tenants.demo,
      scope: body.scope,
    });
    expect([Number(exp) - Number(iat), jti]).toEqual([600, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  it.each(['EdDSA', 'ES256', 'RS256'] as const)('takes an assertion by a key for %s', async (algorithm) => {
    const own = await addService('portal', {}, await createTestKey(algorithm));
    expect((await requestToken(own)).status).toBe(200);
  });

  it('takes EdDSA under its other name too, and each typ of an assertion', async () => {
    for (const header of [{ alg: 'Ed25519' }, { typ: 'JWT' }, { typ: 'client-authentication+jwt' }]) {
      const client_assertion = await assert(service, {}, header);
      expect((await requestToken(service, { client_assertion })).status).toBe(200);
    }
  });

  it('gives the scopes that are asked for, and no more than the account has', async () => {
    expect((await requestToken(service)).body.scope).toBe('customers:read notes:write');
    expect((await requestToken(service, { scope: 'notes:write' })).body.scope).toBe('notes:write');
    for (const scope of ['staff:write', 'notes:write staff:write', 'notes:write  customers:read', ' ']) {
      const { status, body } = await requestToken(service, { scope });
      expect([scope, status, body.error]).toEqual([scope, 400, 'invalid_scope']);
    }
  });

  it('ends a token with its account', async () => {
    const own = await addService('portal', { expiresAt: new Date(Date.now() + 120_000).toISOString() });
    const { body } = await requestToken(own);
    expect(body.expires_in).toBeLessThanOrEqual(120);
    await auth.database.query(
      `update auth.portal_service_account set expires_at = now() - interval '1 second' where id = $1`,
      [own.id],
    );
    await expect.poll(async () => (await requestToken(own)).status, { timeout: 3000 }).toBe(401);
  });

  it('is for the networks of the account alone', async () => {
    const own = await addService('portal', { networks: ['203.0.113.0/24', '2001:db8::/48'] });
    for (const address of ['203.0.113.7', '2001:db8::7', '::ffff:203.0.113.9']) {
      expect([address, (await requestToken(own, {}, { address })).status]).toEqual([address, 200]);
    }
    for (const address of ['203.0.114.7', '2001:db8:1::7', '::ffff:203.0.114.9']) {
      const { status, body } = await requestToken(own, {}, { address });
      expect([address, status, body.error]).toEqual([address, 400, 'unauthorized_client']);
    }
  });

  it('is for the tenant of the account, whichever the request names', async () => {
    expect((await requestToken(service, {}, { tenant: 'demo' })).status).toBe(200);
    for (const tenant of ['globex', 'nobody']) {
      const { status, body } = await requestToken(service, {}, { tenant });
      expect([tenant, status, body.error]).toEqual([tenant, 401, 'invalid_client']);
    }
    const admin = await addStaffMember(auth.database, {
      tenantId: auth.tenants.globex,
      role: 'super_admin',
    });
    const { accessToken: token } = await auth.signIn('portalLogin', admin, { tenant: 'globex' });
    const theirs = await addService('portal', {}, undefined, { token });
    const { body } = await requestToken(theirs);
    expect(decodeJwt(String(body.access_token)).tenant).toBe(auth.tenants.globex);
  });

  it('writes the use of a credential into the audit log, and each kind of refusal', async () => {
    const own = await addService();
    await requestToken(own);
    await requestToken(own, {}, { tenant: 'globex' });
    const read = () =>
      auth.database.query(
        `select kind, details ->> 'reason' as reason, session_id from auth.audit_event where subject_id = $1 and kind like 'auth.service.%' order by kind, id`,
        [own.id],
      );
    await expect
      .poll(async () => (await read()).map(({ kind, reason }) => [kind, reason]), { timeout: 5000 })
      .toEqual([
        ['auth.service.created', 'A test.'],
        ['auth.service.credential_added', 'A test.'],
        ['auth.service.refused', 'tenant_mismatch'],
        ['auth.service.token_issued', null],
      ]);
    expect((await read())[3]).toMatchObject({ session_id: own.credential });
  });
});

describe('what the entrance records of a refusal', () => {
  const refusedBy = async (form: Record<string, string>, sender: object = stranger(), of = service) =>
    (await requestToken(of, form, sender)).refused;
  const tenantOf = () => auth.tenants.demo;

  it('names the client and its tenant where it has proved that it is itself, and why it was refused', async () => {
    const client = { id: service.id, tenantId: tenantOf() };
    expect(await refusedBy({ scope: 'staff:write' })).toEqual({ reason: 'oauth.scope', client });
    expect(await refusedBy({}, { tenant: 'globex' })).toEqual({ reason: 'oauth.tenant_mismatch', client });
    const own = await addService('portal', { networks: ['203.0.113.0/24'] });
    expect(await refusedBy({}, stranger(), own)).toEqual({
      reason: 'oauth.network',
      client: { ...client, id: own.id },
    });
    expect((await requestToken(service)).refused).toBeUndefined();
  });

  it('names the tenant alone of a client that has not: a stranger takes no share of its records', async () => {
    const other = await createTestKey();
    const forged = { ...service, key: { ...service.key, privateKey: other.privateKey } };
    const tenantId = tenantOf();
    expect(await refusedBy({ client_assertion: await assert(forged) })).toEqual({
      reason: 'oauth.invalid_signature',
      tenantId,
    });
    const unknownKey = await assert({ ...service, key: other });
    expect(await refusedBy({ client_assertion: unknownKey })).toEqual({
      reason: 'oauth.unknown_key',
      tenantId,
    });
    const nobody = await assert({ ...service, id: randomUUID() });
    expect(await refusedBy({ client_assertion: nobody })).toEqual({ reason: 'oauth.unknown_client' });
    const client_assertion = await assert(service);
    await requestToken(service, { client_assertion });
    expect(await refusedBy({ client_assertion })).toEqual({ reason: 'oauth.replay', tenantId });
  });

  it('says which faults of a form are whose', async () => {
    expect(await refusedBy({ grant_type: 'password' })).toEqual({ reason: 'oauth.grant_type' });
    expect(await refusedBy({ client_id: randomUUID() })).toEqual({ reason: 'oauth.request' });
    expect(await refusedBy({ client_assertion: 'no JWT' })).toEqual({ reason: 'oauth.assertion' });
    const none = { client_assertion: '', client_assertion_type: '' };
    expect(await refusedBy(none)).toEqual({ reason: 'oauth.method' });
  });
});

describe('a client assertion', () => {
  it('works once, also where 200 come at the same time', async () => {
    const client_assertion = await assert(service);
    // Its network is closed to newcomers after that.
    const where = stranger();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => requestToken(service, { client_assertion }, where)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const lost = answers.filter(({ status }) => status !== 200);
    expect(new Set(lost.map(({ body }) => body.error_description))).toEqual(
      new Set(['This assertion was used already.']),
    );
    expect((await requestToken(service, { client_assertion }, where)).status).toBe(401);
  });

  it('that somebody captured takes none of the turns of its client, and is throttled where it comes from', async () => {
    const own = await addService();
    const client_assertion = await assert(own);
    expect((await requestToken(own, { client_assertion })).status).toBe(200);
    const where = stranger();
    const replay = () => requestToken(own, { client_assertion }, where);
    for (let round = 0; round < 7; round += 1) await Promise.all(Array.from({ length: 10 }, replay));
    expect((await replay()).status).toBe(429);
    expect((await requestToken(own)).status).toBe(200);
  });

  it("of one client uses up nothing of another's", async () => {
    const jti = randomUUID();
    const other = await addService();
    for (const own of [service, other]) {
      const client_assertion = await assert(own, { jti });
      expect((await requestToken(own, { client_assertion })).status).toBe(200);
    }
  });

  const wrongClaims: [string, () => JWTPayload | Record<string, unknown>][] = [
    ['another issuer of ours', () => ({ aud: `${issuerUrl}/user` })],
    ['the token endpoint as its audience', () => ({ aud: `${issuerUrl}/oauth/portal/token` })],
    ['a list as its audience', () => ({ aud: [`${issuerUrl}/portal`] })],
    ['two audiences', () => ({ aud: [`${issuerUrl}/portal`, 'https://other.example'] })],
    ['the audience of access tokens', () => ({ aud: 'signet:portal' })],
    ['a slash too many', () => ({ aud: `${issuerUrl}/portal/` })],
    ['no audience', () => ({ aud: undefined })],
    ['another issuer than subject', () => ({ iss: randomUUID() })],
    ['no issuer', () => ({ iss: undefined })],
    ['a subject that is no id', () => ({ iss: 'x', sub: 'x' })],
    ['no jti', () => ({ jti: undefined })],
    ['an empty jti', () => ({ jti: '' })],
    ['a jti that is a number', () => ({ jti: 7 })],
    ['a long jti', () => ({ jti: 'x'.repeat(201) })],
    ['no end', () => ({ exp: undefined })],
    ['an end that is past', () => ({ exp: seconds() - 31 })],
    ['an end that is too far', () => ({ exp: seconds() + 332 })],
    ['an end that is a text', () => ({ exp: String(seconds() + 60) })],
    ['a beginning that is to come', () => ({ nbf: seconds() + 60 })],
    ['a making that is to come', () => ({ iat: seconds() + 60 })],
  ];
  it.each(wrongClaims)('with %s is refused, and says why', async (_title, claims) => {
    const client_assertion = await assert(service, claims() as JWTPayload);
    const { status, body } = await requestToken(service, { client_assertion }, stranger());
    expect([status, body.error]).toEqual([401, 'invalid_client']);
    expect(body.error_description).not.toBe(failed);
  });

  it.each([
    ['of an access token', { typ: 'at+jwt' }],
    ['that nobody knows', { typ: 'secevent+jwt' }],
    ['that is no text', { typ: 7 }],
  ])('with a typ %s is refused', async (_title, header) => {
    const client_assertion = await assert(service, {}, header);
    expect((await requestToken(service, { client_assertion }, stranger())).status).toBe(401);
  });

  it('without a kid, or with critical headers, is refused', async () => {
    for (const header of [{ kid: undefined }, { kid: 7 }, { b64: true, crit: ['b64'] }]) {
      const client_assertion = await assert(service, {}, header as never).catch(() => '');
      expect((await requestToken(service, { client_assertion }, stranger())).status).toBeGreaterThanOrEqual(
        400,
      );
    }
  });

  it('under no algorithm, or under one of shared secrets, is refused', async () => {
    const [, claims = ''] = (await assert(service)).split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { kid } = service.key;
    const none = `${encode({ alg: 'none', kid })}.${claims}.`;
    const shared = await new SignJWT(decodeJwt(`${encode({})}.${claims}.x`))
      .setProtectedHeader({ alg: 'HS256', kid })
      .sign(Buffer.from(JSON.stringify(service.key.jwk)));
    for (const client_assertion of [none, `${none}AA`, shared]) {
      const { status } = await requestToken(service, { client_assertion }, stranger());
      expect(status).toBe(401);
    }
  });

  it('whose signature is written in another way is refused', async () => {
    const assertion = await assert(service);
    const last = assertion.at(-1) as string;
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const client_assertion = assertion.slice(0, -1) + letters[letters.indexOf(last) ^ 1];
    expect((await requestToken(service, { client_assertion }, stranger())).status).toBe(401);
    expect((await requestToken(service, { client_assertion: assertion })).status).toBe(200);
  });
});

describe('a client that is not itself', () => {
  const strangers: [string, () => Promise<{ platform?: 'user'; client_assertion: string }>][] = [
    [
      'signs with another key under the kid',
      async () => ({
        client_assertion: await assert({
          ...service,
          key: { ...service.key, privateKey: generateKeyPairSync('ed25519').privateKey },
        }),
      }),
    ],
    [
      'names a key that it does not have',
      async () => ({ client_assertion: await assert({ ...service, key: await createTestKey() }) }),
    ],
    ['names another algorithm than that of the key', () => withOtherAlgorithm()],
    ['does not exist', async () => ({ client_assertion: await assert({ ...service, id: randomUUID() }) })],
    [
      'is of the other platform',
      async () => {
        const own = await addService('user');
        return { client_assertion: await assert({ ...own, platform: 'portal' }) };
      },
    ],
    [
      'uses the key of another client',
      async () => {
        const other = await addService();
        return { client_assertion: await assert({ ...service, key: other.key }) };
      },
    ],
    [
      'uses a key that was revoked',
      async () => {
        const own = await addService();
        await services.revokeKey({ credential: own.credential });
        return { client_assertion: await assert(own) };
      },
    ],
    [
      'was deactivated',
      async () => {
        const own = await addService();
        await services.deactivate({ serviceAccount: own.id });
        return { client_assertion: await assert(own) };
      },
    ],
  ];

  async function withOtherAlgorithm() {
    const rsa = await createTestKey('RS256');
    return { client_assertion: await assert({ ...service, key: { ...rsa, kid: service.key.kid } }) };
  }

  it('gets one answer, byte for byte, whatever is wrong', async () => {
    const seen = new Set<string>();
    for (const [title, forge] of strangers) {
      const { client_assertion } = await forge();
      const { status, headers, body } = await requestToken(service, { client_assertion }, stranger());
      expect([title, status]).toEqual([title, 401]);
      seen.add(JSON.stringify([status, headers, body]));
    }
    expect([...seen]).toEqual([
      JSON.stringify([
        401,
        { 'content-type': 'application/json', 'cache-control': 'no-store' },
        { error: 'invalid_client', error_description: failed },
      ]),
    ]);
  });

  it('is answered after the same time, whether there is such a client or not', async () => {
    const known = {
      ...service,
      key: { ...service.key, privateKey: generateKeyPairSync('ed25519').privateKey },
    };
    const times: Record<string, number[]> = { known: [], unknown: [] };
    for (let round = 0; round < 12; round += 1) {
      for (const [name, own] of [
        ['known', known],
        ['unknown', { ...known, id: randomUUID() }],
      ] as const) {
        const client_assertion = await assert(own);
        const startedAt = performance.now();
        await requestToken(own, { client_assertion }, stranger());
        times[name]?.push(performance.now() - startedAt);
      }
    }
    const least = (list: number[] = []) => Math.min(...list);
    expect(least(times.known)).toBeGreaterThan(45);
    expect(Math.abs(least(times.known) - least(times.unknown))).toBeLessThan(10);
  });

  it('uses up no assertion of an honest client', async () => {
    const jti = randomUUID();
    const forged = await assert(
      { ...service, key: { ...service.key, privateKey: generateKeyPairSync('ed25519').privateKey } },
      { jti },
    );
    expect((await requestToken(service, { client_assertion: forged }, stranger())).status).toBe(401);
    const client_assertion = await assert(service, { jti });
    expect((await requestToken(service, { client_assertion })).status).toBe(200);
  });

  it('is throttled in its network, and closes the door to nobody who was there before', async () => {
    const { address } = stranger();
    expect((await requestToken(service, {}, { address })).status).toBe(200);
    const forged = {
      ...service,
      key: { ...service.key, privateKey: generateKeyPairSync('ed25519').privateKey },
    };
    const other = await addService();
    const flood = async (own: TestService) => {
      const client_assertion = await assert(own);
      return requestToken(own, { client_assertion }, { address });
    };
    const answers = await Promise.all(
      Array.from({ length: 80 }, () => flood({ ...forged, id: randomUUID() })),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    const later = await flood({ ...forged, id: randomUUID() });
    expect(statuses.has(401)).toBe(true);
    expect([later.status, later.body.error, later.headers['retry-after']]).toEqual([
      429,
      'temporarily_unavailable',
      '2',
    ]);
    expect((await requestToken(service, {}, { address })).status).toBe(200);
    expect((await requestToken(other, {}, { address })).status).toBe(429);
    expect((await requestToken(other)).status).toBe(200);
  });
});

describe('a request that is none', () => {
  it.each([
    ['without a grant', { grant_type: '' }, 400, 'invalid_request'],
    ['with another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    [
      'with a refresh token',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      400,
      'unsupported_grant_type',
    ],
    ['with another type of assertion', { client_assertion_type: 'urn:x' }, 400, 'invalid_request'],
    ['without an assertion', { client_assertion: '' }, 400, 'invalid_request'],
    ['with another client id', { client_id: randomUUID() }, 400, 'invalid_request'],
    ['with two ways to authenticate', { client_secret: 'x' }, 400, 'invalid_request'],
    ['with no token for an assertion', { client_assertion: 'x.y' }, 401, 'invalid_client'],
    ['with a very long assertion', { client_assertion: 'x'.repeat(5000) }, 401, 'invalid_client'],
  ])('%s is refused', async (_title, form, status, error) => {
    const answer = await requestToken(service, form as Record<string, string>, stranger());
    expect([answer.status, answer.body.error]).toEqual([status, error]);
  });

  it('takes the id of the client beside its assertion', async () => {
    expect((await requestToken(service, { client_id: service.id })).status).toBe(200);
  });

  it('that says something twice is refused', async () => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: assertionType,
      client_assertion: await assert(service),
    });
    for (const name of ['grant_type', 'client_assertion', 'scope']) {
      const { status, body } = await post('portal', 'token', `${form}&scope=&${name}=customers%3Aread`);
      expect([name, status, body.error]).toEqual([name, 400, 'invalid_request']);
    }
  });

  it('knows no secrets where they are not turned on', async () => {
    const { data } = await create();
    // One that was made while they were.
    await auth.database.query(
      `insert into auth.portal_service_credential (tenant_id, account_id, kind, secret_hash, created_by)
       select tenant_id, id, 'secret', sha256('x'), created_by from auth.portal_service_account where id = $1`,
      [data.id],
    );
    for (const sender of [
      { form: { client_id: data.id, client_secret: 'x' }, authorization: undefined },
      { form: {}, authorization: `Basic ${Buffer.from(`${data.id}:x`).toString('base64')}` },
    ]) {
      const { form, authorization } = sender;
      const { status, body } = await post(
        'portal',
        'token',
        { grant_type: 'client_credentials', ...form } as Record<string, string>,
        authorization === undefined ? {} : { authorization },
      );
      expect([status, body.error]).toEqual([401, 'invalid_client']);
    }
  });
});
