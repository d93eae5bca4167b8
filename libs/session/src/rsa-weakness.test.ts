import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createWeakRsaKeys } from '@signet/testing';
import { describe, expect, test } from 'vitest';
import { importKeys } from './jwks.ts';
import { readPublicPems } from './public-pems.ts';
import { findRsaWeakness } from './rsa-weakness.ts';

const weak = createWeakRsaKeys();
const strong = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const publicOf = (key: KeyObject) => createPublicKey(key);
const jwkOf = (key: KeyObject) => publicOf(key).export({ format: 'jwk' });
const faults = [
  ['exponent', /exponent/],
  ['roca', /ROCA/],
  ['close primes', /next to each other/],
  ['small factor', /small factor/],
] as const;

describe.each(faults)('an RSA key with the weakness %s', (name, fault) => {
  test('is found out', () => {
    expect(findRsaWeakness(jwkOf(weak[name]))).toMatch(fault);
  });

  test('is refused in PEM form, with the reason', async () => {
    const pem = publicOf(weak[name]).export({ format: 'pem', type: 'spki' }).toString();
    await expect(readPublicPems(pem)).rejects.toThrow(fault);
  });

  test('is skipped in a key set', async () => {
    const keys = [
      { ...jwkOf(weak[name]), kid: 'weak', alg: 'RS256' },
      { ...jwkOf(strong), kid: 'strong', alg: 'RS256' },
    ];
    const imported = await importKeys({ keys });
    expect([...imported.keys.keys()]).toEqual(['strong']);
    expect(imported.jwks.keys.map(({ kid }) => kid)).toEqual(['strong']);
  });
});

test.each([2048, 3072, 4096])('a key of %d bits that OpenSSL made has none', (modulusLength) => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength });
  expect(findRsaWeakness(publicKey.export({ format: 'jwk' }))).toBeUndefined();
});
