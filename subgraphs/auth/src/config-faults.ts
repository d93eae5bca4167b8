import { type Platform, platforms } from '@signet/schema/contract';

type Checked = {
  AUTH_PLATFORMS: Platform | 'both';
  PASSWORD_PEPPER: Buffer;
  USER_DATABASE_URL?: string | undefined;
  PORTAL_DATABASE_URL?: string | undefined;
  USER_KEY_ENCRYPTION_KEY?: Buffer | undefined;
  PORTAL_KEY_ENCRYPTION_KEY?: Buffer | undefined;
  USER_JWKS_URL?: string | undefined;
  PORTAL_JWKS_URL?: string | undefined;
};

export type ConfigFault = { variable: string; fault: string };

/** What is wrong between variables: one that AUTH_PLATFORMS asks for and is missing, and secrets that are the same. */
export function findConfigFaults(config: Checked): ConfigFault[] {
  return [...platforms.flatMap((platform) => findMissing(config, platform)), ...findEqualSecrets(config)];
}

function findMissing(config: Checked, platform: Platform): ConfigFault[] {
  const prefix = platform === 'user' ? 'USER' : 'PORTAL';
  const isHeld = config.AUTH_PLATFORMS === platform || config.AUTH_PLATFORMS === 'both';
  const names = isHeld
    ? ([`${prefix}_DATABASE_URL`, `${prefix}_KEY_ENCRYPTION_KEY`] as const)
    : ([`${prefix}_JWKS_URL`] as const);
  return names
    .filter((variable) => config[variable] === undefined)
    .map((variable) => ({
      variable,
      fault: `is not set (AUTH_PLATFORMS=${config.AUTH_PLATFORMS} needs it)`,
    }));
}

/** One secret in two places is lost twice. */
function findEqualSecrets(config: Checked): ConfigFault[] {
  const names = ['PASSWORD_PEPPER', 'USER_KEY_ENCRYPTION_KEY', 'PORTAL_KEY_ENCRYPTION_KEY'] as const;
  return names.flatMap((variable, index) => {
    const same = names.slice(0, index).find((earlier) => {
      const value = config[earlier];
      return value !== undefined && config[variable]?.equals(value);
    });
    return same ? [{ variable, fault: `must differ from ${same}` }] : [];
  });
}
