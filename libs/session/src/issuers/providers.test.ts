import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Session } from '../session.ts';
import {
  createForeignVerifier,
  createSigningKey,
  nowSeconds,
  outcomeOf,
  type SigningKey,
  serveKeys,
  signToken,
  type TestServer,
} from './foreign-issuer.test-support.ts';
import { findIssuerListFaults } from './issuer-list-faults.ts';
import { type IssuerEntry, issuersSchema } from './issuers-schema.ts';

/*
 * The examples of docs/issuers.md, each tried with tokens shaped like those of its provider (their documentation, 2026-11).
 */

type Entry = Record<string, unknown> & { issuer: string };
const page = readFileSync(join(import.meta.dirname, '../../../../docs/issuers.md'), 'utf8');
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, text = '']) => (parse(text) as { issuers: Entry[] }).issuers,
);
const exampleOf = (part: string): Entry =>
  examples.flat().find(({ issuer }) => issuer.includes(part)) as Entry;

let key: SigningKey;
let otherKey: SigningKey;
let server: TestServer;

beforeAll(async () => {
  // The sets of Entra have no `alg`; Cognito's kids are base64.
  [key, otherKey] = await Promise.all([
    createSigningKey('bXkta2V5+/42=', 'RS256', false),
    createSigningKey('other', 'RS256'),
  ]);
  server = await serveKeys(key);
});
afterAll(() => server.close());

test.each(examples.map((entries) => [entries[0]?.issuer, entries] as const))(
  'the example of %s is valid, also in production where it says how tokens end',
  (_issuer, entries) => {
    const parsed = issuersSchema.parse(entries);
    const faults = findIssuerListFaults(parsed, { isProduction: entries[0]?.revocations !== undefined });
    expect(faults).toEqual([]);
  },
);

/** An example that takes its keys from this test. */
function configure(part: string, changes: Record<string, unknown> = {}): Entry {
  const { discovery: _, ...entry } = exampleOf(part);
  return { ...entry, jwks: `${server.url}/keys`, ...changes };
}

async function sessionOf(entry: Entry, token: Promise<string>): Promise<Session | string> {
  const verification = await (await createForeignVerifier([entry])).verify(await token);
  return verification.kind === 'session' ? verification.session : JSON.stringify(verification);
}

async function refusalOf(entry: Entry, token: Promise<string>): Promise<string> {
  return outcomeOf(await createForeignVerifier([entry]), await token);
}

const times = () => ({ iat: nowSeconds(), exp: nowSeconds() + 3600 });
const tid = '11111111-2222-3333-4444-555555555555';
const sign = (claims: Record<string, unknown>, header: Record<string, unknown> = { typ: 'JWT' }) =>
  signToken(key, claims, header);

describe('Auth0', () => {
  const entry = () => configure('auth0');
  const access = () => ({
    iss: 'https://example.eu.auth0.com/',
    sub: 'auth0|65f1c0ffee',
    aud: ['https://api.example.com', 'https://example.eu.auth0.com/userinfo'],
    ...times(),
    scope: 'openid profile orders:read',
    jti: 'b9Yf',
    client_id: 'kBd2Client',
    permissions: ['orders:write'],
    'https://example.com/roles': ['Support Desk'],
  });
  const id = () => ({
    iss: 'https://example.eu.auth0.com/',
    sub: 'auth0|65f1c0ffee',
    aud: 'kBd2Client',
    ...times(),
    email: 'ada@example.com',
    email_verified: true,
    sid: 'abc',
    nonce: 'n',
  });

  test('gives the session of an access token of RFC 9068', async () => {
    expect(await sessionOf(entry(), sign(access(), { typ: 'at+jwt' }))).toEqual({
      platform: 'user',
      issuer: 'https://example.eu.auth0.com/',
      userId: 'auth0|65f1c0ffee',
      sessionId: undefined,
      tokenId: 'b9Yf',
      tenantId: undefined,
      email: undefined,
      emailVerified: false,
      scopes: new Set(['openid', 'profile', 'orders:read', 'orders:write', 'Support Desk']),
      authTime: undefined,
      amr: [],
      expiresAt: expect.any(Number),
    });
  });

  test('takes the usual profile where the entry says so, and its ID tokens nowhere', async () => {
    const usual = configure('auth0', { tokenTypes: ['JWT'], require: { scope: true } });
    expect(await sessionOf(usual, sign(access()))).toMatchObject({ userId: 'auth0|65f1c0ffee' });
    expect(await refusalOf(entry(), sign(access()))).toBe('wrong_type');
    expect(await refusalOf(entry(), sign(id()))).toBe('wrong_type');
    expect(await refusalOf(usual, sign(id()))).toBe('audience_mismatch');
    // Even with the client as audience, which docs/issuers.md warns of.
    expect(await refusalOf({ ...usual, audience: 'kBd2Client' }, sign(id()))).toBe('wrong_type');
  });
});

describe('Microsoft Entra ID', () => {
  const entry = () => configure('/v2.0');
  const access = () => ({
    aud: '99999999-8888-7777-6666-555555555555',
    iss: `https://login.microsoftonline.com/${tid}/v2.0`,
    ...times(),
    nbf: nowSeconds(),
    aio: 'AWQ=',
    azp: 'c1',
    azpacr: '1',
    name: 'Ada',
    oid: '7d6a3c5e-0000-4000-8000-000000000001',
    preferred_username: 'ada@example.com',
    rh: '0.A',
    scp: 'Notes.Read Notes.Write',
    roles: ['Staff.Support', 'Staff.Operations'],
    sub: 'pairwise-subject',
    tid,
    uti: 'u',
    ver: '2.0',
  });

  test('gives the session of staff, with the first role that the entry names', async () => {
    expect(await sessionOf(entry(), sign(access()))).toMatchObject({
      platform: 'portal',
      staffId: '7d6a3c5e-0000-4000-8000-000000000001',
      role: 'operations',
      email: 'ada@example.com',
      emailVerified: false,
      scopes: new Set(['Notes.Read', 'Notes.Write', 'Staff.Support', 'Staff.Operations']),
    });
    const { roles: _, ...without } = access();
    expect(await sessionOf(entry(), sign(without))).toMatchObject({ role: undefined });
  });

  test('refuses the ID token of the same client, and of an application without a person', async () => {
    const { scp: _, ...id } = access();
    expect(await refusalOf(entry(), sign({ ...id, nonce: 'n' }))).toBe('wrong_type');
    expect(await refusalOf(entry(), sign({ ...id, idtyp: 'app' }))).toBe('wrong_type');
  });

  test('refuses a token of another tenant, which the same key signed', async () => {
    const other = '99999999-0000-0000-0000-000000000000';
    const iss = `https://login.microsoftonline.com/${other}/v2.0`;
    expect(await refusalOf(entry(), sign({ ...access(), iss, tid: other }))).toBe('issuer_mismatch');
    expect(await refusalOf(entry(), sign({ ...access(), tid: other }))).toBe('wrong_type');
    expect(await refusalOf(entry(), sign({ ...access(), iss: iss.replace(other, '{tenantid}') }))).toBe(
      'issuer_mismatch',
    );
  });

  test('refuses an entry for all tenants', () => {
    const issuer = 'https://login.microsoftonline.com/{tenantid}/v2.0';
    const [parsed] = issuersSchema.parse([{ ...entry(), issuer }]) as [IssuerEntry];
    expect(findIssuerListFaults([parsed])).toEqual([
      { path: [0, 'issuer'], fault: expect.stringContaining('name one tenant') },
    ]);
  });

  test('gives the session of a token of version 1', async () => {
    const claims = {
      aud: 'api://99999999-8888-7777-6666-555555555555',
      iss: `https://sts.windows.net/${tid}/`,
      ...times(),
      nbf: nowSeconds(),
      acr: '1',
      amr: ['pwd', 'mfa'],
      appid: 'c1',
      appidacr: '0',
      oid: 'o1',
      scp: 'Notes.Read',
      sub: 's1',
      tid,
      unique_name: 'ada@example.com',
      upn: 'ada@example.com',
      uti: 'u',
      ver: '1.0',
    };
    expect(await sessionOf(configure('sts.windows'), sign(claims))).toMatchObject({
      staffId: 'o1',
      email: 'ada@example.com',
      role: undefined,
      scopes: new Set(['Notes.Read']),
    });
    expect(await refusalOf(entry(), sign(claims))).toBe('issuer_mismatch');
  });
});

describe('Keycloak', () => {
  const entry = () => configure('realms');
  const access = () => ({
    ...times(),
    auth_time: nowSeconds() - 60,
    jti: 'onrtac:1',
    iss: 'https://id.example.com/realms/customers',
    aud: ['api', 'account'],
    sub: '2d9c4f5e-0000-4000-8000-000000000002',
    typ: 'Bearer',
    azp: 'frontend',
    sid: 'a1b2',
    acr: '1',
    'allowed-origins': ['https://www.example.com'],
    realm_access: { roles: ['offline_access', 'customer'] },
    resource_access: { api: { roles: ['orders:write'] }, account: { roles: ['manage-account'] } },
    scope: 'openid email',
    email_verified: true,
    email: 'ada@example.com',
  });

  test('gives the session, with roles of the realm and of the API and of no other client', async () => {
    expect(await sessionOf(entry(), sign(access()))).toMatchObject({
      userId: '2d9c4f5e-0000-4000-8000-000000000002',
      sessionId: 'a1b2',
      email: 'ada@example.com',
      emailVerified: true,
      authTime: expect.any(Number),
      scopes: new Set(['openid', 'email', 'offline_access', 'customer', 'orders:write']),
    });
  });

  test.each(['ID', 'Refresh', 'Offline', 'Logout', undefined])('refuses a token of typ %s', async (typ) => {
    expect(await refusalOf(entry(), sign({ ...access(), typ }))).toBe('wrong_type');
    if (typ === undefined) return;
    // Without `require`, the kinds that are known are refused all the same.
    expect(await refusalOf({ ...entry(), require: { scope: true } }, sign({ ...access(), typ }))).toBe(
      'wrong_type',
    );
  });
});

describe('Amazon Cognito', () => {
  const entry = () => configure('cognito');
  const access = () => ({
    sub: 'a2b4c6d8-0000-70d4-8000-000000000003',
    'cognito:groups': ['customers'],
    iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example01',
    version: 2,
    client_id: '1example23456789',
    origin_jti: 'o',
    event_id: 'e',
    token_use: 'access',
    scope: 'aws.cognito.signin.user.admin api/orders.read',
    auth_time: nowSeconds(),
    ...times(),
    jti: 'j',
    username: 'ada',
  });
  const none = { typ: undefined };

  test('gives the session of a token without aud, by its client', async () => {
    expect(await sessionOf(entry(), sign(access(), none))).toMatchObject({
      userId: 'a2b4c6d8-0000-70d4-8000-000000000003',
      tokenId: 'j',
      scopes: new Set(['aws.cognito.signin.user.admin', 'api/orders.read', 'customers']),
    });
  });

  test('refuses ID tokens, other clients, and a client of ours with an audience that is not', async () => {
    const { client_id: aud, scope: _scope, ...rest } = access();
    const id = { ...rest, aud, token_use: 'id', email: 'ada@example.com' };
    expect(await refusalOf(entry(), sign(id, none))).toBe('audience_mismatch');
    expect(await refusalOf(entry(), sign({ ...id, client_id: aud }, none))).toBe('wrong_type');
    const without = { ...entry(), require: { sub: true } };
    expect(await refusalOf(without, sign({ ...access(), token_use: 'id' }, none))).toBe('wrong_type');
    expect(await refusalOf(entry(), sign({ ...access(), client_id: 'other' }, none))).toBe(
      'audience_mismatch',
    );
    expect(await refusalOf(entry(), sign({ ...access(), aud: 'https://elsewhere.example' }, none))).toBe(
      'audience_mismatch',
    );
  });
});

test('a token that another key signed is refused, whatever it says', async () => {
  const claims = { iss: 'https://id.example.com', aud: 'https://api.example.com', sub: 's', ...times() };
  const entry = { ...exampleOf('https://id.example.com'), discovery: undefined, jwks: `${server.url}/keys` };
  expect(await sessionOf(entry, sign(claims, { typ: 'at+jwt' }))).toMatchObject({ userId: 's' });
  const forged = signToken(otherKey, claims, { typ: 'at+jwt', kid: key.kid });
  expect(await refusalOf(entry, forged)).toBe('invalid_signature');
});

describe('a token with `act` (RFC 8693)', () => {
  const act = { sub: 'support-7', client_id: 'desk' };
  const claims = (platform: string) => ({
    iss: `https://id.example.com/${platform}`,
    sub: 'ada',
    aud: 'https://api.example.com',
    ...times(),
  });
  const entry = (platform: string): Entry => ({
    ...configure('auth0'),
    issuer: `https://id.example.com/${platform}`,
    platform: platform as 'user',
    audience: 'https://api.example.com',
  });
  const header = { typ: 'at+jwt' };

  test('is an impersonated customer', async () => {
    expect(await sessionOf(entry('user'), sign({ ...claims('user'), act }, header))).toMatchObject({
      platform: 'user',
      userId: 'ada',
      actor: { staffId: 'support-7' },
    });
    expect(await sessionOf(entry('user'), sign(claims('user'), header))).not.toHaveProperty('actor');
  });

  test.each([null, true, 'support-7', {}, { sub: 7 }, { sub: '' }, []])(
    'with %j is malformed',
    async (wrong) => {
      expect(await refusalOf(entry('user'), sign({ ...claims('user'), act: wrong }, header))).toBe(
        'malformed',
      );
    },
  );

  test('is none of staff', async () => {
    expect(await refusalOf(entry('portal'), sign({ ...claims('portal'), act }, header))).toBe('wrong_type');
  });
});
