import type { Platform } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import { createTrustedIssuers, type TrustedIssuer } from '@signet/session';
import type { AuthConfig } from '../config.ts';
import { prefixOf } from '../platform-settings.ts';

/** Stands where a URL of a held platform would: those keys are local and are never fetched. */
const heldUrls = { user: 'http://localhost/held/user', portal: 'http://localhost/held/portal' };

/**
 * The platforms that another auth process holds. Their tokens are recognised, so that one at the wrong field is told so.
 * They never make this process unready: the two auth processes would wait for each other.
 *
 * @throws {ConfigError} for a JWKS URL that is plain http beyond loopback, or public keys that can't be read.
 */
export async function createForeignIssuers(
  config: AuthConfig,
  held: readonly Platform[],
  logger: Logger,
): Promise<readonly TrustedIssuer[]> {
  const { ISSUER_URL, JWKS_INSECURE } = config;
  const sourceOf = (platform: Platform) => {
    const prefix = prefixOf(platform);
    return held.includes(platform)
      ? { [`${prefix}_JWKS_URL`]: heldUrls[platform] }
      : {
          [`${prefix}_JWKS_URL`]: config[`${prefix}_JWKS_URL`],
          [`${prefix}_PUBLIC_KEYS`]: config[`${prefix}_PUBLIC_KEYS`],
        };
  };
  const sources = { ...sourceOf('user'), ...sourceOf('portal') };
  const issuers = await createTrustedIssuers({ ISSUER_URL, JWKS_INSECURE, ...sources }, logger);
  return issuers
    .filter(({ platform }) => !held.includes(platform))
    .map((issuer) => ({ ...issuer, keys: { ...issuer.keys, checkReady: async () => undefined } }));
}

/** Where the keys of a platform come from that this process does not hold. */
export function foreignKeysVariable(config: AuthConfig, platform: Platform): string {
  const prefix = prefixOf(platform);
  return config[`${prefix}_PUBLIC_KEYS`] === undefined ? `${prefix}_JWKS_URL` : `${prefix}_PUBLIC_KEYS`;
}
