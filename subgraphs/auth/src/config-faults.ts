import { type Platform, platforms, type SigningAlgorithm } from '@signet/schema/contract';

type Texts<Suffix extends string> = Partial<
  Record<`USER_${Suffix}` | `PORTAL_${Suffix}`, string | undefined>
>;

type Checked = {
  AUTH_PLATFORMS: Platform | 'both';
  PASSWORD_PEPPER: Buffer;
  AUDIT_KEY: Buffer;
  USER_KEY_ENCRYPTION_KEY?: Buffer | undefined;
  PORTAL_KEY_ENCRYPTION_KEY?: Buffer | undefined;
  USER_KEY_ROTATION_DAYS?: number | undefined;
  PORTAL_KEY_ROTATION_DAYS?: number | undefined;
  USER_SIGNING_ALGORITHM?: SigningAlgorithm | undefined;
  PORTAL_SIGNING_ALGORITHM?: SigningAlgorithm | undefined;
} & Texts<'DATABASE_URL' | 'PRIVATE_KEY' | 'PUBLIC_KEYS' | 'JWKS_URL'>;

export type ConfigFault = { variable: string; fault: string };

/** What is wrong between variables: one that AUTH_PLATFORMS asks for and is missing, two that exclude each other, and secrets that are the same. */
export function findConfigFaults(config: Checked): ConfigFault[] {
  return [
    ...platforms.flatMap((platform) =>
      config.AUTH_PLATFORMS === platform || config.AUTH_PLATFORMS === 'both'
        ? findFaultsOfHeld(config, prefixOf(platform))
        : findFaultsOfForeign(config, prefixOf(platform)),
    ),
    ...findEqualSecrets(config),
  ];
}

type Prefix = 'USER' | 'PORTAL';

function prefixOf(platform: Platform): Prefix {
  return platform === 'user' ? 'USER' : 'PORTAL';
}

/** Whoever holds a platform signs for it: with keys in its database, or with keys that the configuration gives. */
function findFaultsOfHeld(config: Checked, prefix: Prefix): ConfigFault[] {
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

/** What would have no effect beside a key that the configuration gives, and might be believed to have one. */
function findFaultsBesidePem(config: Checked, prefix: Prefix): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (config[`${prefix}_KEY_ENCRYPTION_KEY`] !== undefined) {
    const fault = `is set together with ${prefix}_PRIVATE_KEY: keys lie in the database or in files; keep one`;
    faults.push({ variable: `${prefix}_KEY_ENCRYPTION_KEY`, fault });
  }
  if (config[`${prefix}_KEY_ROTATION_DAYS`]) {
    const fault = `is set together with ${prefix}_PRIVATE_KEY: keys in files do not rotate by themselves`;
    faults.push({ variable: `${prefix}_KEY_ROTATION_DAYS`, fault });
  }
  if (config[`${prefix}_SIGNING_ALGORITHM`] !== undefined) {
    const fault = `is set together with ${prefix}_PRIVATE_KEY: the algorithm is that of the key`;
    faults.push({ variable: `${prefix}_SIGNING_ALGORITHM`, fault });
  }
  return faults;
}

/** A platform that this process only recognises: it verifies, and must not be able to sign. */
function findFaultsOfForeign(config: Checked, prefix: Prefix): ConfigFault[] {
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
    const fault = `is set, though this process does not sign for that platform (AUTH_PLATFORMS=${config.AUTH_PLATFORMS}); take it away`;
    faults.push({ variable: `${prefix}_PRIVATE_KEY`, fault });
  }
  return faults;
}

/** One secret in two places is lost twice. */
function findEqualSecrets(config: Checked): ConfigFault[] {
  const names = [
    'PASSWORD_PEPPER',
    'USER_KEY_ENCRYPTION_KEY',
    'PORTAL_KEY_ENCRYPTION_KEY',
    'AUDIT_KEY',
  ] as const;
  return names.flatMap((variable, index) => {
    const same = names.slice(0, index).find((earlier) => {
      const value = config[earlier];
      return value !== undefined && config[variable]?.equals(value);
    });
    return same ? [{ variable, fault: `must differ from ${same}` }] : [];
  });
}
