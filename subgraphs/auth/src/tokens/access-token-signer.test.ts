import { type Platform, scopesOfRole, staffRoles, userScopes } from '@signet/schema/contract';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { issuerUrl } from '../testing/config.test-support.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe('access tokens', () => {
  let auth: TestAuth;
  beforeAll(async () => {
    auth = await startTestAuth({ PORTAL_SIGNING_ALGORITHM: 'ES256' });
  });
  afterAll(() => auth.stop());

  const fetchJwks = async (platform: Platform) => {
    const response = await fetch(`${auth.url}/.well-known/jwks/${platform}.json`);
    return { response, jwks: (await response.json()) as JSONWebKeySet };
  };
  /** As an outsider verifies: by the published keys alone. */
  const verify = async (platform: Platform, token: string) => {
    const { jwks } = await fetchJwks(platform);
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer: `${issuerUrl}/${platform}`,
      audience: `signet:${platform}`,
      typ: 'at+jwt',
    });
    return payload;
  };

  it("of customers carry the contract's claims and no others", async () => {
    const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const { accessToken } = await auth.signIn('login', account);
    const claims = await verify('user', accessToken);
    const now = claims.iat as number;
    expect(claims).toEqual({
      iss: `${issuerUrl}/user`,
      aud: 'signet:user',
      platform: 'user',
      sub: account.id,
      sid: expect.stringMatching(uuid),
      jti: expect.stringMatching(uuid),
      iat: expect.closeTo(Date.now() / 1000, -1),
      exp: now + 900,
      // A moment before the token: sometimes in the second before.
      auth_time: expect.closeTo(now, -1),
      amr: ['pwd'],
      acr: 'aal1',
      email: account.email,
      email_verified: false,
      verification: 'waived',
      tenant: auth.tenants.demo,
      scope: userScopes.join(' '),
    });
  });

  it.each(staffRoles)("of staff carry the role and the scopes of '%s'", async (role) => {
    const account = await addStaffMember(auth.database, { tenantId: auth.tenants.demo, role });
    const { accessToken } = await auth.signIn('portalLogin', account);
    const claims = await verify('portal', accessToken);
    const now = claims.iat as number;
    expect(claims).toEqual({
      iss: `${issuerUrl}/portal`,
      aud: 'signet:portal',
      platform: 'portal',
      sub: account.id,
      sid: expect.stringMatching(uuid),
      jti: expect.stringMatching(uuid),
      iat: expect.closeTo(Date.now() / 1000, -1),
      exp: now + 600,
      // A moment before the token: sometimes in the second before.
      auth_time: expect.closeTo(now, -1),
      amr: ['pwd'],
      acr: 'aal1',
      email: account.email,
      email_verified: false,
      verification: 'waived',
      tenant: auth.tenants.demo,
      role,
      scope: scopesOfRole[role].join(' '),
    });
  });

  it('name type, algorithm and key in their header, and nothing else', async () => {
    const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const { accessToken } = await auth.signIn('login', account);
    const { jwks } = await fetchJwks('user');
    expect(decodeProtectedHeader(accessToken)).toEqual({
      alg: 'EdDSA',
      typ: 'at+jwt',
      kid: jwks.keys[0]?.kid,
    });
  });

  it('are published as two disjoint key sets without a private part, to be kept five minutes', async () => {
    const [user, portal] = [await fetchJwks('user'), await fetchJwks('portal')];
    for (const { response, jwks } of [user, portal]) {
      expect(response.headers.get('cache-control')).toBe('public, max-age=300');
      expect(jwks.keys).toHaveLength(2); // The one that signs and the one that waits.
      expect(JSON.stringify(jwks)).not.toMatch(/"(d|p|q|dp|dq|qi|k|oth)":/);
    }
    expect(portal.jwks.keys[0]).toMatchObject({ alg: 'ES256', use: 'sig' });
    expect(new Set([...user.jwks.keys, ...portal.jwks.keys].map(({ kid }) => kid)).size).toBe(4);
  });

  it.each(['user', 'portal'])("have an issuer with metadata for '%s'", async (platform) => {
    const response = await fetch(`${auth.url}/.well-known/oauth-authorization-server/${platform}`);
    expect(await response.json()).toMatchObject({
      issuer: `${issuerUrl}/${platform}`,
      jwks_uri: `${issuerUrl}/.well-known/jwks/${platform}.json`,
    });
  });
});
