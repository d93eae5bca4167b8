import { createLogger } from '@signet/service';
import { expect, test, vi } from 'vitest';
import { createTrustedIssuers } from './trusted-issuers.ts';

const logger = createLogger('test', 'silent');
const base = {
  ISSUER_URL: 'https://id.example/',
  USER_JWKS_URL: 'https://id.example/user.json',
  PORTAL_JWKS_URL: 'https://id.example/portal.json',
  JWKS_INSECURE: false,
};

test('gives each platform an issuer, an audience and keys of its own', async () => {
  const [user, portal] = await createTrustedIssuers(base, logger);
  expect(user).toMatchObject({
    issuer: 'https://id.example/user',
    audience: 'signet:user',
    platform: 'user',
  });
  expect(portal).toMatchObject({ issuer: 'https://id.example/portal', audience: 'signet:portal' });
  expect(user?.keys).not.toBe(portal?.keys);
});

test.each(['http://127.0.0.1:4011/a', 'http://localhost/a', 'http://[::1]:4011/a', 'https://id.example/a'])(
  'takes keys from %s',
  async (USER_JWKS_URL) => {
    expect(await createTrustedIssuers({ ...base, USER_JWKS_URL }, logger)).toHaveLength(2);
  },
);

test.each([
  'http://id.example/a',
  'http://10.0.0.1/a',
  'http://localhost.evil.example/a',
  'http://127.0.0.1.nip.io/a',
  'http://127.0.0.1@evil.example/a',
])('refuses keys over plain http from %s', async (USER_JWKS_URL) => {
  await expect(createTrustedIssuers({ ...base, USER_JWKS_URL }, logger)).rejects.toThrow(
    'USER_JWKS_URL: must be https',
  );
  const warn = vi.spyOn(logger, 'warn');
  expect(await createTrustedIssuers({ ...base, USER_JWKS_URL, JWKS_INSECURE: true }, logger)).toHaveLength(2);
  expect(warn).toHaveBeenCalled();
});

test('reports all faults at once', async () => {
  const one = 'http://id.example/a';
  await expect(
    createTrustedIssuers({ ...base, USER_JWKS_URL: one, PORTAL_JWKS_URL: one }, logger),
  ).rejects.toThrow(
    /USER_JWKS_URL: must be https[\s\S]*PORTAL_JWKS_URL: must be https[\s\S]*is the same as USER_JWKS_URL/,
  );
});
