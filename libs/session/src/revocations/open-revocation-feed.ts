import { ConfigError, configFields, type Logger, type ReadinessCheck } from '@signet/service';
import type { TrustedIssuer } from '../trusted-issuers.ts';
import { createPostgresConnector } from './postgres-revocations.ts';
import { type RevocationFeed, startRevocationFeed } from './revocation-feed.ts';
import { nothingRevoked, type RevocationSource } from './revocation-set.ts';

/** Variables of every process that is told of revocations. */
export const revocationConfigFields = {
  /** As the role `signet_verifier`, which may read revocations and nothing else. Must be set in production. */
  REVOCATIONS_DATABASE_URL: configFields.postgresUrl.optional(),
};

export type RevocationConfig = {
  NODE_ENV: 'development' | 'production' | 'test';
  REVOCATIONS_DATABASE_URL?: string | undefined;
};

/** In production a process must be told of revocations. */
export function findRevocationFaults({ NODE_ENV, REVOCATIONS_DATABASE_URL }: RevocationConfig) {
  return NODE_ENV === 'production' && REVOCATIONS_DATABASE_URL === undefined
    ? [
        {
          variable: 'REVOCATIONS_DATABASE_URL',
          fault: 'is not set; without it logout would not end access tokens',
        },
      ]
    : [];
}

/** How long a start waits for the first read. After it the process runs on, not ready. */
const firstReadTimeoutMs = 3000;

/**
 * Opens the revocation feed of a process; one is enough for all its servers. Undefined outside production where no
 * database is named: then access tokens live until they expire.
 *
 * @throws {ConfigError} in production without REVOCATIONS_DATABASE_URL.
 */
export async function openRevocationFeed(
  config: RevocationConfig,
  logger: Logger,
): Promise<RevocationFeed | undefined> {
  const faults = findRevocationFaults(config);
  if (faults.length > 0) throw new ConfigError(faults.map(({ variable, fault }) => `${variable}: ${fault}`));
  const { REVOCATIONS_DATABASE_URL: url } = config;
  if (url === undefined) {
    logger.warn('REVOCATIONS_DATABASE_URL is not set: access tokens outlive logout until they expire');
    return undefined;
  }
  const feed = startRevocationFeed({
    connect: createPostgresConnector(url),
    onFailure: (error) =>
      logger.warn(
        { err: error, lag: feed.lag() },
        'the revocations can not be read; 30 s after the last read, staff are answered 503',
      ),
    onRecovery: () => logger.info({ revocations: feed.size() }, 'the revocations are read again'),
  });
  await feed.waitUntilRead(firstReadTimeoutMs);
  return feed;
}

export type ProcessRevocations = {
  source: RevocationSource;
  readiness: readonly ReadinessCheck[];
  stop(): Promise<void>;
};

/**
 * What a server asks for revocations: the feed that it is given, which it shares with others and leaves running, or one of
 * its own.
 *
 * @throws {ConfigError} as openRevocationFeed.
 */
export async function openRevocations(
  config: RevocationConfig,
  logger: Logger,
  shared: RevocationFeed | undefined,
): Promise<ProcessRevocations> {
  const own = shared ? undefined : await openRevocationFeed(config, logger);
  const feed = shared ?? own;
  return {
    source: feed ?? nothingRevoked,
    readiness: feed ? [{ name: 'revocations', check: feed.checkReady, measure: feed.lag }] : [],
    stop: async () => own?.stop(),
  };
}

/** When a signing key is revoked, its issuer's keys are read anew at once: another key signs from then on. */
export function refetchOnRevokedKey(issuers: readonly TrustedIssuer[], revocations: RevocationSource): void {
  revocations.onKeyRevoked((platform) => {
    for (const issuer of issuers) {
      if (issuer.platform === platform) issuer.keys.refetch();
    }
  });
}
