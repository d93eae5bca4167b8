import type { Platform, SigningAlgorithm } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import type { AuthConfig } from './config.ts';
import type { PemKeys } from './keys/pem-key-ring.ts';

export type Lifetimes = {
  accessTokenSeconds: number;
  /** A session ends when it was not refreshed for this long … */
  refreshIdleSeconds: number;
  /** … and this long after sign-in in any case. */
  refreshAbsoluteSeconds: number;
};

/** Where the signing keys come from. */
export type KeyOrigin =
  | { kind: 'pem'; pems: PemKeys }
  | {
      kind: 'database';
      keyEncryptionKey: Buffer;
      signingAlgorithm: SigningAlgorithm | undefined;
      rotationSeconds: number;
    };

/** One platform's part of the configuration. */
export type PlatformSettings = { databaseUrl: string; keys: KeyOrigin; lifetimes: Lifetimes };

export type PlatformConfig = Pick<AuthConfig, Extract<keyof AuthConfig, `${'USER' | 'PORTAL'}_${string}`>>;

const defaultRotationDays = 30;
const daySeconds = 24 * 3600;

/** @throws {ConfigError} naming what is missing. */
export function getPlatformSettings(config: PlatformConfig, platform: Platform): PlatformSettings {
  const prefix = prefixOf(platform);
  const databaseUrl = config[`${prefix}_DATABASE_URL`];
  if (databaseUrl === undefined) {
    throw new ConfigError([`${prefix}_DATABASE_URL: is not set`]);
  }
  return {
    databaseUrl,
    keys: getKeyOrigin(config, platform),
    lifetimes: {
      accessTokenSeconds: config[`${prefix}_ACCESS_TOKEN_SECONDS`],
      refreshIdleSeconds: config[`${prefix}_REFRESH_IDLE_SECONDS`],
      refreshAbsoluteSeconds: config[`${prefix}_REFRESH_ABSOLUTE_SECONDS`],
    },
  };
}

function getKeyOrigin(config: PlatformConfig, platform: Platform): KeyOrigin {
  const prefix = prefixOf(platform);
  const privateKey = config[`${prefix}_PRIVATE_KEY`];
  const keyEncryptionKey = config[`${prefix}_KEY_ENCRYPTION_KEY`];
  if (privateKey !== undefined) {
    return { kind: 'pem', pems: { privateKey, publicKeys: config[`${prefix}_PUBLIC_KEYS`] } };
  }
  if (keyEncryptionKey === undefined) {
    throw new ConfigError([`${prefix}_KEY_ENCRYPTION_KEY: is not set, and ${prefix}_PRIVATE_KEY neither`]);
  }
  return {
    kind: 'database',
    keyEncryptionKey,
    signingAlgorithm: config[`${prefix}_SIGNING_ALGORITHM`],
    rotationSeconds: rotationSecondsOf(config, platform),
  };
}

/** 0: never by itself. */
export function rotationSecondsOf(config: PlatformConfig, platform: Platform): number {
  return (config[`${prefixOf(platform)}_KEY_ROTATION_DAYS`] ?? defaultRotationDays) * daySeconds;
}

/** What a platform's variables begin with. */
export function prefixOf(platform: Platform): 'USER' | 'PORTAL' {
  return platform === 'user' ? 'USER' : 'PORTAL';
}
