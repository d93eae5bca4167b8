import type { Platform } from '@signet/schema/contract';
import { ConfigError, configFields, type Logger } from '@signet/service';
import { createJwksClient } from './jwks-client.ts';
import { type TrustedIssuer, trustedIssuers } from './verifier.ts';

/** Variables of every process that verifies tokens. */
export const issuerConfigFields = {
  /** Base of both issuers: `iss` is this, then /user or /portal. */
  ISSUER_URL: configFields.httpUrl,
  USER_JWKS_URL: configFields.httpUrl,
  PORTAL_JWKS_URL: configFields.httpUrl,
  /** `yes` allows plain http beyond loopback. Whoever sits between can then forge every token. */
  JWKS_INSECURE: configFields.flag.default(false),
};

export type IssuerConfig = {
  ISSUER_URL: string;
  USER_JWKS_URL: string;
  PORTAL_JWKS_URL: string;
  JWKS_INSECURE: boolean;
};

/**
 * The two issuers of a deployment, each with its own key set.
 *
 * @throws {ConfigError} for a JWKS URL that is plain http beyond loopback, or one URL for both platforms.
 */
export function createTrustedIssuers(config: IssuerConfig, logger: Logger): readonly TrustedIssuer[] {
  const urls = { user: config.USER_JWKS_URL, portal: config.PORTAL_JWKS_URL } satisfies Record<
    Platform,
    string
  >;
  const insecure = Object.entries(urls).filter(([, url]) => !isSafe(url));
  const faults = config.JWKS_INSECURE
    ? []
    : insecure.map(
        ([platform]) =>
          `${platform.toUpperCase()}_JWKS_URL: must be https beyond loopback (or JWKS_INSECURE=yes)`,
      );
  if (urls.user === urls.portal) {
    faults.push('PORTAL_JWKS_URL: is the same as USER_JWKS_URL; each platform has its own key set');
  }
  if (faults.length > 0) {
    throw new ConfigError(faults);
  }
  for (const [platform] of insecure) {
    logger.warn(
      { platform },
      'JWKS_INSECURE: public keys are fetched over plain http; who sits between can forge every token',
    );
  }
  const logFailure = (platform: Platform) => (error: unknown) =>
    logger.warn({ err: error, platform }, 'the public keys could not be read; those at hand stay in use');
  return trustedIssuers(config.ISSUER_URL, {
    user: createJwksClient({ url: urls.user, onFailure: logFailure('user') }),
    portal: createJwksClient({ url: urls.portal, onFailure: logFailure('portal') }),
  });
}

function isSafe(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' ||
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}
