import type { Platform, SigningAlgorithm } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import type { AuthConfig } from './config.ts';

export type Lifetimes = {
  accessTokenSeconds: number;
  /** A session ends when it was not refreshed for this long … */
  refreshIdleSeconds: number;
  /** … and this long after sign-in in any case. */
  refreshAbsoluteSeconds: number;
};

/** One platform's part of the configuration. */
export type PlatformSettings = {
  databaseUrl: string;
  keyEncryptionKey: Buffer;
  signingAlgorithm: SigningAlgorithm;
  lifetimes: Lifetimes;
};

/** @throws {ConfigError} naming what is missing. */
export function getPlatformSettings(config: AuthConfig, platform: Platform): PlatformSettings {
  const prefix = platform === 'user' ? 'USER' : 'PORTAL';
  const databaseUrl = config[`${prefix}_DATABASE_URL`];
  const keyEncryptionKey = config[`${prefix}_KEY_ENCRYPTION_KEY`];
  if (databaseUrl === undefined || keyEncryptionKey === undefined) {
    throw new ConfigError([`${prefix}_DATABASE_URL and ${prefix}_KEY_ENCRYPTION_KEY must both be set`]);
  }
  return {
    databaseUrl,
    keyEncryptionKey,
    signingAlgorithm: config[`${prefix}_SIGNING_ALGORITHM`],
    lifetimes: {
      accessTokenSeconds: config[`${prefix}_ACCESS_TOKEN_SECONDS`],
      refreshIdleSeconds: config[`${prefix}_REFRESH_IDLE_SECONDS`],
      refreshAbsoluteSeconds: config[`${prefix}_REFRESH_ABSOLUTE_SECONDS`],
    },
  };
}
