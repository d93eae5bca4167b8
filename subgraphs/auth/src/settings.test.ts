import { type ConfigError, type Environment, loadConfig } from '@signet/service';
import { describe, expect, it } from 'vitest';
import { authConfigSchema } from './settings.ts';
import { randomSecret } from './testing/config.test-support.ts';

const environment: Environment = {
  PORT: '4011',
  ISSUER_URL: 'http://localhost:4000',
  DEFAULT_TENANT: 'demo',
  AUTH_PLATFORMS: 'both',
  PASSWORD_PEPPER: randomSecret(),
  AUDIT_KEY: randomSecret(),
  USER_DATABASE_URL: 'postgres://u@localhost/signet',
  PORTAL_DATABASE_URL: 'postgres://p@localhost/signet',
  USER_KEY_ENCRYPTION_KEY: randomSecret(),
  PORTAL_KEY_ENCRYPTION_KEY: randomSecret(),
  PROOF_KEY_FILE: '/run/proof/key.json',
  PROOF_PEERS_FILE: '/run/proof/peers.json',
};
const faultsOf = (changes: Environment): readonly string[] => {
  try {
    loadConfig(authConfigSchema, { ...environment, ...changes });
    return [];
  } catch (error) {
    return (error as ConfigError).faults;
  }
};

describe('the configuration', () => {
  it('has the lifetimes of the design', () => {
    expect(loadConfig(authConfigSchema, environment)).toMatchObject({
      USER_ACCESS_TOKEN_SECONDS: 900,
      PORTAL_ACCESS_TOKEN_SECONDS: 600,
      USER_REFRESH_IDLE_SECONDS: 2_592_000,
      USER_REFRESH_ABSOLUTE_SECONDS: 7_776_000,
      PORTAL_REFRESH_IDLE_SECONDS: 28_800,
      PORTAL_REFRESH_ABSOLUTE_SECONDS: 43_200,
    });
  });

  it('needs proof keys, without which it cannot tell a gateway from another caller', () => {
    expect(faultsOf({ PROOF_KEY_FILE: '' })).toEqual([expect.stringMatching(/^PROOF_KEY_FILE: is not set/)]);
    expect(faultsOf({ PROOF_KEY_FILE: '', REQUIRE_PROOF: 'no' })).toEqual([]);
  });

  it('needs of a platform what holding it takes', () => {
    expect(faultsOf({ USER_DATABASE_URL: '', PORTAL_KEY_ENCRYPTION_KEY: '' })).toEqual([
      'USER_DATABASE_URL: is not set (AUTH_PLATFORMS=both needs it)',
      'PORTAL_KEY_ENCRYPTION_KEY: is not set (AUTH_PLATFORMS=both needs it)',
    ]);
  });

  it('needs of the other platform only its JWKS URL or its public keys', () => {
    const userOnly = { AUTH_PLATFORMS: 'user', PORTAL_DATABASE_URL: '', PORTAL_KEY_ENCRYPTION_KEY: '' };
    expect(faultsOf(userOnly)).toEqual([
      'PORTAL_JWKS_URL: is not set (AUTH_PLATFORMS=user needs it, or PORTAL_PUBLIC_KEYS)',
    ]);
    expect(faultsOf({ ...userOnly, PORTAL_PUBLIC_KEYS: 'PEMs' })).toEqual([]);
    expect(faultsOf({ ...userOnly, PORTAL_JWKS_URL: 'https://auth.example/portal.json' })).toEqual([]);
  });

  it('takes a private key from the configuration in place of those in the database', () => {
    const pem = { USER_PRIVATE_KEY: 'a PEM', USER_KEY_ENCRYPTION_KEY: '' };
    expect(faultsOf(pem)).toEqual([]);
    expect(faultsOf({ ...pem, USER_PUBLIC_KEYS: 'PEMs', USER_KEY_ROTATION_DAYS: '0' })).toEqual([]);
  });

  it('refuses beside such a key what would have no effect', () => {
    expect(
      faultsOf({ USER_PRIVATE_KEY: 'a PEM', USER_KEY_ROTATION_DAYS: '7', USER_SIGNING_ALGORITHM: 'ES256' }),
    ).toEqual([
      'USER_KEY_ENCRYPTION_KEY: is set together with USER_PRIVATE_KEY: keys are in the database or in files; keep one',
      'USER_KEY_ROTATION_DAYS: is set together with USER_PRIVATE_KEY: keys in files do not rotate by themselves',
      'USER_SIGNING_ALGORITHM: is set together with USER_PRIVATE_KEY: the algorithm is that of the key',
    ]);
  });

  it('names the private key where there are only public ones for a platform that it signs for', () => {
    expect(faultsOf({ USER_PUBLIC_KEYS: 'PEMs', USER_KEY_ENCRYPTION_KEY: '' })).toEqual([
      'USER_PRIVATE_KEY: is not set, though USER_PUBLIC_KEYS is: this process signs (AUTH_PLATFORMS=both)',
    ]);
  });

  it('refuses the private key of a platform that it only verifies', () => {
    expect(
      faultsOf({
        AUTH_PLATFORMS: 'user',
        PORTAL_JWKS_URL: 'https://auth.example/portal.json',
        PORTAL_PRIVATE_KEY: 'a PEM',
      }),
    ).toEqual([
      'PORTAL_PRIVATE_KEY: is set, though this process does not sign for that platform (AUTH_PLATFORMS=user); remove it',
    ]);
  });

  it('takes an interval of whole days for rotation, 0 for never', () => {
    expect(faultsOf({ USER_KEY_ROTATION_DAYS: '0', PORTAL_KEY_ROTATION_DAYS: '90' })).toEqual([]);
    expect(faultsOf({ USER_KEY_ROTATION_DAYS: '-1' })).toEqual([
      'USER_KEY_ROTATION_DAYS: must be a whole number of days, 0 for never',
    ]);
  });

  it('keeps no mails for everybody to read on a production surface, whichever variable makes it one', () => {
    const mail = {
      MAIL_URL: 'mailbox:',
      MAIL_FROM: 'Signet <no-reply@example.com>',
      USER_APP_URL: 'https://shop.example.com',
      PORTAL_APP_URL: 'https://portal.example.com',
    };
    expect(faultsOf(mail)).toEqual([]);
    for (const production of [{ NODE_ENV: 'production' }, { SURFACE: 'production' }]) {
      expect(faultsOf({ ...production, ...mail })).toContainEqual(
        expect.stringMatching(/^MAIL_URL: must be smtp:/),
      );
      expect(faultsOf({ ...production, ...mail, MAIL_URL: 'smtps://mail.example.com' })).not.toContainEqual(
        expect.stringMatching(/^MAIL/),
      );
    }
  });

  it('refuses one secret in two places', () => {
    const secret = randomSecret();
    expect(faultsOf({ USER_KEY_ENCRYPTION_KEY: secret, PORTAL_KEY_ENCRYPTION_KEY: secret })).toEqual([
      'PORTAL_KEY_ENCRYPTION_KEY: must differ from USER_KEY_ENCRYPTION_KEY',
    ]);
    expect(faultsOf({ USER_KEY_ENCRYPTION_KEY: secret, PASSWORD_PEPPER: secret })).toEqual([
      'USER_KEY_ENCRYPTION_KEY: must differ from PASSWORD_PEPPER',
    ]);
    expect(faultsOf({ PASSWORD_PEPPER: secret, AUDIT_KEY: secret })).toEqual([
      'AUDIT_KEY: must differ from PASSWORD_PEPPER',
    ]);
  });

  it('names a malformed variable and never shows its value', () => {
    const faults = faultsOf({
      PASSWORD_PEPPER: 'c2hvcnQ=',
      USER_SIGNING_ALGORITHM: 'HS256',
      AUTH_PLATFORMS: 'all',
    });
    expect(faults.map((fault) => fault.split(':')[0])).toEqual([
      'USER_SIGNING_ALGORITHM',
      'AUTH_PLATFORMS',
      'PASSWORD_PEPPER',
    ]);
    expect(faults.join()).not.toContain('c2hvcnQ=');
  });
});
