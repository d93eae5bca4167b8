import { type ConfigError, type Environment, loadConfig } from '@signet/service';
import { describe, expect, it } from 'vitest';
import { authConfigSchema } from './config.ts';
import { randomSecret } from './testing/config.test-support.ts';

const environment: Environment = {
  PORT: '4011',
  ISSUER_URL: 'http://localhost:4000',
  DEFAULT_TENANT: 'demo',
  AUTH_PLATFORMS: 'both',
  PASSWORD_PEPPER: randomSecret(),
  USER_DATABASE_URL: 'postgres://u@localhost/signet',
  PORTAL_DATABASE_URL: 'postgres://p@localhost/signet',
  USER_KEY_ENCRYPTION_KEY: randomSecret(),
  PORTAL_KEY_ENCRYPTION_KEY: randomSecret(),
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
  it('has the lifetimes and the algorithm of the design', () => {
    expect(loadConfig(authConfigSchema, environment)).toMatchObject({
      USER_ACCESS_TOKEN_SECONDS: 900,
      PORTAL_ACCESS_TOKEN_SECONDS: 600,
      USER_REFRESH_IDLE_SECONDS: 2_592_000,
      USER_REFRESH_ABSOLUTE_SECONDS: 7_776_000,
      PORTAL_REFRESH_IDLE_SECONDS: 28_800,
      PORTAL_REFRESH_ABSOLUTE_SECONDS: 43_200,
      USER_SIGNING_ALGORITHM: 'EdDSA',
      PORTAL_SIGNING_ALGORITHM: 'EdDSA',
    });
  });

  it('needs of a platform what holding it takes', () => {
    expect(faultsOf({ USER_DATABASE_URL: '', PORTAL_KEY_ENCRYPTION_KEY: '' })).toEqual([
      'USER_DATABASE_URL: is not set (AUTH_PLATFORMS=both needs it)',
      'PORTAL_KEY_ENCRYPTION_KEY: is not set (AUTH_PLATFORMS=both needs it)',
    ]);
  });

  it('needs of the other platform only its JWKS URL', () => {
    const userOnly = { AUTH_PLATFORMS: 'user', PORTAL_DATABASE_URL: '', PORTAL_KEY_ENCRYPTION_KEY: '' };
    expect(faultsOf(userOnly)).toEqual(['PORTAL_JWKS_URL: is not set (AUTH_PLATFORMS=user needs it)']);
    expect(faultsOf({ ...userOnly, PORTAL_JWKS_URL: 'https://auth.example/portal.json' })).toEqual([]);
  });

  it('refuses one secret in two places', () => {
    const secret = randomSecret();
    expect(faultsOf({ USER_KEY_ENCRYPTION_KEY: secret, PORTAL_KEY_ENCRYPTION_KEY: secret })).toEqual([
      'PORTAL_KEY_ENCRYPTION_KEY: must differ from USER_KEY_ENCRYPTION_KEY',
    ]);
    expect(faultsOf({ USER_KEY_ENCRYPTION_KEY: secret, PASSWORD_PEPPER: secret })).toEqual([
      'USER_KEY_ENCRYPTION_KEY: must differ from PASSWORD_PEPPER',
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
