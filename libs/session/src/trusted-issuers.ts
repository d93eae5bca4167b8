import { audienceOf, issuerOf, type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, type LogWriter, type ReadinessCheck } from '@signet/service';
import type { Tracing } from '@signet/telemetry/tracing';
import { createConfiguredIssuers, createLoudPlatformKeys, heldBy } from './issuers/configured-issuers.ts';
import type { ForeignTokenRules } from './issuers/foreign-token.ts';
import { readIssuersFile } from './issuers/issuers-file.ts';
import type { IssuerEntry } from './issuers/issuers-schema.ts';
import { type PlatformKeys, withoutSharedKeys } from './issuers/platform-keys.ts';
import type { ImportedKeys } from './jwks.ts';
import { createJwksClient, type KeySource } from './jwks-client.ts';
import { createStaticKeySource, PublicPemError, readPublicPems } from './public-pems.ts';
import { isSafeUrl } from './safe-url.ts';
import {
  findIssuerFaults,
  type IssuerConfig,
  issuerListRulesOf,
  keySourceOf,
  type VerifierConfig,
} from './verifier-config.ts';

/** An issuer that a verifier accepts. Keys, audience and platform belong to the issuer, never to the token. */
export type TrustedIssuer = {
  issuer: string;
  audience: string;
  platform: Platform;
  keys: KeySource;
  /** How to read the tokens of an issuer of the configuration. Our own have one form (docs/sessions.md). */
  foreign?: ForeignTokenRules;
  /** Where its keys come from, by the configuration. An issuer of the same text may go on with them. */
  keysFrom?: string;
};

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

/** The section `issuers` of a configuration file. */
export type IssuerList = {
  entries: readonly IssuerEntry[];
  /** The file's, from which the paths of key files begin. */
  folder: string;
  /** How a fault names a field: by file, line and column. `path` begins in the list: `[1, 'audience']`. */
  placeOf?: (path: readonly (string | number)[]) => string;
};

export type TrustedIssuersOptions = {
  /** The platforms whose own issuer is trusted; by default both. */
  wanted?: readonly Platform[];
  /** By default that of ISSUERS_FILE. */
  list?: IssuerList;
  /** Whether every caller needs a tenant of the platform's own database. */
  needsTenant?: boolean;
  /** Those trusted until now. One whose keys come from the same place goes on with those that it has, also while it is down. */
  previous?: readonly TrustedIssuer[];
  /** What fetches of keys are traced with. */
  tracing?: Pick<Tracing, 'startWork'> | undefined;
};

/** ISSUER_URL is needed for our own issuers only. */
export type TrustedIssuersConfig = Omit<IssuerConfig, 'ISSUER_URL'> & {
  ISSUER_URL?: string | undefined;
  NODE_ENV?: VerifierConfig['NODE_ENV'];
};

/**
 * The issuers of a process, each with its own key set: our own, and those of the configuration. No key serves both platforms.
 *
 * @throws {ConfigError} naming the variable: see findIssuerFaults; a text without usable keys; a key in both sets. Naming the field: see
 *   createConfiguredIssuers.
 */
export async function createTrustedIssuers(
  config: TrustedIssuersConfig,
  logger: LogWriter,
  { wanted = platforms, list, needsTenant = false, previous = [], tracing }: TrustedIssuersOptions = {},
): Promise<readonly TrustedIssuer[]> {
  const platformKeys = createLoudPlatformKeys(logger);
  const { ISSUER_URL } = config;
  if (ISSUER_URL === undefined && wanted.length > 0) throw new ConfigError(['ISSUER_URL: is not set']);
  const own = await createOwnIssuers(
    { ...config, ISSUER_URL: ISSUER_URL ?? '' },
    { logger, wanted, platformKeys, previous, tracing },
  );
  const { entries, ...place } = list ?? readIssuersFile(config.ISSUERS_FILE);
  const rules = { ...issuerListRulesOf(config, wanted), needsTenant };
  const configured = { ...place, logger, rules, platformKeys, previous, tracing };
  return [...own, ...(await createConfiguredIssuers(entries, configured))];
}

async function createOwnIssuers(
  config: IssuerConfig,
  {
    logger,
    wanted,
    platformKeys,
    previous,
    tracing,
  }: {
    logger: LogWriter;
    wanted: readonly Platform[];
    platformKeys: PlatformKeys;
    previous: readonly TrustedIssuer[];
    tracing: TrustedIssuersOptions['tracing'];
  },
): Promise<readonly TrustedIssuer[]> {
  const faults = findIssuerFaults(config, wanted).map(({ variable, fault }) => `${variable}: ${fault}`);
  if (faults.length > 0) {
    throw new ConfigError(faults);
  }
  const pemKids = new Set<string>();
  const createSource = async (platform: Platform): Promise<KeySource> => {
    const { prefix, url, pem = '' } = keySourceOf(config, platform);
    const holder = { platform, name: `${prefix}_JWKS_URL`, isOwn: true };
    if (url === undefined) {
      const imported = await readPems(`${prefix}_PUBLIC_KEYS`, pem, pemKids);
      platformKeys.hold(imported, { ...holder, name: `${prefix}_PUBLIC_KEYS` }, imported.keys.values());
      return withoutSharedKeys(createStaticKeySource(imported), platformKeys, true);
    }
    if (!isSafeUrl(url)) {
      logger.warn(
        { platform },
        'JWKS_INSECURE: public keys are fetched over plain http; anybody on the network path can forge every token',
      );
    }
    const source = createJwksClient({
      url,
      tracing,
      known: heldBy(previous, url),
      onKeys: (keys) => platformKeys.hold(holder, holder, keys),
      onFailure: (error) =>
        logger.warn({ err: error, platform }, 'the public keys could not be read; those at hand stay in use'),
    });
    return withoutSharedKeys(source, platformKeys, true);
  };
  const sources: Partial<Record<Platform, KeySource>> = {};
  // One after the other: the second checks that it holds no key of the first.
  for (const platform of wanted) sources[platform] = await createSource(platform);
  return trustedIssuers(config.ISSUER_URL, sources).map((issuer) => {
    const { url } = keySourceOf(config, issuer.platform);
    return url === undefined ? issuer : { ...issuer, keysFrom: url };
  });
}

/** `takenKids`: keys of the other platform. With a key in both sets, a customer's token could pass for a token of staff. */
async function readPems(variable: string, pem: string, takenKids: Set<string>): Promise<ImportedKeys> {
  try {
    const imported = await readPublicPems(pem);
    const shared = [...imported.keys.keys()].find((kid) => takenKids.has(kid));
    if (shared) throw new PublicPemError(`holds a key of the other platform (${shared})`);
    for (const kid of imported.keys.keys()) takenKids.add(kid);
    return imported;
  } catch (error) {
    throw error instanceof PublicPemError ? new ConfigError([`${variable}: ${error.message}`]) : error;
  }
}

/** Whether the keys of each issuer can be read. Strangers may read the names: they hold no address. */
export function keyReadiness(issuers: readonly TrustedIssuer[]): readonly ReadinessCheck[] {
  return issuers.map(({ platform, keys, foreign }) => ({
    name: foreign ? `${platform} keys (${foreign.name})` : `${platform} keys`,
    check: () => keys.checkReady(),
  }));
}
