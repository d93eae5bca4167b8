import { atHost } from '@signet/db/at-host';
import {
  maxAccessTokenSeconds,
  type Platform,
  type SigningAlgorithm,
  signingAlgorithms,
} from '@signet/schema/contract';
import { ConfigError, configFields, type KeyList } from '@signet/service';
import { issuerConfigFields } from '@signet/session/config';
import { z } from 'zod';
import type { PemKeys } from './keys/pem-keys.ts';

const hour = 3600;
const day = 24 * hour;
const defaultRotationDays = 30;

const algorithm = z.enum(signingAlgorithms, `must be one of ${signingAlgorithms.join(', ')}`).optional();
const rotationDays = z
  .string()
  .regex(/^\d{1,4}$/, 'must be a whole number of days, 0 for never')
  .transform(Number)
  .optional();
const threads = z
  .string()
  .regex(/^([1-9]|[1-5]\d|6[0-4])$/, 'must be a whole number from 1 to 64')
  .transform(Number)
  .optional();
const accessTokenSeconds = configFields.seconds.refine(
  (seconds) => seconds <= maxAccessTokenSeconds,
  `must be at most ${maxAccessTokenSeconds}: revocations are kept for that long`,
);

/** What a process needs for each platform that it holds. Optional here; AUTH_PLATFORMS decides which must be set. */
export const platformConfigFields = {
  USER_DATABASE_URL: configFields.postgresUrl
    .optional()
    .describe('The database as the role `signet_auth_user`.'),
  PORTAL_DATABASE_URL: configFields.postgresUrl
    .optional()
    .describe('The database as the role `signet_auth_portal`.'),
  DATABASE_DIRECT_HOST: configFields.databaseHost
    .optional()
    .describe(
      'The PostgreSQL server itself, as `host` or `host:port`, where the URLs above lead to a pooler (PgBouncer): for LISTEN (docs/database.md).',
    ),
  USER_KEY_ENCRYPTION_KEY: configFields.keys256
    .optional()
    .describe(
      'Seals the private keys of customer tokens in the database. A further line for each other key that may have sealed one (docs/keys.md).',
    ),
  PORTAL_KEY_ENCRYPTION_KEY: configFields.keys256
    .optional()
    .describe('Seals the private keys of staff tokens in the database.'),
  USER_PRIVATE_KEY: configFields.secret
    .optional()
    .describe('A PEM key that signs customer tokens, in place of the keys in the database.'),
  PORTAL_PRIVATE_KEY: configFields.secret
    .optional()
    .describe('A PEM key that signs staff tokens, in place of the keys in the database.'),
  USER_PUBLIC_KEYS: z
    .string()
    .optional()
    .describe(
      'PEM keys whose tokens are accepted besides: beside USER_PRIVATE_KEY, or where the process does not hold the platform.',
    ),
  PORTAL_PUBLIC_KEYS: z.string().optional().describe('The same beside PORTAL_PRIVATE_KEY.'),
  USER_JWKS_URL: issuerConfigFields.USER_JWKS_URL.describe(
    'Where the public keys of customer tokens are published. Only for a process that does not hold the platform.',
  ),
  PORTAL_JWKS_URL: issuerConfigFields.PORTAL_JWKS_URL.describe(
    'Where the public keys of staff tokens are published. Only for a process that does not hold the platform.',
  ),
  USER_SIGNING_ALGORITHM: algorithm.describe(
    `The algorithm of the next key for customers: ${signingAlgorithms.join(', ')}. By default that of the key in use, and ${signingAlgorithms[0]} for the first.`,
  ),
  PORTAL_SIGNING_ALGORITHM: algorithm.describe('The algorithm of the next key for staff.'),
  USER_KEY_ROTATION_DAYS: rotationDays.describe(
    `Days after which the next key for customers takes over, by default ${defaultRotationDays}. 0: only by \`npm run keys -- rotate\`.`,
  ),
  PORTAL_KEY_ROTATION_DAYS: rotationDays.describe('Days after which the next key for staff takes over.'),
  USER_ACCESS_TOKEN_SECONDS: accessTokenSeconds
    .default(900)
    .describe(`Life of an access token of a customer, at most ${maxAccessTokenSeconds}.`),
  PORTAL_ACCESS_TOKEN_SECONDS: accessTokenSeconds
    .default(600)
    .describe('Life of an access token of a member of staff.'),
  USER_REFRESH_IDLE_SECONDS: configFields.seconds
    .default(30 * day)
    .describe('A session of a customer ends when it has not been refreshed for this long.'),
  USER_REFRESH_ABSOLUTE_SECONDS: configFields.seconds
    .default(90 * day)
    .describe('A session of a customer ends this long after sign-in in any case.'),
  PORTAL_REFRESH_IDLE_SECONDS: configFields.seconds
    .default(8 * hour)
    .describe('A session of a member of staff ends when it has not been refreshed for this long.'),
  PORTAL_REFRESH_ABSOLUTE_SECONDS: configFields.seconds
    .default(12 * hour)
    .describe('A session of a member of staff ends this long after sign-in in any case.'),
};

export const passwordThreadFields = {
  USER_PASSWORD_THREADS: threads.describe(
    'Threads that hash passwords of customers. By default the number of processors.',
  ),
  PORTAL_PASSWORD_THREADS: threads.describe(
    'Threads that hash passwords of staff. By default the number of processors.',
  ),
};

type PlatformFields = z.output<z.ZodObject<typeof platformConfigFields>>;
export type PlatformConfig = PlatformFields & Partial<z.output<z.ZodObject<typeof passwordThreadFields>>>;
type SigningConfig = PlatformFields & HeldPlatforms;

export type Prefix = 'USER' | 'PORTAL';
/** A fault of one variable beside others, for the operator. */
export type ConfigFault = { variable: string; fault: string };
/** Which platforms a process holds. */
type HeldPlatforms = { AUTH_PLATFORMS: 'user' | 'portal' | 'both' };

/** What the variables of a platform begin with. */
export function prefixOf(platform: Platform): Prefix {
  return platform === 'user' ? 'USER' : 'PORTAL';
}

/** The name of this process in its log, metrics and traces, and in peers.json: a gateway must know which platforms it holds. */
export function processNameOf({ AUTH_PLATFORMS }: HeldPlatforms): string {
  return AUTH_PLATFORMS === 'both' ? 'auth' : `auth-${AUTH_PLATFORMS}`;
}

/** The platforms that a process with this configuration holds. */
export function heldPlatforms({ AUTH_PLATFORMS }: HeldPlatforms): readonly Platform[] {
  return AUTH_PLATFORMS === 'both' ? ['user', 'portal'] : [AUTH_PLATFORMS];
}

/** What AUTH_PLATFORMS asks of a platform's variables: what it needs and is missing, and what excludes each other. */
export function findPlatformFaults(config: SigningConfig, platform: Platform): ConfigFault[] {
  const find = heldPlatforms(config).includes(platform) ? findFaultsOfHeld : findFaultsOfForeign;
  return find(config, prefixOf(platform));
}

/** A process that holds a platform signs for it, with keys from its database or from the configuration. */
function findFaultsOfHeld(config: SigningConfig, prefix: Prefix): ConfigFault[] {
  const needed = { fault: `is not set (AUTH_PLATFORMS=${config.AUTH_PLATFORMS} needs it)` };
  const faults: ConfigFault[] = [];
  if (config[`${prefix}_DATABASE_URL`] === undefined) {
    faults.push({ variable: `${prefix}_DATABASE_URL`, ...needed });
  }
  if (config[`${prefix}_PRIVATE_KEY`] !== undefined) {
    return [...faults, ...findFaultsBesidePem(config, prefix)];
  }
  if (config[`${prefix}_PUBLIC_KEYS`] !== undefined) {
    const fault = `is not set, though ${prefix}_PUBLIC_KEYS is: this process signs (AUTH_PLATFORMS=${config.AUTH_PLATFORMS})`;
    return [...faults, { variable: `${prefix}_PRIVATE_KEY`, fault }];
  }
  if (config[`${prefix}_KEY_ENCRYPTION_KEY`] === undefined) {
    faults.push({ variable: `${prefix}_KEY_ENCRYPTION_KEY`, ...needed });
  }
  return faults;
}

/** Variables that have no effect beside a PEM key, though a reader would think they had. */
function findFaultsBesidePem(config: SigningConfig, prefix: Prefix): ConfigFault[] {
  const beside = `is set together with ${prefix}_PRIVATE_KEY`;
  const faults: ConfigFault[] = [];
  if (config[`${prefix}_KEY_ENCRYPTION_KEY`] !== undefined) {
    const fault = `${beside}: keys are in the database or in files; keep one`;
    faults.push({ variable: `${prefix}_KEY_ENCRYPTION_KEY`, fault });
  }
  if (config[`${prefix}_KEY_ROTATION_DAYS`]) {
    const fault = `${beside}: keys in files do not rotate by themselves`;
    faults.push({ variable: `${prefix}_KEY_ROTATION_DAYS`, fault });
  }
  if (config[`${prefix}_SIGNING_ALGORITHM`] !== undefined) {
    const fault = `${beside}: the algorithm is that of the key`;
    faults.push({ variable: `${prefix}_SIGNING_ALGORITHM`, fault });
  }
  return faults;
}

/** For a platform that it does not hold, the process verifies tokens and must not be able to sign. */
function findFaultsOfForeign(config: SigningConfig, prefix: Prefix): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const hasUrl = config[`${prefix}_JWKS_URL`] !== undefined;
  const hasKeys = config[`${prefix}_PUBLIC_KEYS`] !== undefined;
  if (!hasUrl && !hasKeys) {
    const fault = `is not set (AUTH_PLATFORMS=${config.AUTH_PLATFORMS} needs it, or ${prefix}_PUBLIC_KEYS)`;
    faults.push({ variable: `${prefix}_JWKS_URL`, fault });
  }
  if (hasUrl && hasKeys) {
    const fault = `is set together with ${prefix}_JWKS_URL; keep one`;
    faults.push({ variable: `${prefix}_PUBLIC_KEYS`, fault });
  }
  if (config[`${prefix}_PRIVATE_KEY`] !== undefined) {
    const fault = `is set, though this process does not sign for that platform (AUTH_PLATFORMS=${config.AUTH_PLATFORMS}); remove it`;
    faults.push({ variable: `${prefix}_PRIVATE_KEY`, fault });
  }
  return faults;
}

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
      /** The first seals, all open. */
      keyEncryptionKeys: KeyList;
      signingAlgorithm: SigningAlgorithm | undefined;
      rotationSeconds: number;
    };

/** One platform's part of the configuration. */
export type PlatformSettings = {
  databaseUrl: string;
  /** Past a pooler: notifications arrive there. */
  directDatabaseUrl: string;
  keys: KeyOrigin;
  lifetimes: Lifetimes;
  passwordThreads: number | undefined;
};

/** @throws {ConfigError} naming what is missing. */
export function getPlatformSettings(config: PlatformConfig, platform: Platform): PlatformSettings {
  const prefix = prefixOf(platform);
  const databaseUrl = config[`${prefix}_DATABASE_URL`];
  if (databaseUrl === undefined) {
    throw new ConfigError([`${prefix}_DATABASE_URL: is not set`]);
  }
  const { DATABASE_DIRECT_HOST: host } = config;
  return {
    databaseUrl,
    directDatabaseUrl: host === undefined ? databaseUrl : atHost(databaseUrl, host),
    keys: getKeyOrigin(config, platform),
    lifetimes: {
      accessTokenSeconds: config[`${prefix}_ACCESS_TOKEN_SECONDS`],
      refreshIdleSeconds: config[`${prefix}_REFRESH_IDLE_SECONDS`],
      refreshAbsoluteSeconds: config[`${prefix}_REFRESH_ABSOLUTE_SECONDS`],
    },
    passwordThreads: config[`${prefix}_PASSWORD_THREADS`],
  };
}

function getKeyOrigin(config: PlatformConfig, platform: Platform): KeyOrigin {
  const prefix = prefixOf(platform);
  const privateKey = config[`${prefix}_PRIVATE_KEY`];
  const keyEncryptionKeys = config[`${prefix}_KEY_ENCRYPTION_KEY`];
  if (privateKey !== undefined) {
    return { kind: 'pem', pems: { privateKey, publicKeys: config[`${prefix}_PUBLIC_KEYS`] } };
  }
  if (keyEncryptionKeys === undefined) {
    throw new ConfigError([`${prefix}_KEY_ENCRYPTION_KEY: is not set, and neither is ${prefix}_PRIVATE_KEY`]);
  }
  return {
    kind: 'database',
    keyEncryptionKeys,
    signingAlgorithm: config[`${prefix}_SIGNING_ALGORITHM`],
    rotationSeconds: rotationSecondsOf(config, platform),
  };
}

/** Seconds between two rotations; 0: keys rotate only when an operator asks. */
export function rotationSecondsOf(config: PlatformConfig, platform: Platform): number {
  return (config[`${prefixOf(platform)}_KEY_ROTATION_DAYS`] ?? defaultRotationDays) * day;
}
