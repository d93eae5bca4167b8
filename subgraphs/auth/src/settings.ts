import { passwordAlgorithms } from '@signet/db/password-hash';
import {
  maxAccessTokenSeconds,
  maxImpersonatedTokenSeconds,
  type Platform,
  platforms,
  type SigningAlgorithm,
  signingAlgorithms,
} from '@signet/schema/contract';
import { ConfigError, configFields, type KeyList, processConfigFields } from '@signet/service';
import { findRevocationFaults, issuerConfigFields, revocationConfigFields } from '@signet/session/config';
import { defaultTenantField, findProofFaults, proofConfigFields } from '@signet/subgraph/config';
import { z } from 'zod';
import { auditRetentionField } from './audit/retention-setting.ts';
import { factorConfigFields } from './factors/factor-settings.ts';
import type { PemKeys } from './keys/pem-keys.ts';
import { mailboxUrl, mailConfigFields } from './mail/mail-settings.ts';
import { findPasskeyFaults, passkeyConfigFields } from './passkeys/passkey-settings.ts';
import { serviceConfigFields } from './services/service-settings.ts';

const minute = 60;
const hour = 60 * minute;
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
const count = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'must be a whole number from 1 to 999999999')
  .transform(Number);
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

/** Limits of sign-in. Failures count; an attempt that succeeds is subtracted again. */
export const throttleFields = {
  THROTTLE_WINDOW_SECONDS: configFields.seconds
    .default(hour)
    .describe('How long failures count, from the first one on.'),
  THROTTLE_PAIR_FAILURES: count
    .default(5)
    .describe('Failures for one account from one client address until pauses begin.'),
  THROTTLE_ACCOUNT_FAILURES: count
    .default(50)
    .describe(
      'Failures for one account of all networks from which nobody has signed in to it yet, apart for their first attempts, their second and third, and all later ones.',
    ),
  THROTTLE_ADDRESS_FAILURES: count
    .default(100)
    .describe(
      'Failures from one client address for all accounts. Offices and providers put many people behind one.',
    ),
  THROTTLE_REGISTRATIONS: count
    .default(20)
    .describe('New accounts from one client address, successful or not.'),
  THROTTLE_MAIL_REQUESTS: count
    .default(20)
    .describe('Mails that one client address may ask for: links to reset a password.'),
  THROTTLE_MAILS: count
    .default(5)
    .describe(
      'Mails with links that go to one mailbox until pauses begin: to verify, to reset, to confirm. What is asked for in a pause is answered as always, and not sent.',
    ),
  THROTTLE_MAX_DELAY_SECONDS: configFields.seconds.default(5 * minute).describe('The longest pause.'),
  THROTTLE_SHARED_DELAY_SECONDS: configFields.seconds
    .default(minute)
    .describe(
      'The longest pause of the counters that strangers can fill: an account as a whole, an address as a whole.',
    ),
  THROTTLE_FACTOR_DELAY_SECONDS: configFields.seconds
    .default(hour)
    .describe(
      'The longest pause after wrong second factors of an account, by somebody who has its password. They count for a day.',
    ),
  THROTTLE_NEWCOMER_DELAY_SECONDS: configFields.seconds
    .default(20)
    .describe(
      'The longest pause of an account for the first three attempts of a network. A new device waits this long at most for each network that came to the account before it within the hour, beyond THROTTLE_ACCOUNT_FAILURES.',
    ),
  THROTTLE_KNOWN_DEVICE_SECONDS: configFields.seconds
    .default(180 * day)
    .describe('How long a device stays known for an account after a sign-in there (device tokens).'),
  THROTTLE_KNOWN_ADDRESS_SECONDS: configFields.seconds
    .default(30 * day)
    .describe(
      'How long an address from which somebody signed in to an account stays known for that account.',
    ),
  THROTTLE_MAX_ROWS: count
    .default(200_000)
    .describe(
      'Counters that are kept; beyond this number those with the fewest failures are deleted, and never a pause that runs. 200,000 take some 50 MB.',
    ),
};

const authFields = z.object({
  ...processConfigFields,
  ...platformConfigFields,
  ISSUER_URL: issuerConfigFields.ISSUER_URL,
  JWKS_INSECURE: issuerConfigFields.JWKS_INSECURE,
  ...revocationConfigFields,
  ...proofConfigFields,
  DEFAULT_TENANT: defaultTenantField,
  AUTH_PLATFORMS: z
    .enum(['user', 'portal', 'both'], 'must be user, portal or both')
    .describe(
      'The platforms whose keys, sessions and accounts this process holds: `user`, `portal` or `both`.',
    ),
  PASSWORD_PEPPER: configFields.keys256.describe(
    'Part of every password hash; kept outside the database. A further line for each other pepper that stored hashes may have (docs/keys.md).',
  ),
  PASSWORD_ALGORITHM: z
    .enum(passwordAlgorithms, `must be ${passwordAlgorithms.join(' or ')}`)
    .default('bcrypt')
    .describe(
      'How passwords are hashed from now on: `bcrypt` or `argon2id`. A hash of the other one is made anew when its owner signs in.',
    ),
  AUDIT_KEY: configFields.keys256.describe(
    'Seals the audit log; kept outside the database, so that write access to it is not enough to forge the log. A further line for each other key that seals may have (docs/keys.md).',
  ),
  AUDIT_FAILURES_PER_MINUTE: count
    .default(60)
    .describe(
      'Failed sign-ins of a platform that get a row each in the audit log. Beyond that rate they are sampled.',
    ),
  AUDIT_RETENTION_DAYS: auditRetentionField,
  USER_PASSWORD_THREADS: threads.describe(
    'Threads that hash passwords of customers. By default the number of processors.',
  ),
  PORTAL_PASSWORD_THREADS: threads.describe(
    'Threads that hash passwords of staff. By default the number of processors.',
  ),
  ...mailConfigFields,
  ...factorConfigFields,
  ACCOUNT_DELETION_DAYS: configFields
    .wholeNumber('must be a number of days, 0 to 90', { min: 0, max: 90 })
    .default(14)
    .describe(
      'Days from a customer asking for the end of their account until it is closed and erased. Until then they can keep it.',
    ),
  IMPERSONATION_SECONDS: configFields
    .wholeNumber(`must be a number of seconds, 60 to ${maxImpersonatedTokenSeconds}`, {
      min: 60,
      max: maxImpersonatedTokenSeconds,
    })
    .default(maxImpersonatedTokenSeconds)
    .describe(
      `How long a member of staff may act as a customer with one grant, at most ${maxImpersonatedTokenSeconds}.`,
    ),
  ...passkeyConfigFields,
  PROVIDERS_FILE: z
    .string()
    .optional()
    .describe(
      'Path of a YAML or JSON file whose section `providers` names the identity providers at which people can sign in (docs/identity-providers.md).',
    ),
  ...serviceConfigFields,
  ...throttleFields,
});

export const authConfigSchema = authFields.superRefine((config, issues) => {
  for (const { variable, fault } of [
    ...findConfigFaults(config),
    ...findRevocationFaults(config),
    ...findProofFaults(config),
    ...findPasskeyFaults(config),
  ]) {
    issues.addIssue({ code: 'custom', path: [variable], message: fault });
  }
});

type Fields = z.output<typeof authFields>;
/** `portVariable`: the variable to name when the port is taken; the launcher's ports all follow from PORT_BASE. */
export type AuthConfig = Fields & { portVariable?: string };

type Prefix = 'USER' | 'PORTAL';
type ConfigFault = { variable: string; fault: string };

/** What the variables of a platform begin with. */
export function prefixOf(platform: Platform): Prefix {
  return platform === 'user' ? 'USER' : 'PORTAL';
}

/** The name of this process in peers.json: a gateway must know which platforms it holds. */
export function proofNameOf({ AUTH_PLATFORMS }: Pick<AuthConfig, 'AUTH_PLATFORMS'>): string {
  return AUTH_PLATFORMS === 'both' ? 'auth' : `auth-${AUTH_PLATFORMS}`;
}

/** The platforms that a process with this configuration holds. */
export function heldPlatforms({ AUTH_PLATFORMS }: Pick<AuthConfig, 'AUTH_PLATFORMS'>): readonly Platform[] {
  return AUTH_PLATFORMS === 'both' ? ['user', 'portal'] : [AUTH_PLATFORMS];
}

/** Faults between variables: one that AUTH_PLATFORMS needs and is missing, two that exclude each other, equal secrets. */
function findConfigFaults(config: Fields): ConfigFault[] {
  const held = heldPlatforms(config);
  return [
    ...platforms.flatMap((platform) =>
      held.includes(platform)
        ? findFaultsOfHeld(config, prefixOf(platform))
        : findFaultsOfForeign(config, prefixOf(platform)),
    ),
    ...findMailFaults(config),
    ...findEqualSecrets(config),
  ];
}

/** What mail needs beside its server. */
function findMailFaults(config: Fields): ConfigFault[] {
  if (config.MAIL_URL === undefined) return [];
  const needed = 'is not set (MAIL_URL needs it)';
  const faults: ConfigFault[] = [];
  if (config.MAIL_URL === mailboxUrl && config.NODE_ENV === 'production') {
    const fault =
      'must be smtp://… or smtps://…, or absent: mailbox: shows all mails to everybody (NODE_ENV=production)';
    faults.push({ variable: 'MAIL_URL', fault });
  }
  if (config.MAIL_FROM === undefined) faults.push({ variable: 'MAIL_FROM', fault: needed });
  for (const prefix of heldPlatforms(config).map(prefixOf)) {
    const url = config[`${prefix}_APP_URL`];
    if (url === undefined) faults.push({ variable: `${prefix}_APP_URL`, fault: needed });
    else if (!isSafeAppUrl(url)) {
      faults.push({
        variable: `${prefix}_APP_URL`,
        fault: 'must be https, or http on loopback, without query or fragment',
      });
    }
  }
  return faults;
}

/** Mails carry tokens there. */
function isSafeAppUrl(text: string): boolean {
  const { protocol, hostname, search, hash, username } = new URL(text);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return (protocol === 'https:' || isLoopback) && search === '' && hash === '' && username === '';
}

/** A process that holds a platform signs for it, with keys from its database or from the configuration. */
function findFaultsOfHeld(config: Fields, prefix: Prefix): ConfigFault[] {
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
function findFaultsBesidePem(config: Fields, prefix: Prefix): ConfigFault[] {
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
function findFaultsOfForeign(config: Fields, prefix: Prefix): ConfigFault[] {
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

/** A secret that is used twice is lost twice. */
function findEqualSecrets(config: Fields): ConfigFault[] {
  const names = [
    'PASSWORD_PEPPER',
    'USER_KEY_ENCRYPTION_KEY',
    'PORTAL_KEY_ENCRYPTION_KEY',
    'AUDIT_KEY',
  ] as const;
  return names.flatMap((variable, index) => {
    const same = names
      .slice(0, index)
      .find((earlier) => config[earlier]?.some((key) => config[variable]?.some((own) => own.equals(key))));
    return same ? [{ variable, fault: `must differ from ${same}` }] : [];
  });
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
  keys: KeyOrigin;
  lifetimes: Lifetimes;
  passwordThreads: number | undefined;
};

export type PlatformConfig = Pick<
  AuthConfig,
  Exclude<
    Extract<keyof AuthConfig, `${Prefix}_${string}`>,
    keyof typeof factorConfigFields | keyof typeof passkeyConfigFields
  >
>;

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

export type ThrottleConfig = z.output<z.ZodObject<typeof throttleFields>>;
