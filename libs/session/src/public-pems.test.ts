import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type ConfigError, createLogger } from '@signet/service';
import { type CryptoKey, calculateJwkThumbprint, type JWK, jwtVerify, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { readPublicPems } from './public-pems.ts';
import { createTrustedIssuers } from './trusted-issuers.ts';
import type { IssuerConfig } from './verifier-config.ts';

const pairs = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const pemOf = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString();
const all = Object.values(pairs)
  .map(({ publicKey }) => pemOf(publicKey))
  .join('\n');

describe('public keys in PEM form', () => {
  test.each(['EdDSA', 'ES256', 'RS256'] as const)('%s verifies, under its thumbprint', async (algorithm) => {
    const { publicKey, privateKey } = pairs[algorithm];
    const { keys, jwks } = await readPublicPems(all);
    const kid = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }) as JWK);
    expect(keys.get(kid)?.algorithm).toBe(algorithm);
    expect(jwks.keys.find((jwk) => jwk.kid === kid)).toMatchObject({ alg: algorithm, use: 'sig' });
    const token = await new SignJWT({}).setProtectedHeader({ alg: algorithm }).sign(privateKey);
    await expect(jwtVerify(token, keys.get(kid)?.key as CryptoKey)).resolves.toBeDefined();
  });

  test('show no private part, and a key that stands twice once', async () => {
    const { jwks } = await readPublicPems(all + all);
    expect(jwks.keys).toHaveLength(3);
    for (const jwk of jwks.keys) for (const part of ['d', 'p', 'q']) expect(jwk).not.toHaveProperty(part);
  });

  test.each([
    ['nothing', '', 'must hold public keys'],
    ['other text', 'hello', 'must hold public keys'],
    [
      'a certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      'must hold public keys',
    ],
    ['a broken key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'can not be read'],
    [
      'a private key',
      pairs.EdDSA.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      'holds a private key',
    ],
    [
      'a private key beside a public one',
      all + pairs.ES256.privateKey.export({ format: 'pem', type: 'sec1' }),
      'holds a private key',
    ],
    [
      'a weak RSA key',
      pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
      'not Ed25519, P-256 or RSA of 2048',
    ],
    [
      'another curve',
      pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
      'not Ed25519, P-256 or RSA of 2048',
    ],
    ['an Ed448 key', pemOf(generateKeyPairSync('ed448').publicKey), 'not Ed25519, P-256 or RSA of 2048'],
  ])('refuse %s', async (_title, text, fault) => {
    await expect(readPublicPems(text)).rejects.toThrow(fault);
  });
});

describe('issuers of a configuration', () => {
  const base: IssuerConfig = { ISSUER_URL: 'https://id.example', JWKS_INSECURE: false };
  const [user, portal] = [pemOf(pairs.EdDSA.publicKey), pemOf(pairs.ES256.publicKey)];
  const create = (config: Partial<IssuerConfig>) =>
    createTrustedIssuers({ ...base, ...config }, createLogger('test', 'silent'));
  const faultsOf = async (config: Partial<IssuerConfig>) => {
    try {
      await create(config);
      return [];
    } catch (error) {
      return (error as ConfigError).faults;
    }
  };

  test('take keys as PEM for one platform and from a URL for the other', async () => {
    const [first] = await create({
      USER_PUBLIC_KEYS: user,
      PORTAL_JWKS_URL: 'https://id.example/portal.json',
    });
    expect(await first?.keys.checkReady()).toBeUndefined();
    expect((await first?.keys.readJwks())?.keys).toHaveLength(1);
    expect(await first?.keys.findKey('x')).toBe('unknown');
  });

  test('name the variable whose keys have no source, have two, or stand for both platforms', async () => {
    expect(await faultsOf({ USER_PUBLIC_KEYS: user })).toEqual([
      'PORTAL_JWKS_URL: is not set, nor is PORTAL_PUBLIC_KEYS',
    ]);
    const url = 'https://id.example/portal.json';
    expect(
      await faultsOf({ USER_PUBLIC_KEYS: user, PORTAL_PUBLIC_KEYS: portal, PORTAL_JWKS_URL: url }),
    ).toEqual(['PORTAL_PUBLIC_KEYS: is set together with PORTAL_JWKS_URL; keep one']);
    expect(await faultsOf({ USER_PUBLIC_KEYS: user, PORTAL_PUBLIC_KEYS: portal + user })).toEqual([
      expect.stringMatching(/^PORTAL_PUBLIC_KEYS: holds a key of the other platform/),
    ]);
    expect(await faultsOf({ USER_PUBLIC_KEYS: 'x', PORTAL_PUBLIC_KEYS: portal })).toEqual([
      expect.stringMatching(/^USER_PUBLIC_KEYS: must hold public keys/),
    ]);
  });
});
