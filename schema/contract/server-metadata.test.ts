import { expect, test } from 'vitest';
import { authorizationServerMetadata } from './server-metadata.ts';

const of = (issuerUrl: string, more: object = {}) =>
  authorizationServerMetadata({ issuerUrl, platform: 'portal', clients: { areSecretsOn: false }, ...more });

test.each(['https://id.example', 'https://id.example/', 'https://id.example//'])(
  'names the keys and endpoints under the issuer (%s)',
  (base) => {
    expect(of(base)).toMatchObject({
      issuer: 'https://id.example/portal',
      jwks_uri: 'https://id.example/.well-known/jwks/portal.json',
      token_endpoint: 'https://id.example/oauth/portal/token',
      introspection_endpoint: 'https://id.example/oauth/portal/introspect',
      revocation_endpoint: 'https://id.example/oauth/portal/revoke',
      grant_types_supported: ['client_credentials'],
      response_types_supported: [],
    });
  },
);

test('names secrets where they are taken, and keys alone elsewhere', () => {
  expect(of('https://id.example').token_endpoint_auth_methods_supported).toEqual(['private_key_jwt']);
  const on = of('https://id.example', { clients: { areSecretsOn: true } });
  for (const endpoint of ['token', 'introspection', 'revocation'])
    expect(on).toMatchObject({
      [`${endpoint}_endpoint_auth_methods_supported`]: [
        'private_key_jwt',
        'client_secret_basic',
        'client_secret_post',
      ],
      [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: ['EdDSA', 'ES256', 'RS256'],
    });
});

test('names endpoints where they are reached, under the same issuer', () => {
  expect(of('http://localhost:4000', { keysUrl: 'http://localhost:4002' })).toMatchObject({
    issuer: 'http://localhost:4000/portal',
    token_endpoint: 'http://localhost:4002/oauth/portal/token',
  });
});

test('names no endpoint where there is none', () => {
  const metadata = of('https://id.example', { clients: undefined });
  expect(Object.keys(metadata).filter((name) => name.includes('endpoint'))).toEqual([
    'token_endpoint_auth_methods_supported',
  ]);
  expect(metadata.token_endpoint_auth_methods_supported).toEqual(['none']);
});
