import { expect, test } from 'vitest';
import { issuerListRulesOf } from '../verifier-config.ts';
import { findIssuerListFaults, type IssuerListRules } from './issuer-list-faults.ts';
import { issuersSchema } from './issuers-schema.ts';

const users = {
  issuer: 'https://users.example',
  platform: 'user',
  audience: 'https://api.example',
  jwks: 'https://users.example/keys',
};
const staff = {
  issuer: 'https://staff.example',
  platform: 'portal',
  audience: 'https://staff-api.example',
  jwks: 'https://staff.example/keys',
};

/** Each fault as `1.audience: …`. */
function faultsOf(section: unknown[], rules: IssuerListRules = {}): string[] {
  return findIssuerListFaults(issuersSchema.parse(section), rules).map(
    ({ path, fault }) => `${path.join('.')}: ${fault}`,
  );
}

test('two issuers of two platforms have nothing in common', () => {
  expect(faultsOf([users, staff])).toEqual([]);
  // Two issuers may call both platforms by one name: iss says which is meant.
  expect(faultsOf([users, { ...staff, audience: users.audience }])).toEqual([]);
});

test.each<[string, object, RegExp]>([
  [
    'an audience of the same issuer',
    { issuer: users.issuer, audience: ['x', users.audience] },
    /^1\.audience: has 'https:\/\/api\.example' for the platform portal, and issuers\[0\] has it for user/,
  ],
  ['the URL of the keys', { jwks: users.jwks }, /^1\.jwks: is that of issuers\[0\], of the platform user/],
])('two platforms that share %s are refused', (_title, changes, fault) => {
  expect(faultsOf([users, { ...staff, ...changes }])).toEqual([expect.stringMatching(fault)]);
});

test('an issuer with other keys and another audience may serve both platforms', () => {
  expect(faultsOf([users, { ...staff, issuer: users.issuer }])).toEqual([]);
});

test('one issuer stands once for a platform, and several of one platform derive ids', () => {
  const more = { ...users, issuer: 'https://more.example' };
  expect(faultsOf([users, { ...users, audience: 'other' }])).toEqual([
    expect.stringMatching(/^0\.ids: must be derived: the platform user has 2 issuers/),
    expect.stringMatching(/^1\.issuer: is that of issuers\[0\] too: write one entry/),
    expect.stringMatching(/^1\.ids: must be derived/),
  ]);
  expect(faultsOf([users, { ...more, ids: 'derived' }])).toEqual([expect.stringMatching(/^0\.ids/)]);
  const both = [
    { ...users, ids: 'derived' },
    { ...more, ids: 'derived' },
  ];
  expect(faultsOf(both)).toEqual([]);
});

test('our own issuers are neighbours too', () => {
  const config = {
    ISSUER_URL: 'https://own.example',
    USER_JWKS_URL: 'https://own.example/user.json',
    PORTAL_JWKS_URL: 'https://own.example/portal.json',
  };
  const rules = issuerListRulesOf(config, ['user', 'portal']);
  expect(faultsOf([{ ...users, ids: 'derived' }], rules)).toEqual([]);
  expect(faultsOf([users], rules)).toEqual([expect.stringMatching(/^0\.ids: must be derived/)]);
  const own = { ...users, ids: 'derived', issuer: 'https://own.example/user', jwks: config.PORTAL_JWKS_URL };
  expect(faultsOf([own], rules)).toEqual([
    expect.stringMatching(/^0\.issuer: is one of the platform's own/),
    expect.stringMatching(/^0\.jwks: serves the platform portal already/),
  ]);
});

test.each<[string, object, RegExp]>([
  ['no source of keys', { jwks: undefined }, /^0\.jwks: is not set, nor is discovery/],
  [
    'two sources of keys',
    { discovery: 'https://users.example/x' },
    /^0\.jwks: is set together with discovery/,
  ],
  ['keys over plain http', { jwks: 'http://users.example/keys' }, /^0\.jwks: must be https beyond loopback/],
  [
    'keys by a name that begins like loopback',
    { jwks: 'http://127.0.0.1.evil.example/' },
    /^0\.jwks: must be https/,
  ],
  ['keys by ftp', { jwks: 'ftp://users.example/keys' }, /^0\.jwks: must be an https URL/],
  [
    'metadata over plain http',
    { jwks: undefined, discovery: 'http://users.example/x' },
    /^0\.discovery: must be https/,
  ],
  ['a pattern as issuer', { issuer: 'https://login.example/{tenantid}/v2.0' }, /^0\.issuer: is a pattern/],
  ['types of ID tokens', { tokenTypes: ['at+jwt', 'JWT'] }, /^0\.tokenTypes: accepts JWT, .*`require`/],
  ['no type', { tokenTypes: ['none'] }, /^0\.tokenTypes: accepts none, .*`require`/],
  [
    'two tenants',
    { tenant: 'a', claims: { tenant: 'b' } },
    /^0\.tenant: is set together with claims\.tenant/,
  ],
  ['a role of customers', { claims: { role: 'role' } }, /^0\.claims\.role: is set, but .* user have no role/],
])('an entry with %s is refused', (_title, changes, fault) => {
  expect(faultsOf([{ ...users, ...changes }])).toEqual([expect.stringMatching(fault)]);
});

test('takes keys over plain http from loopback, and from elsewhere only where that is said', () => {
  expect(faultsOf([{ ...users, jwks: 'http://127.0.0.1:9000/keys' }])).toEqual([]);
  expect(faultsOf([{ ...users, jwks: 'http://keycloak:8080/keys' }], { allowInsecure: true })).toEqual([]);
});

test('production wants it said that tokens end only by themselves', () => {
  const rules = issuerListRulesOf({ NODE_ENV: 'production' }, []);
  expect(faultsOf([users, staff], rules)).toEqual([
    expect.stringMatching(/^0\.revocations: must be none/),
    expect.stringMatching(/^1\.revocations: must be none/),
  ]);
  expect(faultsOf([{ ...users, revocations: 'none' }], rules)).toEqual([]);
});

test("the platform's own database needs the UUID of a tenant", () => {
  const rules = { needsTenant: true };
  expect(faultsOf([users], rules)).toEqual([
    expect.stringMatching(/^0\.tenant: is not set, nor is claims\.tenant/),
  ]);
  expect(faultsOf([{ ...users, tenant: 'acme' }], rules)).toEqual([
    expect.stringMatching(/^0\.tenant: .*UUID/),
  ]);
  expect(faultsOf([{ ...users, tenant: '00000000-0000-4000-8000-000000000000' }], rules)).toEqual([]);
});

test('all faults of a section are reported at once', () => {
  const bad = {
    ...staff,
    issuer: users.issuer,
    audience: users.audience,
    jwks: users.jwks,
    tokenTypes: ['JWT'],
  };
  expect(faultsOf([users, bad], { isProduction: true })).toHaveLength(5);
});

test.each<[string, object, string, string]>([
  ['a symmetric algorithm', { algorithms: ['HS256'] }, 'algorithms.0', 'must be one of EdDSA'],
  ['the algorithm none', { algorithms: ['none'] }, 'algorithms.0', 'must be one of'],
  ['no algorithm', { algorithms: [] }, 'algorithms', 'must not be an empty list'],
  ['a third platform', { platform: 'admin' }, 'platform', 'must be user or portal'],
  ['no audience', { audience: [] }, 'audience', 'must not be an empty list'],
  ['a number as audience', { audience: 7 }, 'audience', 'must be a text'],
  ['an issuer that is no URL', { issuer: 'auth0' }, 'issuer', 'must be an http or https URL'],
  [
    'a place that is none',
    { claims: { scopes: ['a..b'] } },
    'claims.scopes.0',
    'must be the place of a claim',
  ],
  ['a number as place', { claims: { subject: 7 } }, 'claims.subject', 'must be the place of a claim'],
  [
    'a role by digits',
    { claims: { role: { from: 'r', values: { 7: 'x' } } } },
    'claims.role.values',
    'none by digits alone',
  ],
  ['no required claim', { require: {} }, 'require', 'must name a claim'],
  ['a required number', { require: { ver: 2 } }, 'require.ver', 'must be true, a text'],
  ['revocations that do not exist', { revocations: 'feed' }, 'revocations', 'must be none'],
  ['a mistyped key', { audiance: 'x' }, '', 'audiance'],
])('the schema refuses %s, and names the field', (_title, changes, path, message) => {
  const { error } = issuersSchema.safeParse([{ ...users, ...changes }]);
  expect(error?.issues.map((issue) => [issue.path.slice(1).join('.'), issue.message])).toEqual([
    [path, expect.stringContaining(message)],
  ]);
});
