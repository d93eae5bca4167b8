import type { Platform } from '@signet/schema/contract';
import { ConfigError, type Logger } from '@signet/service';
import { createTrustedIssuers, type TrustedIssuer } from '@signet/session';
import type { Tracing } from '@signet/telemetry/tracing';
import { heldPlatforms, prefixOf } from '../platform-settings.ts';
import type { AuthConfig } from '../settings.ts';
import type { PublicKey } from './signing-key.ts';

/** Stands in for the URL of a held platform: those keys are local and are never fetched. */
const heldUrls = { user: 'http://localhost/held/user', portal: 'http://localhost/held/portal' };

/**
 * The platforms that another auth process holds. Their tokens are recognised, so that one at the wrong field gets the right
 * refusal. They never make this process unready: the two auth processes would wait for each other.
 *
 * @throws {ConfigError} for a JWKS URL that is plain http beyond loopback, or public keys that cannot be read.
 */
export async function createForeignIssuers(
  config: AuthConfig,
  logger: Logger,
  tracing?: Tracing | undefined,
): Promise<readonly TrustedIssuer[]> {
  const { ISSUER_URL, JWKS_INSECURE } = config;
  const held = heldPlatforms(config);
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
  const issuers = await createTrustedIssuers({ ISSUER_URL, JWKS_INSECURE, ...sources }, logger, { tracing });
  return issuers
    .filter(({ platform }) => !held.includes(platform))
    .map((issuer) => ({ ...issuer, keys: { ...issuer.keys, checkReady: async () => undefined } }));
}

/**
 * Like `assertDisjointKeys`, where another process holds the other platform. While that process cannot be reached there is
 * nothing to compare: of two that start together, the later one sees the earlier one's keys.
 *
 * @throws {ConfigError}
 */
export async function assertForeignKeysDiffer(
  config: AuthConfig,
  foreign: readonly TrustedIssuer[],
  own: readonly PublicKey[],
): Promise<void> {
  const kids = new Set(own.map(({ kid }) => kid));
  for (const { platform, keys } of foreign) {
    const jwks = await keys.readJwks();
    const shared = jwks?.keys.find(({ kid }) => kid !== undefined && kids.has(kid));
    if (shared) {
      throw new ConfigError([
        `${foreignKeysVariable(config, platform)}: holds a key with which this process signs (${shared.kid}); the platforms must not share keys`,
      ]);
    }
  }
}

/** The variable that names the keys of a platform that this process does not hold. */
function foreignKeysVariable(config: AuthConfig, platform: Platform): string {
  const prefix = prefixOf(platform);
  return config[`${prefix}_PUBLIC_KEYS`] === undefined ? `${prefix}_JWKS_URL` : `${prefix}_PUBLIC_KEYS`;
}
