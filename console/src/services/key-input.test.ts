import { expect, test } from 'vitest';
import { readKeyInput } from './key-input.ts';

const rsaParameters = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
const usages: KeyUsage[] = ['sign', 'verify'];
const ed25519 = (await crypto.subtle.generateKey('Ed25519', true, usages)) as CryptoKeyPair;
const rsa = await crypto.subtle.generateKey(rsaParameters, true, usages);
const jwkOf = (key: CryptoKey) => crypto.subtle.exportKey('jwk', key);
const [publicJwk, privateJwk, privateRsa] = await Promise.all([
  jwkOf(ed25519.publicKey),
  jwkOf(ed25519.privateKey),
  jwkOf(rsa.privateKey),
]);

test('takes a public JWK, and the https address of a set', () => {
  expect(readKeyInput(` ${JSON.stringify(publicJwk, null, 2)}\n`)).toEqual({ kind: 'jwk', jwk: publicJwk });
  const jwksUrl = 'https://partner.example/jwks.json';
  expect(readKeyInput(jwksUrl)).toEqual({ kind: 'url', jwksUrl });
});

test.each([
  ['Ed25519', JSON.stringify(privateJwk)],
  ['RSA', JSON.stringify(privateRsa, null, 2)],
  ['symmetric', '{"kty":"oct","k":"c2VjcmV0"}'],
  ['a set', JSON.stringify({ keys: [publicJwk, privateJwk] })],
  ['escaped', String.raw`{"kty":"OKP","crv":"Ed25519","x":"AA","\u0064":"AA"}`],
  ['cut off', JSON.stringify(privateRsa).slice(0, -10)],
  ['a JavaScript object', "{ 'kty': 'OKP', 'd' : 'AA' }"],
  ['PEM', '-----BEGIN PRIVATE KEY-----\nAA'],
  ['OpenSSH', '-----BEGIN OPENSSH PRIVATE KEY-----\nAA'],
])('finds a private key: %s', (_form, text) => {
  expect(readKeyInput(text)).toEqual({ kind: 'private' });
});

test.each(['', 'x', '{}', '[]', 'null', '{"kty":1}', 'http://partner.example/jwks.json', 'https://'])(
  'takes nothing else: %j',
  (text) => {
    expect(readKeyInput(text)).toEqual({ kind: 'unreadable' });
  },
);
