import { ConfigError, type Logger, type ReadinessCheck } from '@signet/service';
import type { TrustedIssuer } from '../trusted-issuers.ts';
import { findRevocationFaults, type RevocationConfig } from '../verifier-config.ts';
import { type RevocationFeed, startRevocationFeed } from './revocation-feed.ts';
import { nothingRevoked, type RevocationSource } from './revocation-set.ts';

/** How long a start waits for the first read. After that the process runs on, not ready. */
const firstReadTimeoutMs = 3000;

/**
 * Opens the revocation feed of a process; all its servers can share one. Undefined outside production without
 * REVOCATIONS_DATABASE_URL: access tokens are then valid until they expire.
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
    logger.warn(
      'REVOCATIONS_DATABASE_URL is not set: after a logout, access tokens are valid until they expire',
    );
    return undefined;
  }
  // PostgreSQL's client takes time and memory to load, and many processes verify tokens without a database.
  const { createPostgresConnector } = await import('./postgres-revocations.ts');
  const feed = startRevocationFeed({
    connect: createPostgresConnector(url),
    onFailure: (error) =>
      logger.warn(
        { err: error, lag: feed.lag() },
        'the revocations can not be read; 30 s after the last read, staff are answered 503',
      ),
    onNotifications: (areReceived) =>
      areReceived
        ? logger.info('the connection of the revocations receives NOTIFY again')
        : logger.error(
            'the revocations are read twice a second, since their connection receives no NOTIFY: let REVOCATIONS_DATABASE_URL go to the server itself, past a pooler in transaction mode',
          ),
    onRecovery: () => logger.info({ revocations: feed.size() }, 'the revocations are read again'),
  });
  await feed.waitUntilRead(firstReadTimeoutMs);
  return feed;
}

export type ProcessRevocations = {
  /** Undefined where nothing is ever revoked. */
  feed: RevocationFeed | undefined;
  source: RevocationSource;
  readiness: readonly ReadinessCheck[];
  stop(): Promise<void>;
};

/** For a process that verifies no token. */
export const noRevocations: ProcessRevocations = {
  feed: undefined,
  source: nothingRevoked,
  readiness: [],
  stop: async () => {},
};

/**
 * The revocations for a server: from the given feed, which other servers share and which is left running, or from a feed of its
 * own.
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
    feed,
    source: feed ?? nothingRevoked,
    readiness: feed
      ? [{ name: 'revocations', check: feed.checkReady, findLack: feed.findLack, measure: feed.lag }]
      : [],
    stop: async () => own?.stop(),
  };
}

/**
 * When a signing key is revoked, the log says so, and the keys of its issuer are fetched again at once: from now on another key signs.
 * `issuersNow` gives those that are trusted at that time.
 */
export function refetchOnRevokedKey(
  issuersNow: () => readonly TrustedIssuer[],
  revocations: RevocationSource,
  logger: Pick<Logger, 'warn'>,
): void {
  revocations.onKeyRevoked((platform, kid) => {
    // What was revoked before the process started is no news.
    if (revocations.state() !== 'unread')
      logger.warn({ platform, kid }, 'a signing key was revoked: its tokens are refused from now on');
    for (const issuer of issuersNow()) {
      if (issuer.platform === platform && !issuer.foreign) issuer.keys.refetch();
    }
  });
}
