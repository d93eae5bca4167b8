import { audienceOf, issuerOf, type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, type Logger } from '@signet/service';
import { createJwksClient, type KeySource } from './jwks-client.ts';
import { createStaticKeySource, PublicPemError, readPublicPems } from './public-pems.ts';
import { isSafeUrl } from './safe-url.ts';
import { findIssuerFaults, type IssuerConfig, keySourceOf } from './verifier-config.ts';

/** An issuer that a verifier accepts. Keys, audience and platform belong to the issuer, never to the token. */
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

/**
 * The issuers of a deployment, each with its own key set: of both platforms, unless fewer are wanted.
 *
 * @throws {ConfigError} naming the variable: see findIssuerFaults; a text without usable keys; a key in both sets.
 */
export async function createTrustedIssuers(
  config: IssuerConfig,
  logger: Logger,
  wanted: readonly Platform[] = platforms,
): Promise<readonly TrustedIssuer[]> {
  const faults = findIssuerFaults(config, wanted).map(({ variable, fault }) => `${variable}: ${fault}`);
  if (faults.length > 0) {
    throw new ConfigError(faults);
  }
  const pemKids = new Set<string>();
  const createSource = async (platform: Platform): Promise<KeySource> => {
    const { prefix, url, pem = '' } = keySourceOf(config, platform);
    if (url === undefined) return readPems(`${prefix}_PUBLIC_KEYS`, pem, pemKids);
    if (!isSafeUrl(url)) {
      logger.warn(
        { platform },
        'JWKS_INSECURE: public keys are fetched over plain http; anybody on the network path can forge every token',
      );
    }
    return createJwksClient({
      url,
      onFailure: (error) =>
        logger.warn({ err: error, platform }, 'the public keys could not be read; those at hand stay in use'),
    });
  };
  const sources: Partial<Record<Platform, KeySource>> = {};
  // One after the other: the second checks that it holds no key of the first.
  for (const platform of wanted) sources[platform] = await createSource(platform);
  return trustedIssuers(config.ISSUER_URL, sources);
}

/** `takenKids`: keys of the other platform. With a key in both sets, a customer's token could pass for a token of staff. */
async function readPems(variable: string, pem: string, takenKids: Set<string>): Promise<KeySource> {
  try {
    const imported = await readPublicPems(pem);
    const shared = [...imported.keys.keys()].find((kid) => takenKids.has(kid));
    if (shared) throw new PublicPemError(`holds a key of the other platform (${shared})`);
    for (const kid of imported.keys.keys()) takenKids.add(kid);
    return createStaticKeySource(imported);
  } catch (error) {
    throw error instanceof PublicPemError ? new ConfigError([`${variable}: ${error.message}`]) : error;
  }
}
