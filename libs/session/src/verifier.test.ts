import { createHmac, randomUUID } from 'node:crypto';
import {
  audienceOf,
  type ClaimsOf,
  issuerOf,
  type Platform,
  platforms,
  scopesOfRole,
  userScopes,
} from '@signet/schema/contract';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { importKeys } from './jwks.ts';
import type { KeySource } from './jwks-client.ts';
import { nothingRevoked } from './revocations/revocation-set.ts';
import { trustedIssuers } from './trusted-issuers.ts';
import { createVerifier, type Verification, type Verifier } from './verifier.ts';

const issuerUrl = 'https://id.example';
const nowSeconds = 1_800_000_000;
const now = () => new Date(nowSeconds * 1000);
const algorithms = ['EdDSA', 'ES256', 'RS256'] as const;
type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

const keyPairs = {} as Record<Platform, KeyPair>;
const otherPairs = {} as Record<(typeof algorithms)[number], KeyPair>;
let stranger: KeyPair;
let publicJwk: JWK;
let verifier: Verifier;
const lookUps: string[] = [];

beforeAll(async () => {
  const pairs = await Promise.all([
    ...platforms.map(() => generateKeyPair('EdDSA', { extractable: true })),
    ...algorithms.map((algorithm) => generateKeyPair(algorithm, { extractable: true })),
    generateKeyPair('EdDSA', { extractable: true }),
  ]);
  [keyPairs.user, keyPairs.portal, otherPairs.EdDSA, otherPairs.ES256, otherPairs.RS256, stranger] =
    pairs as [KeyPair, KeyPair, KeyPair, KeyPair, KeyPair, KeyPair];
  publicJwk = await exportJWK(keyPairs.user.publicKey);
  const userKeys = await Promise.all([
    exportAs('user', keyPairs.user),
    ...algorithms.map((algorithm) => exportAs(algorithm, otherPairs[algorithm])),
  ]);
  const portalKeys = [await exportAs('portal', keyPairs.portal)];
  verifier = createVerifier({
    issuers: trustedIssuers(issuerUrl, {
      user: await createSource(userKeys),
      portal: await createSource(portalKeys),
    }),
    revocations: nothingRevoked,
    now,
  });
});

async function exportAs(kid: string, pair: KeyPair): Promise<JWK> {
  return { ...(await exportJWK(pair.publicKey)), kid };
}

async function createSource(jwks: JWK[]): Promise<KeySource> {
  const { keys, jwks: published } = await importKeys({ keys: jwks });
  return {
    findKey: async (kid) => {
      lookUps.push(kid);
      return keys.get(kid) ?? 'unknown';
    },
    peekKey: (kid) => keys.get(kid),
    refetch: () => {},
    checkReady: async () => undefined,
    readJwks: async () => published,
  };
}

function claimsOf(platform: Platform): ClaimsOf<Platform> {
  const common = {
    iss: issuerOf(issuerUrl, platform),
    aud: audienceOf(platform),
    sub: randomUUID(),
    sid: randomUUID(),
    jti: randomUUID(),
    iat: nowSeconds,
    exp: nowSeconds + 600,
    auth_time: nowSeconds,
    amr: ['pwd'],
    acr: 'aal1' as const,
    email: 'a@example.com',
    email_verified: true,
    tenant: randomUUID(),
  };
  return platform === 'user'
    ? { ...common, platform, scope: userScopes.join(' ') }
    : { ...common, platform, role: 'support', scope: scopesOfRole.support.join(' ') };
}

type Overrides = { claims?: Record<string, unknown>; header?: Record<string, unknown>; key?: CryptoKey };

/** A good token, but for what is said. `undefined` leaves a claim or header field out. */
function mint(platform: Platform, { claims, header, key }: Overrides = {}): Promise<string> {
  return new SignJWT({ ...claimsOf(platform), ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: platform, ...header })
    .sign(key ?? keyPairs[platform].privateKey);
}

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token of any shape, signed by `sign` or not at all. */
function forge(header: unknown, claims: unknown, sign: (input: string) => string = () => 'AAAA'): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign(input)}`;
}

async function reasonOf(token: string): Promise<string> {
  const verification: Verification = await verifier.verify(token);
  return verification.kind === 'refused'
    ? verification.reason.replace('auth.failure.', '')
    : verification.kind;
}

test('gives the session of a customer', async () => {
  const claims = claimsOf('user');
  expect(await verifier.verify(await mint('user', { claims }))).toEqual({
    kind: 'session',
    session: {
      issuer: claims.iss,
      platform: 'user',
      userId: claims.sub,
      sessionId: claims.sid,
      tokenId: claims.jti,
      tenantId: claims.tenant,
      email: 'a@example.com',
      emailVerified: true,
      scopes: new Set(userScopes),
      authTime: nowSeconds,
      expiresAt: nowSeconds + 600,
      amr: ['pwd'],
      acr: 'aal1',
    },
  });
});

test('knows how sure the issuer was: two factors, and one where a token does not say', async () => {
  const assurance = async (claims: Record<string, unknown>) => {
    const outcome = await verifier.verify(await mint('user', { claims }));
    return outcome.kind === 'session' && outcome.session.acr;
  };
  expect(await assurance({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' })).toBe('aal2');
  expect(await assurance({ acr: undefined })).toBe('aal1');
});

test.each([{ acr: 'aal3' }, { acr: 2 }, { amr: 'mfa' }, { amr: [1] }, { amr: undefined }])(
  'refuses a token that says it otherwise: %j',
  async (claims) => {
    expect(await reasonOf(await mint('user', { claims }))).toBe('malformed');
  },
);

test('gives the session of staff, with the role and known scopes only', async () => {
  const token = await mint('portal', { claims: { scope: 'customers:read  root toString' } });
  expect(await verifier.verify(token)).toMatchObject({
    kind: 'session',
    session: { platform: 'portal', role: 'support', scopes: new Set(['customers:read']) },
  });
});

test.each(algorithms)('accepts a key of algorithm %s', async (alg) => {
  const key = otherPairs[alg].privateKey;
  expect(await reasonOf(await mint('user', { header: { alg, kid: alg }, key }))).toBe('session');
});

test.each(['at+jwt', 'AT+JWT', 'application/at+jwt'])('accepts the type %s', async (typ) => {
  expect(await reasonOf(await mint('user', { header: { typ } }))).toBe('session');
});

test('accepts Ed25519 as the name of EdDSA', async () => {
  expect(await reasonOf(await mint('user', { header: { alg: 'Ed25519' } }))).toBe('session');
});

describe('every combination of key, issuer, audience and platform', () => {
  const combinations = platforms.flatMap((key) =>
    platforms.flatMap((iss) =>
      platforms.flatMap((aud) => platforms.map((platform) => ({ key, iss, aud, platform }))),
    ),
  );
  test.each(combinations)(
    '$key key, $iss iss, $aud aud, $platform platform',
    async ({ key, iss, aud, platform }) => {
      const base = { ...claimsOf(platform), iss: issuerOf(issuerUrl, iss), aud: audienceOf(aud), platform };
      for (const kid of platforms) {
        const token = await mint(key, { claims: base, header: { kid } });
        const isDiagonal = new Set([key, iss, aud, platform, kid]).size === 1;
        expect((await verifier.verify(token)).kind).toBe(isDiagonal ? 'session' : 'refused');
      }
    },
  );
});

describe('form', () => {
  test.each([
    ['nothing', ''],
    ['dots', '..'],
    ['two parts', 'a.b'],
    ['five parts, as a JWE has', 'a.b.c.d.e'],
    ['no JSON', 'abc.def.AAAA'],
    ['other letters', 'ä.ö.ü'],
    ['a header that is a list', forge([], {})],
    ['a header that is null', forge('null', {})],
    ['claims that are a list', forge({ alg: 'EdDSA' }, [])],
    ['claims that are text', forge({ alg: 'EdDSA' }, '"x"')],
    ['1 MB', `${'a'.repeat(1_000_000)}.b.c`],
    ['a NUL', '\0.\0.\0'],
  ])('refuses %s', async (_, token) => {
    expect(await reasonOf(token)).toBe('malformed');
  });

  test('refuses a token over 8 KB though it is signed', async () => {
    expect(await reasonOf(await mint('user', { claims: { amr: ['x'.repeat(5000)] } }))).toBe('session');
    expect(await reasonOf(await mint('user', { claims: { amr: ['x'.repeat(9000)] } }))).toBe('malformed');
  });

  test('refuses padding, white space and line ends', async () => {
    const token = await mint('user');
    for (const other of [`${token}=`, `${token}==`, ` ${token}`, `${token}\n`, token.replace('.', '=.')]) {
      expect(await reasonOf(other)).toBe('malformed');
    }
  });

  test('refuses every other spelling of the bits that end a signature', async () => {
    const token = await mint('user');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const last of alphabet.replace(token.at(-1) as string, '')) {
      expect(['malformed', 'invalid_signature']).toContain(await reasonOf(token.slice(0, -1) + last));
    }
  });
});

describe('issuer', () => {
  test.each([
    ['foreign', 'https://evil.example/user'],
    ['with a slash', `${issuerUrl}/user/`],
    ['in capitals', `${issuerUrl}/USER`],
    ['missing', undefined],
    ['a number', 7],
    ['a list', [`${issuerUrl}/user`]],
    ['a name of Object', '__proto__'],
  ])('refuses an issuer that is %s, and looks up no key', async (_, iss) => {
    lookUps.length = 0;
    expect(await reasonOf(await mint('user', { claims: { iss } }))).toBe('issuer_mismatch');
    expect(lookUps).toEqual([]);
  });
});

test.each(['JWT', 'rt+jwt', 'at+jwt ', '', undefined, 7, null, ['at+jwt']])(
  'refuses the type %j',
  async (typ) => {
    const token = forge({ alg: 'EdDSA', typ, kid: 'user' }, claimsOf('user'));
    expect(await reasonOf(token)).toBe('wrong_type');
  },
);

test.each([
  { crit: ['exp'], exp: 1 },
  { crit: [] },
  { crit: null },
  { crit: ['b64'], b64: false },
  { b64: false },
  { b64: true },
])('refuses critical headers: %j', async (header) => {
  const token = forge({ alg: 'EdDSA', typ: 'at+jwt', kid: 'user', ...header }, claimsOf('user'));
  lookUps.length = 0;
  expect(await reasonOf(token)).toBe('malformed');
  expect(lookUps).toEqual([]);
});

test.each([
  undefined,
  '',
  7,
  null,
  ['user'],
  '../../etc/passwd',
  "' or 1=1 --",
  'user\0',
  'u'.repeat(129),
  'https://evil.example/jwks',
])('refuses the kid %j without a look-up', async (kid) => {
  lookUps.length = 0;
  const token = forge({ alg: 'EdDSA', typ: 'at+jwt', kid }, claimsOf('user'));
  expect(await reasonOf(token)).toBe('unknown_key');
  expect(lookUps).toEqual([]);
});

test.each(['__proto__', 'constructor', 'toString', 'portal'])('knows no key %s of customers', async (kid) => {
  expect(await reasonOf(await mint('user', { header: { kid } }))).toBe('unknown_key');
});

describe('algorithm and signature', () => {
  const header = { typ: 'at+jwt', kid: 'user' };

  test.each(['none', 'None', 'NONE', 'nOnE', '', undefined, null, ['none'], 'HS256', 'EDDSA', 'RS256'])(
    'refuses the algorithm %j',
    async (alg) => {
      expect(await reasonOf(forge({ ...header, alg }, claimsOf('user')))).toBe('invalid_signature');
      expect(await reasonOf(forge({ ...header, alg }, claimsOf('user'), () => ''))).toBe('malformed');
    },
  );

  test('refuses a MAC made with the public key', async () => {
    const secrets = [
      JSON.stringify(publicJwk),
      Buffer.from(publicJwk.x as string, 'base64url'),
      publicJwk.x as string,
    ];
    for (const secret of secrets) {
      const sign = (input: string) => createHmac('sha256', secret).update(input).digest('base64url');
      expect(await reasonOf(forge({ ...header, alg: 'HS256' }, claimsOf('user'), sign))).toBe(
        'invalid_signature',
      );
    }
  });

  test('refuses a key that the token brings along, and fetches none', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch');
    const jwk = await exportJWK(stranger.publicKey);
    const headers = [
      { jwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/x' },
      { x5c: ['AAAA'] },
    ];
    for (const extra of headers) {
      const own = await mint('user', { header: extra, key: stranger.privateKey });
      expect(await reasonOf(own)).toBe('invalid_signature');
    }
    expect(fetched).not.toHaveBeenCalled();
  });

  test('refuses another algorithm than that of the key', async () => {
    const { privateKey } = otherPairs.RS256;
    const token = await mint('user', { header: { alg: 'PS256', kid: 'RS256' } }).catch(() => undefined);
    expect(token).toBeUndefined();
    expect(
      await reasonOf(await mint('user', { header: { alg: 'RS256', kid: 'ES256' }, key: privateKey })),
    ).toBe('invalid_signature');
  });

  test('refuses changed claims, changed headers and changed bytes', async () => {
    const token = await mint('user');
    const [head, claims, signature] = token.split('.') as [string, string, string];
    const sign = () => signature;
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    const flipped = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`;
    for (const other of [
      forge(read(head), { ...read(claims), sub: randomUUID() }, sign),
      forge({ ...read(head), x: 1 }, read(claims), sign),
      `${head}.${claims}.${flipped}`,
      `${head}.${claims}.${signature.slice(0, -4)}`,
      `${head}.${claims}.AAAA`,
    ]) {
      expect(['invalid_signature', 'malformed']).toContain(await reasonOf(other));
    }
    expect(await reasonOf(await mint('user', { key: stranger.privateKey }))).toBe('invalid_signature');
  });
});

test.each([
  undefined,
  'signet:portal',
  'signet:',
  '',
  7,
  [],
  ['signet:user'],
  ['signet:user', 'signet:portal'],
  { a: 1 },
  null,
])('refuses the audience %j', async (aud) => {
  expect(await reasonOf(await mint('user', { claims: { aud } }))).toBe('audience_mismatch');
});

test.each([
  [{ exp: nowSeconds - 29 }, 'session'],
  [{ exp: nowSeconds - 30 }, 'expired'],
  [{ exp: nowSeconds - 31 }, 'expired'],
  [{ exp: 0 }, 'expired'],
  [{ exp: -1 }, 'expired'],
  [{ exp: undefined }, 'malformed'],
  [{ exp: String(nowSeconds + 60) }, 'malformed'],
  [{ exp: null }, 'malformed'],
  [{ iat: nowSeconds + 30 }, 'session'],
  [{ iat: nowSeconds + 31 }, 'not_yet_valid'],
  [{ iat: undefined }, 'malformed'],
  [{ iat: 'now' }, 'malformed'],
  [{ nbf: nowSeconds + 30 }, 'session'],
  [{ nbf: nowSeconds + 31 }, 'not_yet_valid'],
  [{ nbf: 'soon' }, 'malformed'],
])('at the edge of times: %j is %s', async (claims, outcome) => {
  expect(await reasonOf(await mint('user', { claims }))).toBe(outcome);
});

test('names the audience before the times, as the list of checks does', async () => {
  const claims = { aud: 'signet:portal', exp: 0 };
  expect(await reasonOf(await mint('user', { claims }))).toBe('audience_mismatch');
});

test.each(['exp', 'iat', 'auth_time'])('refuses %s that is endless', async (name) => {
  const text = JSON.stringify({ ...claimsOf('user'), [name]: 'ENDLESS' }).replace('"ENDLESS"', '1e999');
  const input = `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: 'user' })}.${encode(text)}`;
  const signature = await crypto.subtle.sign('Ed25519', keyPairs.user.privateKey, Buffer.from(input));
  expect(['malformed', 'not_yet_valid']).toContain(
    await reasonOf(`${input}.${Buffer.from(signature).toString('base64url')}`),
  );
});

test.each([
  { sub: { id: randomUUID() } },
  { sub: 7 },
  { sub: undefined },
  { sub: 'admin' },
  { sub: [randomUUID()] },
  { sid: undefined },
  { sid: 'x' },
  { tenant: undefined },
  { tenant: "' or 1=1 --" },
  { jti: 7 },
  { email: undefined },
  { email: ['a'] },
  { email_verified: 'true' },
  { email_verified: undefined },
  { scope: undefined },
  { scope: ['customers:read'] },
  { auth_time: 'x' },
])('refuses claims of another type: %j', async (claims) => {
  expect(await reasonOf(await mint('user', { claims }))).toBe('malformed');
});

test.each(['portal', undefined, 'none', 'USER', ['user'], true])(
  'refuses the platform %j',
  async (platform) => {
    expect(await reasonOf(await mint('user', { claims: { platform } }))).toBe('issuer_mismatch');
  },
);

test.each([undefined, 'root', 'SUPPORT', ['support'], '__proto__', null])(
  'refuses the role %j of staff',
  async (role) => {
    expect(await reasonOf(await mint('portal', { claims: { role } }))).toBe('malformed');
  },
);

test.each([
  ['gives none', async () => 'unavailable' as const],
  ['fails', () => Promise.reject(new Error('down'))],
])('an issuer whose key source %s is an outage, no refusal', async (_, findKey) => {
  const keys: KeySource = {
    findKey,
    peekKey: () => undefined,
    refetch: () => {},
    checkReady: async () => undefined,
    readJwks: async () => undefined,
  };
  const issuers = trustedIssuers(issuerUrl, { user: keys });
  const other = createVerifier({ issuers, revocations: nothingRevoked, now });
  expect(await other.verify(await mint('user'))).toEqual({ kind: 'unavailable' });
  expect(await other.verify(await mint('portal'))).toMatchObject({ reason: 'auth.failure.issuer_mismatch' });
});

test('never throws, whatever it is given', async () => {
  const token = await mint('user');
  for (let index = 0; index < token.length; index += 3) {
    const changed = token.slice(0, index) + String.fromCharCode(33 + (index % 90)) + token.slice(index + 1);
    expect((await verifier.verify(changed)).kind).toBe(changed === token ? 'session' : 'refused');
    expect((await verifier.verify(token.slice(0, index))).kind).toBe('refused');
  }
});
