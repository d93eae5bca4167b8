import { randomUUID } from 'node:crypto';
import { type Platform, platforms } from '@signet/schema/contract';
import { describe, expect, it } from 'vitest';
import { readSession } from './read-session.ts';

const [account, sid, jti, tenant, staffId] = Array.from({ length: 5 }, () => randomUUID());
const iat = 1_800_000_000;
const issuer = (platform: string) => `https://id.example/${platform}`;
const common = (platform: Platform) => ({
  iss: issuer(platform),
  platform,
  sub: account,
  sid,
  jti,
  tenant,
  iat,
  exp: iat + 600,
  scope: 'orders:read profile:read unknown',
});
const ofAccount = { email: 'a@example.com', email_verified: true };
const ofSignIn = { auth_time: iat, amr: ['pwd'], acr: 'aal1' };
const act = { sub: staffId, iss: issuer('portal') };

type Claims = Record<string, unknown>;
const kinds: Record<string, [Platform, Claims]> = {
  'a customer': ['user', { ...common('user'), ...ofAccount, ...ofSignIn }],
  'a member of staff': ['portal', { ...common('portal'), ...ofAccount, ...ofSignIn, role: 'support' }],
  'a service of customers': ['user', { ...common('user'), client_id: account }],
  'a service of the portal': ['portal', { ...common('portal'), client_id: account }],
  'an impersonated customer': ['user', { ...common('user'), ...ofAccount, act }],
};
/** All claims that mark some kind of token. */
const marks: Claims = {
  ...ofAccount,
  ...ofSignIn,
  role: 'support',
  verification: 'waived',
  client_id: account,
  act,
};
const optional = new Set(['acr', 'verification']);

describe.each(Object.entries(kinds))('the token of %s', (name, [platform, claims]) => {
  it('gives its own session and no other', () => {
    const expected = {
      issuer: issuer(platform),
      sessionId: sid,
      tokenId: jti,
      tenantId: tenant,
      scopes: new Set(['orders:read', 'profile:read']),
      expiresAt: iat + 600,
    };
    const person = { email: 'a@example.com', emailVerified: true };
    const signedIn = { authTime: iat, amr: ['pwd'], acr: 'aal1' };
    const nobody = { authTime: undefined, amr: [], acr: undefined };
    const service = { platform: 'service', of: platform, serviceId: account };
    const own: Record<string, object> = {
      'a customer': { ...person, ...signedIn, platform, userId: account },
      'a member of staff': { ...person, ...signedIn, platform, staffId: account, role: 'support' },
      'a service of customers': { email: undefined, emailVerified: false, ...nobody, ...service },
      'a service of the portal': { email: undefined, emailVerified: false, ...nobody, ...service },
      'an impersonated customer': { ...person, ...nobody, platform, userId: account, actor: { staffId } },
    };
    expect(readSession(claims, platform)).toEqual({ ...expected, ...own[name] });
  });

  it('is none on the other platform', () => {
    const other = platforms.find((one) => one !== platform) as Platform;
    expect(readSession(claims, other)).toBe('issuer_mismatch');
  });

  it.each(Object.keys(claims).filter((claim) => !optional.has(claim) && claim !== 'iss'))(
    'is malformed without %s, or it is of another kind',
    (claim) => {
      const { [claim]: _, ...rest } = claims;
      const expected = claim === 'platform' ? 'issuer_mismatch' : 'malformed';
      expect(readSession(rest, platform)).toBe(expected);
    },
  );

  it.each(Object.keys(marks).filter((claim) => !(claim in claims)))('has no %s', (claim) => {
    // The only one that two kinds may have, and need not.
    const isOptional = claim === 'verification' && !('client_id' in claims);
    const result = readSession({ ...claims, [claim]: marks[claim] }, platform);
    expect(result).toEqual(isOptional ? expect.objectContaining({ verification: 'waived' }) : 'malformed');
  });

  it.each(['client_id', 'act', 'amr', 'auth_time', 'sub', 'sid', 'jti', 'exp', 'iat', 'scope'])(
    'is malformed with a %s of another type',
    (claim) => {
      for (const wrong of [null, true, {}, ['x', 1], Number.POSITIVE_INFINITY]) {
        const result = readSession({ ...claims, [claim]: wrong }, platform);
        expect([wrong, result]).toEqual([wrong, 'malformed']);
      }
    },
  );
});

const [, service] = kinds['a service of the portal'] as [Platform, Claims];
const [, impersonated] = kinds['an impersonated customer'] as [Platform, Claims];

describe('a service', () => {
  it.each([
    ['another client than its subject', { client_id: randomUUID() }],
    ['an id that is no UUID', { jti: 'once' }],
    ['a life longer than ten minutes', { exp: iat + 601 }],
  ])('is none with %s', (_, change) => {
    expect(readSession({ ...service, ...change }, 'portal')).toBe('malformed');
  });
});

describe('an impersonated customer', () => {
  it.each<[string, Claims]>([
    ['a chain', { act: { ...act, act } }],
    ['another issuer of staff', { act: { ...act, iss: 'https://else.example/portal' } }],
    ['the issuer of customers', { act: { ...act, iss: issuer('user') } }],
    ['staff without an issuer', { act: { sub: staffId } }],
    ['an issuer without staff', { act: { iss: issuer('portal') } }],
    ['more about the actor', { act: { ...act, client_id: staffId } }],
    ['an actor that is no UUID', { act: { ...act, sub: 'admin' } }],
    ['a list of actors', { act: [act] }],
    ['a life longer than fifteen minutes', { exp: iat + 901 }],
  ])('is none with %s', (_, change) => {
    expect(readSession({ ...impersonated, ...change }, 'user')).toBe('malformed');
  });

  it('is none on the portal, also where its issuer signs one', () => {
    const claims = { ...impersonated, iss: issuer('portal'), platform: 'portal' };
    expect(readSession(claims, 'portal')).toBe('malformed');
  });
});
