import { randomBytes } from 'node:crypto';
import { type Environment, loadConfig } from '@signet/service';
import { proofEnvironment, type TestDatabase } from '@signet/testing';
import { type AuthConfig, authConfigSchema } from '../settings.ts';
import { testPepper } from './accounts.test-support.ts';

export const issuerUrl = 'http://localhost:4000';

/** A configuration as a process reads it; `changes` are environment variables. */
export function testConfig(database: TestDatabase, changes: Environment = {}): AuthConfig {
  return loadConfig(authConfigSchema, {
    PORT: '0',
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    ISSUER_URL: issuerUrl,
    DEFAULT_TENANT: 'demo',
    AUTH_PLATFORMS: 'both',
    USER_DATABASE_URL: database.urlOf('signet_auth_user'),
    PORTAL_DATABASE_URL: database.urlOf('signet_auth_portal'),
    PASSWORD_PEPPER: testPepper.toString('base64'),
    AUDIT_KEY: randomSecret(),
    USER_KEY_ENCRYPTION_KEY: randomSecret(),
    PORTAL_KEY_ENCRYPTION_KEY: randomSecret(),
    ...proofEnvironment(proofNameOf(changes.AUTH_PLATFORMS)),
    ...changes,
  });
}

/** As peers.json names a process that holds these platforms. */
export function proofNameOf(platforms = 'both'): string {
  return platforms === 'both' ? 'auth' : `auth-${platforms}`;
}

export function randomSecret(): string {
  return randomBytes(32).toString('base64');
}
