import type { Platform } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import { createTrustedIssuers, type TrustedIssuer } from '@signet/session';
import type { AuthConfig } from '../config.ts';

/** Stands where a URL of a held platform would: those keys are local and are never fetched. */
const heldUrls = { user: 'http://localhost/held/user', portal: 'http://localhost/held/portal' };

/**
 * The platforms that another auth process holds. Their tokens are recognised, so that one at the wrong field is told so.
 * They never make this process unready: the two auth processes would wait for each other.
 *
 * @throws {ConfigError} for a JWKS URL that is plain http beyond loopback.
 */
export function createForeignIssuers(
  config: AuthConfig,
  held: readonly Platform[],
  logger: Logger,
): readonly TrustedIssuer[] {
  const urlOf = (platform: Platform, url: string | undefined) =>
    held.includes(platform) || url === undefined ? heldUrls[platform] : url;
  const { ISSUER_URL, JWKS_INSECURE } = config;
  const urls = {
    USER_JWKS_URL: urlOf('user', config.USER_JWKS_URL),
    PORTAL_JWKS_URL: urlOf('portal', config.PORTAL_JWKS_URL),
  };
  return createTrustedIssuers({ ISSUER_URL, JWKS_INSECURE, ...urls }, logger)
    .filter(({ platform }) => !held.includes(platform))
    .map((issuer) => ({ ...issuer, keys: { ...issuer.keys, checkReady: async () => undefined } }));
}
