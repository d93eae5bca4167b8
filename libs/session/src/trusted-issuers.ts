import { audienceOf, issuerOf, type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, configFields, type Logger } from '@signet/service';
import { createJwksClient, type KeySource } from './jwks-client.ts';
import { createStaticKeySource, PublicPemError, readPublicPems } from './public-pems.ts';

/** An issuer that a verifier accepts. Keys, audience and platform belong to it, never to the token. */
export type TrustedIssuer = { issuer: string; audience: string; platform: Platform; keys: KeySource };

/** The issuers of a Signet deployment for the platforms that a process admits. */
export function trustedIssuers(
  issuerUrl: string,
  keys: Partial<Readonly<Record<Platform, KeySource>>>,
): readonly TrustedIssuer[] {
  return platforms.flatMap((platform) => {
    const source = keys[platform];
    return source
      ? [{ issuer: issuerOf(issuerUrl, platform), audience: audienceOf(platform), platform, keys: source }]
      : [];
  });
}

/** Variables of every process that verifies tokens. For each platform either the URL or the keys themselves. */
export const issuerConfigFields = {
  /** Base of both issuers: `iss` is this, then /user or /portal. */
  ISSUER_URL: configFields.httpUrl,
  USER_JWKS_URL: configFields.httpUrl.optional(),
  PORTAL_JWKS_URL: configFields.httpUrl.optional(),
  /** Public keys in PEM form, from USER_PUBLIC_KEYS_FILE as a rule. Read once: a rotation takes a restart. */
  USER_PUBLIC_KEYS: configFields.pem.optional(),
  PORTAL_PUBLIC_KEYS: configFields.pem.optional(),
  /** `yes` allows plain http beyond loopback. Whoever sits between can then forge every token. */
  JWKS_INSECURE: configFields.flag.default(false),
};

export type IssuerConfig = {
  ISSUER_URL: string;
  USER_JWKS_URL?: string | undefined;
  PORTAL_JWKS_URL?: string | undefined;
  USER_PUBLIC_KEYS?: string | undefined;
  PORTAL_PUBLIC_KEYS?: string | undefined;
  JWKS_INSECURE: boolean;
};

export type VariableFault = { variable: string; fault: string };

/** What is wrong between the variables: a platform whose keys come from nowhere, from two places, or from an unsafe one. */
export function findIssuerFaults(config: IssuerConfig): VariableFault[] {
  const faults = platforms.flatMap((platform) => findPlatformFaults(config, platform));
  if (config.USER_JWKS_URL !== undefined && config.USER_JWKS_URL === config.PORTAL_JWKS_URL) {
    faults.push({
      variable: 'PORTAL_JWKS_URL',
      fault: 'is the same as USER_JWKS_URL; each platform has its own key set',
    });
  }
  return faults;
}

function findPlatformFaults(config: IssuerConfig, platform: Platform): VariableFault[] {
  const { prefix, url, pem } = sourceOf(config, platform);
  if (url === undefined && pem === undefined) {
    return [{ variable: `${prefix}_JWKS_URL`, fault: `is not set, nor is ${prefix}_PUBLIC_KEYS` }];
  }
  if (url !== undefined && pem !== undefined) {
    return [
      { variable: `${prefix}_PUBLIC_KEYS`, fault: `is set together with ${prefix}_JWKS_URL; keep one` },
    ];
  }
  return url === undefined || isSafe(url) || config.JWKS_INSECURE
    ? []
    : [{ variable: `${prefix}_JWKS_URL`, fault: 'must be https beyond loopback (or JWKS_INSECURE=yes)' }];
}

/**
 * The two issuers of a deployment, each with its own key set.
 *
 * @throws {ConfigError} naming the variable: see findIssuerFaults; a text without usable keys; a key in both sets.
 */
export function createTrustedIssuers(config: IssuerConfig, logger: Logger): readonly TrustedIssuer[] {
  const faults = findIssuerFaults(config).map(({ variable, fault }) => `${variable}: ${fault}`);
  if (faults.length > 0) {
    throw new ConfigError(faults);
  }
  const pemKids = new Set<string>();
  const createSource = (platform: Platform): KeySource => {
    const { prefix, url, pem = '' } = sourceOf(config, platform);
    if (url === undefined) return readPems(`${prefix}_PUBLIC_KEYS`, pem, pemKids);
    if (!isSafe(url)) {
      logger.warn(
        { platform },
        'JWKS_INSECURE: public keys are fetched over plain http; who sits between can forge every token',
      );
    }
    return createJwksClient({
      url,
      onFailure: (error) =>
        logger.warn({ err: error, platform }, 'the public keys could not be read; those at hand stay in use'),
    });
  };
  return trustedIssuers(config.ISSUER_URL, { user: createSource('user'), portal: createSource('portal') });
}

/** `takenKids`: of the other platform. With a key in both sets, a customer's token could pass for one of staff. */
function readPems(variable: string, pem: string, takenKids: Set<string>): KeySource {
  try {
    const imported = readPublicPems(pem);
    const shared = [...imported.keys.keys()].find((kid) => takenKids.has(kid));
    if (shared) throw new PublicPemError(`holds a key of the other platform (${shared})`);
    for (const kid of imported.keys.keys()) takenKids.add(kid);
    return createStaticKeySource(imported);
  } catch (error) {
    throw error instanceof PublicPemError ? new ConfigError([`${variable}: ${error.message}`]) : error;
  }
}

function sourceOf(config: IssuerConfig, platform: Platform) {
  const prefix = platform === 'user' ? 'USER' : 'PORTAL';
  return { prefix, url: config[`${prefix}_JWKS_URL`], pem: config[`${prefix}_PUBLIC_KEYS`] } as const;
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
