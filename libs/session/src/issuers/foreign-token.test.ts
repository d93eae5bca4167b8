import { createHmac } from 'node:crypto';
import { type CryptoKey, exportSPKI, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nothingRevoked } from '../revocations/revocation-set.ts';
import { createVerifier, type Verifier } from '../verifier.ts';
import {
  createForeignVerifier,
  createSigningKey,
  createTestLogger,
  nowSeconds,
  outcomeOf,
  type SigningKey,
  serveKeys,
  signToken,
  type TestServer,
} from './foreign-issuer.test-support.ts';

const userIssuer = 'https://users.example/';
const staffIssuer = 'https://staff.example/';
let userKey: SigningKey;
let staffKey: SigningKey;
let servers: TestServer[];
let verifier: Verifier;
const { logger, lines } = createTestLogger();

const entries = () => [
  {
    issuer: userIssuer,
    platform: 'user',
    audience: ['https://api.example', 'https://api.example/v2'],
    jwks: `${servers[0]?.url}/keys`,
    claims: {
      scopes: ['scope', 'permissions', 'realm_access.roles', 'https://example.com/roles'],
      policies: ['policies', 'scope'],
      tenant: 'org',
    },
  },
  {
    issuer: staffIssuer,
    platform: 'portal',
    audience: 'https://staff-api.example',
    jwks: `${servers[1]?.url}/keys`,
    claims: { role: 'role' },
  },
];

beforeAll(async () => {
  [userKey, staffKey] = await Promise.all([createSigningKey('user'), createSigningKey('staff', 'ES256')]);
  servers = await Promise.all([serveKeys(userKey), serveKeys(staffKey)]);
  verifier = await createForeignVerifier(entries(), { logger });
});
afterAll(() => Promise.all(servers.map((server) => server.close())));

const claims = () => ({
  iss: userIssuer,
  aud: 'https://api.example',
  sub: 'u1',
  org: 'acme',
  scope: 'a b',
  iat: nowSeconds(),
  exp: nowSeconds() + 600,
});
const staffClaims = () => ({
  ...claims(),
  iss: staffIssuer,
  aud: 'https://staff-api.example',
  role: 'support',
});

type Change = { claims?: Record<string, unknown>; header?: Record<string, unknown>; key?: SigningKey };

/** A good token of a customer but for what is said. */
async function tryToken({ claims: changes = {}, header = {}, key = userKey }: Change): Promise<string> {
  return outcomeOf(
    verifier,
    await signToken(key, { ...claims(), ...changes }, { typ: 'at+jwt', kid: userKey.kid, ...header }),
  );
}

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

test('accepts the token that all others here are made of', async () => {
  expect(await tryToken({})).toBe('session');
  expect(await outcomeOf(verifier, await signToken(staffKey, staffClaims(), { typ: 'at+jwt' }))).toBe(
    'session',
  );
});

describe('the two platforms', () => {
  test.each([
    [
      'the audiences of both',
      { aud: ['https://api.example', 'https://staff-api.example'] },
      'audience_mismatch',
    ],
    ['the other audience', { aud: 'https://staff-api.example' }, 'audience_mismatch'],
    ['the other platform', { platform: 'portal' }, 'issuer_mismatch'],
    ['a platform in a list', { platform: ['user'] }, 'issuer_mismatch'],
    ['its own platform', { platform: 'user' }, 'session'],
    [
      'one audience of ours and one of others',
      { aud: ['https://x.example', 'https://api.example/v2'] },
      'session',
    ],
  ])('a token with %s', async (_title, changes, outcome) => {
    expect(await tryToken({ claims: changes })).toBe(outcome);
  });

  test('no key of one issuer signs for the other, by its own kid or the other one', async () => {
    for (const kid of ['user', 'staff']) {
      const header = { typ: 'at+jwt', kid };
      const forStaff = await signToken(userKey, staffClaims(), header);
      const forUsers = await signToken(staffKey, claims(), header);
      expect(await outcomeOf(verifier, forStaff)).toMatch(/^(unknown_key|invalid_signature)$/);
      expect(await outcomeOf(verifier, forUsers)).toMatch(/^(unknown_key|invalid_signature)$/);
    }
  });

  test('an entrance of one platform refuses tokens of the other before it looks for a key', async () => {
    const [user] = verifier.issuers;
    const entrance = createVerifier({ issuers: user ? [user] : [], revocations: nothingRevoked });
    const before = servers[1]?.requests.length;
    expect(await outcomeOf(entrance, await signToken(staffKey, staffClaims(), { typ: 'at+jwt' }))).toBe(
      'issuer_mismatch',
    );
    expect(servers[1]?.requests.length).toBe(before);
  });
});

describe('forged tokens', () => {
  test.each(['none', 'None', '', 'HS256', 'RS384', 'PS256', 'ES256'])(
    'refuses the algorithm %j',
    async (alg) => {
      const input = `${encode({ alg, typ: 'at+jwt', kid: 'user' })}.${encode(claims())}`;
      expect(await outcomeOf(verifier, `${input}.AAAA`)).toBe('invalid_signature');
      expect(await outcomeOf(verifier, `${input}.`)).toBe('malformed');
    },
  );

  test('refuses a MAC made with the public key', async () => {
    const publicKey = (await importJWK(userKey.jwk, 'RS256')) as CryptoKey;
    for (const secret of [
      JSON.stringify(userKey.jwk),
      await exportSPKI(publicKey),
      userKey.jwk.n as string,
    ]) {
      const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'user' })}.${encode(claims())}`;
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      expect(await outcomeOf(verifier, `${input}.${mac}`)).toBe('invalid_signature');
    }
  });

  test('fetches no key that a token names or brings along', async () => {
    const evil = await createSigningKey('evil');
    const server = await serveKeys(evil);
    for (const header of [{ jku: server.url }, { x5u: server.url }, { jwk: evil.jwk }, { x5c: ['AAAA'] }]) {
      for (const kid of ['evil', 'user']) {
        expect(await tryToken({ key: evil, header: { ...header, kid } })).toMatch(
          /^(unknown_key|invalid_signature)$/,
        );
      }
    }
    expect(server.requests).toEqual([]);
    await server.close();
  });

  test.each([
    [
      'a claim',
      `{"iss":"${userIssuer}","aud":"https://api.example","sub":"u1","org":"a","exp":9999999999,"sub":"u2"}`,
    ],
    [
      'a claim in another',
      `{"iss":"${userIssuer}","aud":"https://api.example","sub":"u1","exp":9999999999,"r":[{"a":1,"\\u0061":2}]}`,
    ],
    [
      'a claim behind much space',
      `{"iss":"${userIssuer}","sub":"u1","exp":9999999999,"sub"${' '.repeat(40)}:"u2"}`,
    ],
  ])('refuses %s that stands twice, though it is signed', async (_title, text) => {
    const header = encode({ alg: 'RS256', typ: 'at+jwt', kid: 'user' });
    expect(await outcomeOf(verifier, await signText(header, text))).toBe('malformed');
    const once = `{"iss":"${userIssuer}","aud":"https://api.example","sub":"u1","org":"a","exp":9999999999,"x":{"sub":"u2"}}`;
    expect(await outcomeOf(verifier, await signText(header, once))).toBe('session');
    const twice = encode('{"alg":"RS256","typ":"JWT","kid":"user","typ":"at+jwt"}');
    expect(await outcomeOf(verifier, await signText(twice, once))).toBe('malformed');
  });

  test('refuses a token that never expires', async () => {
    const header = encode({ alg: 'RS256', typ: 'at+jwt', kid: 'user' });
    const text = `{"iss":"${userIssuer}","aud":"https://api.example","sub":"u1","org":"a","exp":1e999}`;
    expect(await outcomeOf(verifier, await signText(header, text))).toBe('malformed');
  });

  async function signText(header: string, text: string): Promise<string> {
    const input = `${header}.${encode(text)}`;
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', userKey.privateKey, Buffer.from(input));
    return `${input}.${Buffer.from(signature).toString('base64url')}`;
  }

  test.each([
    [{ iss: 'https://users.example' }, 'issuer_mismatch'],
    [{ iss: [userIssuer] }, 'issuer_mismatch'],
    [{ exp: undefined }, 'malformed'],
    [{ exp: nowSeconds() - 60 }, 'expired'],
    [{ exp: '9999999999' }, 'malformed'],
    [{ iat: nowSeconds() + 600 }, 'not_yet_valid'],
    [{ nbf: nowSeconds() + 600 }, 'not_yet_valid'],
    [{ aud: undefined }, 'audience_mismatch'],
    [{ aud: { 0: 'https://api.example' } }, 'audience_mismatch'],
    [{ cnf: { jkt: 'x' } }, 'wrong_type'],
    [{ at_hash: 'x' }, 'wrong_type'],
    [{ events: {} }, 'wrong_type'],
    [{ token_use: 'id' }, 'wrong_type'],
    [{ token_use: 7 }, 'wrong_type'],
  ])('refuses the claims %j: %s', async (changes, outcome) => {
    expect(await tryToken({ claims: changes })).toBe(outcome);
  });

  test.each(['JWT', undefined, 'rt+jwt', 'logout+jwt', 7])('refuses the type %j', async (typ) => {
    expect(await tryToken({ header: { typ } })).toBe('wrong_type');
  });
});

describe('claims that do not fit', () => {
  test.each([
    ['claims.subject', { sub: 7 }, 'a number'],
    ['claims.subject', { sub: { id: 'u1' } }, 'an object'],
    ['claims.subject', { sub: undefined }, 'nothing'],
    ['claims.subject', { sub: 'u1\n' }, 'another text'],
    ['claims.subject', { sub: 'x'.repeat(256) }, 'another text'],
    ['claims.scopes', { scope: 7 }, 'a number'],
    ['claims.scopes', { scope: { a: true } }, 'an object'],
    ['claims.scopes', { permissions: ['a', 7] }, 'a number in the list'],
    ['claims.scopes', { permissions: [['a']] }, 'a list in the list'],
    ['claims.scopes', { realm_access: { roles: { a: 1 } } }, 'an object'],
    ['claims.scopes', { permissions: null }, 'null'],
    ['claims.policies', { policies: 7 }, 'a number'],
    ['claims.tenant', { org: 7 }, 'a number'],
    ['claims.tenant', { org: undefined }, 'nothing'],
    ['claims.email', { email: ['a@example.com'] }, 'a list'],
    ['claims.session', { sid: 7 }, 'a number'],
    ['auth_time', { auth_time: '1' }, 'a text'],
  ])('%s: refuses %j and names the field in the log', async (field, changes, kind) => {
    lines.length = 0;
    const fresh = await createForeignVerifier(entries(), { logger });
    const token = await signToken(userKey, { ...claims(), ...changes }, { typ: 'at+jwt' });
    expect(await outcomeOf(fresh, token)).toBe('malformed');
    expect(lines.map(({ fields }) => fields)).toEqual([
      { field: `issuers[0].${field}`, fault: expect.stringContaining(`a token has ${kind}`) },
    ]);
    // A flood of such tokens is one line a minute.
    await outcomeOf(fresh, await signToken(userKey, { ...claims(), ...changes, x: 1 }, { typ: 'at+jwt' }));
    expect(lines).toHaveLength(1);
  });

  test('refuses a role that is a list, unless the entry says which of several counts', async () => {
    const token = await signToken(
      staffKey,
      { ...staffClaims(), role: ['x', 'helpers', 'bosses'] },
      { typ: 'at+jwt' },
    );
    expect(await outcomeOf(verifier, token)).toBe('malformed');
    const role = { from: 'role', values: { bosses: 'super_admin', helpers: 'support' } };
    const [user, staff] = entries();
    const ranked = await createForeignVerifier([user, { ...staff, claims: { role } }]);
    expect(await ranked.verify(token)).toMatchObject({
      session: { platform: 'portal', role: 'super_admin' },
    });
  });
});

test('joins scopes of all places, splits scope and nothing else, and never half a name', async () => {
  const token = await signToken(
    userKey,
    {
      ...claims(),
      scope: 'read  write',
      permissions: 'notes admin',
      realm_access: { roles: ['super admin'] },
      'https://example.com/roles': ['editor'],
    },
    { typ: 'at+jwt' },
  );
  expect(await verifier.verify(token)).toMatchObject({
    session: { scopes: new Set(['read', 'write', 'notes admin', 'super admin', 'editor']), tenantId: 'acme' },
  });
});

test('policies are names as they stand, never split, and none without a claim', async () => {
  const policiesOf = async (changes: Record<string, unknown>, key = userKey) => {
    const token = await signToken(key, { ...claims(), ...changes }, { typ: 'at+jwt' });
    const outcome = await verifier.verify(token);
    return 'session' in outcome ? outcome.session.policies : outcome;
  };
  expect(await policiesOf({ scope: 'a b', policies: ['order owner', 'one'] })).toEqual(
    new Set(['order owner', 'one', 'a b']),
  );
  expect(await policiesOf({})).toEqual(new Set(['a b']));
  expect(await policiesOf(staffClaims(), staffKey)).toBe(undefined);
});

test('a verified address is the one that email_verified speaks of', async () => {
  const email = { email: 'a@example.com', upn: 'root@example.com', email_verified: true };
  const token = await signToken(userKey, { ...claims(), ...email }, { typ: 'at+jwt' });
  expect(await verifier.verify(token)).toMatchObject({
    session: { email: 'a@example.com', emailVerified: true },
  });
  const [user, staff] = entries();
  const other = await createForeignVerifier([{ ...user, claims: { ...user?.claims, email: 'upn' } }, staff]);
  expect(await other.verify(token)).toMatchObject({
    session: { email: 'root@example.com', emailVerified: false },
  });
});

test('derived ids are UUIDs of version 8: the same each time, others for each issuer', async () => {
  const derive = (list: unknown[]) =>
    createForeignVerifier(list.map((one) => ({ ...(one as object), ids: 'derived' })));
  const second = { ...entries()[0], issuer: 'https://more-users.example/' };
  const [first, again] = [await derive([...entries(), second]), await derive(entries())];
  // Of one second, so that sessions are equal.
  const given = claims();
  const idOf = async (by: Verifier, iss: string, sid = 's') => {
    const verification = await by.verify(await signToken(userKey, { ...given, iss, sid }, { typ: 'at+jwt' }));
    return verification.kind === 'session' ? verification.session : undefined;
  };
  const session = await idOf(first, userIssuer);
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(session).toMatchObject({
    userId: expect.stringMatching(uuid),
    sessionId: expect.stringMatching(uuid),
  });
  expect(await idOf(again, userIssuer)).toEqual(session);
  const other = await idOf(first, 'https://more-users.example/');
  expect(other).toMatchObject({ userId: expect.stringMatching(uuid) });
  expect(other).not.toMatchObject({ userId: (session as { userId: string }).userId });
});
