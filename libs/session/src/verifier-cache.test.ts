import { randomUUID } from 'node:crypto';
import {
  audienceOf,
  issuerOf,
  type Platform,
  platforms,
  scopesOfRole,
  userScopes,
} from '@signet/schema/contract';
import { generateKeyPair, SignJWT } from 'jose';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { VerificationKey } from './jwks.ts';
import type { KeySource } from './jwks-client.ts';
import type { RevocationSource, RevocationState } from './revocations/revocation-set.ts';
import { trustedIssuers } from './trusted-issuers.ts';
import { createVerifier, type Verifier } from './verifier.ts';

const issuerUrl = 'https://id.example';
const startSeconds = 1_800_000_000;
const lifetime = 600;
const sid = randomUUID();

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;
const pairs = {} as Record<Platform, KeyPair>;
let held: Map<string, VerificationKey>;
let lookUps: number;
let seconds: number;
let revokedSessions: Set<string>;
let revokedKeys: Set<string>;
let state: RevocationState;
let verifier: Verifier;

beforeAll(async () => {
  for (const platform of platforms) pairs[platform] = await generateKeyPair('EdDSA', { extractable: true });
});
beforeEach(() => {
  held = new Map(
    platforms.map((name) => [name, { key: pairs[name].publicKey, algorithm: 'EdDSA', thumbprint: name }]),
  );
  [lookUps, seconds, state] = [0, startSeconds, 'current'];
  [revokedSessions, revokedKeys] = [new Set(), new Set()];
  verifier = create();
});

function create(maxCachedTokens = 100): Verifier {
  const source = (platform: Platform): KeySource => ({
    findKey: async (kid) => {
      lookUps += 1;
      return (kid === platform && held.get(kid)) || 'unknown';
    },
    peekKey: (kid) => held.get(kid),
    refetch: () => {},
    checkReady: async () => undefined,
    readJwks: async () => undefined,
  });
  const revocations: RevocationSource = {
    isSessionRevoked: (platform, id) => revokedSessions.has(`${platform} ${id}`),
    isKeyRevoked: (platform, kid) => revokedKeys.has(`${platform} ${kid}`),
    state: () => state,
    onKeyRevoked: () => {},
  };
  const issuers = trustedIssuers(issuerUrl, { user: source('user'), portal: source('portal') });
  return createVerifier({ issuers, revocations, now: () => new Date(seconds * 1000), maxCachedTokens });
}

function mint(platform: Platform, claims: Record<string, unknown> = {}): Promise<string> {
  const own =
    platform === 'user'
      ? { scope: userScopes.join(' ') }
      : { scope: scopesOfRole.support.join(' '), role: 'support' };
  return new SignJWT({
    iss: issuerOf(issuerUrl, platform),
    aud: audienceOf(platform),
    platform,
    sub: randomUUID(),
    sid,
    jti: randomUUID(),
    iat: startSeconds,
    exp: startSeconds + lifetime,
    auth_time: startSeconds,
    amr: ['pwd'],
    email: 'a@example.com',
    email_verified: true,
    tenant: randomUUID(),
    ...own,
    ...claims,
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: platform })
    .sign(pairs[platform].privateKey);
}

async function outcomeOf(token: string): Promise<string> {
  const verification = await verifier.verify(token);
  return verification.kind === 'refused'
    ? verification.reason.replace('auth.failure.', '')
    : verification.kind;
}

/** First without the cache, then with it: what holds for a new token holds for a known one. */
const known = [false, true];
const describeKnown = describe.each(known.map((isKnown) => [isKnown ? 'known' : 'new', isKnown] as const));

async function prepare(platform: Platform, isKnown: boolean): Promise<string> {
  const token = await mint(platform);
  if (isKnown) expect(await outcomeOf(token)).toBe('session');
  return token;
}

test('a known token is not verified again, and gives the same session', async () => {
  const token = await mint('user');
  const first = await verifier.verify(token);
  const again = await verifier.verify(token);
  expect(again).toEqual(first);
  expect(lookUps).toBe(1);
});

test('a token that ends as a known one does, but is another, is judged by itself', async () => {
  const token = await prepare('user', true);
  const [header = '', claims = '', signature = ''] = token.split('.');
  const raised = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object;
  const forged = Buffer.from(JSON.stringify({ ...raised, sub: randomUUID() })).toString('base64url');
  expect(verifier.verifyKnown(`${header}.${forged}.${signature}`)).toBeUndefined();
  expect(await outcomeOf(`${header}.${forged}.${signature}`)).toBe('invalid_signature');
  expect(await outcomeOf(signature)).toBe('malformed');
  expect(verifier.verifyKnown(token)?.kind).toBe('session');
});

test('keeps the tokens that were used last, and no more than its limit', async () => {
  verifier = create(2);
  const tokens = await Promise.all(['user', 'portal', 'user'].map((platform) => mint(platform as Platform)));
  const isVerifiedAgain = async (token = '') => {
    const before = lookUps;
    expect(await outcomeOf(token)).toBe('session');
    return lookUps > before;
  };
  const [first, second, third] = tokens;
  for (const token of [first, second]) expect(await isVerifiedAgain(token)).toBe(true);
  expect(await isVerifiedAgain(first)).toBe(false);
  expect(await isVerifiedAgain(third)).toBe(true); // In place of the second.
  expect(await isVerifiedAgain(first)).toBe(false);
  expect(await isVerifiedAgain(second)).toBe(true);
});

describeKnown('a %s token', (_title, isKnown) => {
  test.each(platforms)('of a revoked session is refused at once: %s', async (platform) => {
    const token = await prepare(platform, isKnown);
    revokedSessions.add(`${platform} ${sid}`);
    expect(await outcomeOf(token)).toBe('revoked');
  });

  test("is not refused for a session of the other platform's", async () => {
    const token = await prepare('user', isKnown);
    revokedSessions.add(`portal ${sid}`);
    revokedKeys.add('portal user');
    expect(await outcomeOf(token)).toBe('session');
  });

  test('of a revoked key is refused at once, though the key is still held', async () => {
    const token = await prepare('user', isKnown);
    revokedKeys.add('user user');
    expect(await outcomeOf(token)).toBe('unknown_key');
  });

  test('of a key that has left is refused', async () => {
    const token = await prepare('user', isKnown);
    held.delete('user');
    expect(await outcomeOf(token)).toBe('unknown_key');
  });

  test('is verified anew when its kid names another key', async () => {
    const token = await prepare('user', isKnown);
    held.set('user', { key: pairs.portal.publicKey, algorithm: 'EdDSA', thumbprint: 'portal' });
    expect(await outcomeOf(token)).toBe('invalid_signature');
  });

  test('holds until its end and the skew of clocks, not a second longer', async () => {
    const token = await prepare('user', isKnown);
    seconds = startSeconds + lifetime + 29;
    expect(await outcomeOf(token)).toBe('session');
    seconds += 1;
    expect(await outcomeOf(token)).toBe('expired');
  });

  test('of staff is no token to be believed while revocations are stale; of a customer it holds', async () => {
    const [customer, staff] = [await prepare('user', isKnown), await prepare('portal', isKnown)];
    state = 'stale';
    expect([await outcomeOf(customer), await outcomeOf(staff)]).toEqual(['session', 'unavailable']);
    state = 'current';
    expect(await outcomeOf(staff)).toBe('session');
  });

  test('can not be judged before the revocations were read', async () => {
    const tokens = [await prepare('user', isKnown), await prepare('portal', isKnown)];
    state = 'unread';
    for (const token of tokens) expect(await outcomeOf(token)).toBe('unavailable');
  });

  test('is refused for what it is, also while revocations are stale', async () => {
    const token = await prepare('portal', isKnown);
    state = 'stale';
    revokedSessions.add(`portal ${sid}`);
    expect(await outcomeOf(token)).toBe('revoked');
    expect(await outcomeOf(`${token.slice(0, -4)}AAAA`)).not.toBe('unavailable');
  });
});

test('two tokens with one jti are two tokens', async () => {
  const jti = randomUUID();
  const [one, two] = [await mint('user', { jti }), await mint('user', { jti, email: 'b@example.com' })];
  const emails = [];
  for (const token of [one, two, one, two]) {
    const verification = await verifier.verify(token);
    emails.push(verification.kind === 'session' && verification.session.email);
  }
  expect(emails).toEqual(['a@example.com', 'b@example.com', 'a@example.com', 'b@example.com']);
});

test('a changed token is not taken for the one it was made of', async () => {
  const token = await prepare('user', true);
  const [header = '', claims = '', signature = ''] = token.split('.');
  const forged = Buffer.from(JSON.stringify({ ...decode(claims), email: 'c@example.com' })).toString(
    'base64url',
  );
  expect(await outcomeOf(`${header}.${forged}.${signature}`)).toBe('invalid_signature');
  const altered = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  expect(await outcomeOf(`${header}.${claims}.${altered}`)).toBe('invalid_signature');
  expect(await outcomeOf(`${token}.`)).toBe('malformed');
  expect(await outcomeOf(token)).toBe('session');
});

test('a refused token is not kept', async () => {
  const token = await mint('user');
  const forged = `${token.slice(0, -8)}AAAAAAA${token.at(-1)}`;
  expect(await outcomeOf(forged)).toBe('invalid_signature');
  expect(await outcomeOf(forged)).toBe('invalid_signature');
  expect(lookUps).toBe(2);
});

test('a flood of tokens pushes others out, and breaks none', async () => {
  verifier = create(4);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => mint('user')));
  for (const token of [...tokens, ...tokens]) expect(await outcomeOf(token)).toBe('session');
  expect(lookUps).toBe(40);
  for (let round = 0; round < 5; round++) await verifier.verify(tokens.at(-1) as string);
  expect(lookUps).toBe(40);
});

test('a session that is revoked while its token is being verified is refused', async () => {
  const token = await mint('user');
  const verifying = outcomeOf(token);
  revokedSessions.add(`user ${sid}`);
  expect(await verifying).toBe('revoked');
});

function decode(part: string): object {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}

describeKnown('a %s token of another kind', (_, isKnown) => {
  const service = { email: undefined, email_verified: undefined, auth_time: undefined, amr: undefined };
  const mintService = (platform: Platform, claims: Record<string, unknown> = {}) => {
    const id = randomUUID();
    return mint(platform, { ...service, role: undefined, sub: id, client_id: id, ...claims });
  };
  const act = { sub: randomUUID(), iss: issuerOf(issuerUrl, 'portal') };
  const mintImpersonated = () => mint('user', { auth_time: undefined, amr: undefined, act });
  const prepareIt = async (token: string) => {
    if (isKnown) expect(await outcomeOf(token)).toBe('session');
    return token;
  };

  test.each(platforms)(
    'of a service of the platform %s ends with its credential, or alone',
    async (platform) => {
      const jti = randomUUID();
      const token = await prepareIt(await mintService(platform, { jti }));
      const other = await prepareIt(await mintService(platform));
      const [first = '', second = ''] = platform === 'user' ? ['portal', 'user'] : ['user', 'portal'];
      revokedSessions = new Set([`${first} ${jti}`, `${first} ${sid}`]);
      expect([await outcomeOf(token), await outcomeOf(other)]).toEqual(['session', 'session']);
      revokedSessions = new Set([`${second} ${jti}`]);
      expect([await outcomeOf(token), await outcomeOf(other)]).toEqual(['revoked', 'session']);
      revokedSessions = new Set([`${second} ${sid}`]);
      expect([await outcomeOf(token), await outcomeOf(other)]).toEqual(['revoked', 'revoked']);
    },
  );

  test('of an impersonated customer ends with the impersonation', async () => {
    const token = await prepareIt(await mintImpersonated());
    revokedSessions = new Set([`user ${sid}`]);
    expect(await outcomeOf(token)).toBe('revoked');
  });

  test('is not accepted while the revocations cannot be read', async () => {
    const tokens = [await mintService('user'), await mintService('portal'), await mintImpersonated()];
    for (const token of tokens) await prepareIt(token);
    state = 'stale';
    expect(await Promise.all(tokens.map(outcomeOf))).toEqual(Array(3).fill('unavailable'));
    expect(await outcomeOf(await mint('user'))).toBe('session');
  });
});
