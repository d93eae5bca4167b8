import type { Logger, RunningServer } from '@signet/service';
import {
  createTrustedIssuers,
  noRevocations,
  openRevocations,
  type RevocationFeed,
  refetchOnRevokedKey,
  type TrustedIssuer,
} from '@signet/session';
import type { GatewayConfig } from './config.ts';
import { ownPlatforms } from './config-graph.ts';
import { createDocumentMark } from './documents/document-mark.ts';
import { type StartedEntrance, startEntrance } from './entrance/entrance-server.ts';
import { entrancesOf } from './entrance/entrances.ts';
import { replaceSettings } from './entrance/replace-settings.ts';
import type { SeededAccount } from './pages/layout.ts';
import { openPlanningPool } from './planning/planning-pool.ts';
import type { StartedWorker } from './planning/start-worker.ts';
import { followSettings } from './settings-file/follow-settings.ts';

export type GatewayOptions = {
  /** Seeded accounts for one-click sign-in on the browser pages. Development only. */
  accounts?: readonly SeededAccount[];
  /** A revocation feed that several servers share. Without it, one is opened from REVOCATIONS_DATABASE_URL. */
  revocations?: RevocationFeed | undefined;
  /** The first planning worker, started while everything else was loaded. */
  planningWorker?: StartedWorker | undefined;
  /** The configuration file, to be followed: where it changes, `load` reads it again. */
  settings?: { path: string; load(): GatewayConfig; pollMs?: number };
};

/**
 * Starts the gateway with the entrances that its configuration names. Without names: all of them, outside production.
 *
 * @returns the URL of the first entrance.
 */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
  { accounts = [], revocations: feed, planningWorker, settings }: GatewayOptions = {},
): Promise<RunningServer> {
  // First, since a worker loads what it needs while everything else starts.
  const planning = openPlanningPool({
    logger,
    deadlineMs: config.PLANNING_DEADLINE_MS,
    early: planningWorker,
  });
  const markOf = createDocumentMark();
  const shared: (() => Promise<void>)[] = [planning.stop];
  const running: StartedEntrance[] = [];
  let endFollowing = async () => {};
  const stop = async () => {
    await endFollowing();
    await Promise.all(running.map((server) => server.stop()));
    await Promise.all(shared.map((stopOne) => stopOne()));
  };
  // Until a server listens, only a worker is at work, and a worker does not keep the process alive.
  const starting = setInterval(() => {}, 60_000);
  try {
    let issuers = await openIssuers(config, logger);
    const revocations = await openProcessRevocations(config, logger, feed);
    shared.push(() => revocations.stop());
    refetchOnRevokedKey(() => issuers, revocations.source);
    const options = { config, logger, issuers, revocations, planning, markOf, accounts };
    const started = await Promise.allSettled(
      entrancesOf(config).map((entrance) => startEntrance(entrance, options)),
    );
    running.push(...started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
    const failed = started.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    if (settings) {
      endFollowing = await followSettings({
        ...settings,
        config,
        logger,
        async replace(next, isIssuerChange) {
          const trusted = isIssuerChange ? await openIssuers(next, logger, issuers) : issuers;
          await replaceSettings(running, next, trusted);
          issuers = trusted;
        },
      });
    }
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearInterval(starting);
  }
  return { url: running[0]?.url ?? '', stop };
}

/** `previous`: those trusted until now. */
async function openIssuers(
  config: GatewayConfig,
  logger: Logger,
  previous: readonly TrustedIssuer[] = [],
): Promise<readonly TrustedIssuer[]> {
  const { issuers: list } = config;
  const issuers = await createTrustedIssuers(config, logger, {
    wanted: ownPlatforms(config),
    needsTenant: config.SUPERGRAPH_FILE === undefined,
    ...(list && { list }),
    previous,
  });
  if (issuers.length === 0) {
    logger.warn('no issuer is configured: every caller is anonymous, and every token is refused');
  }
  return issuers;
}

/** A gateway that verifies no token opens no database, and one for an issuer without revocations has none to open. */
async function openProcessRevocations(
  config: GatewayConfig,
  logger: Logger,
  feed: RevocationFeed | undefined,
) {
  if (ownPlatforms(config).length === 0) return noRevocations;
  const isWithout =
    config.SUPERGRAPH_FILE !== undefined &&
    config.REVOCATIONS_OFF_IN_PRODUCTION &&
    config.REVOCATIONS_DATABASE_URL === undefined;
  if (!isWithout) return openRevocations(config, logger, feed);
  logger.warn(
    'REVOCATIONS_OFF_IN_PRODUCTION=yes: a token is valid until it expires, whatever its issuer says',
  );
  return noRevocations;
}
