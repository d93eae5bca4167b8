import type { Logger, RunningServer } from '@signet/service';
import {
  createTrustedIssuers,
  openRevocations,
  type RevocationFeed,
  refetchOnRevokedKey,
} from '@signet/session';
import type { GatewayConfig } from './config.ts';
import { entrances } from './entrances.ts';
import type { SeededAccount } from './pages/index.ts';
import { openPlanningPool } from './planning/index.ts';
import { startEntrance } from './start-entrance.ts';

export type GatewayOptions = {
  /** Seeded accounts for one-click sign-in on the browser pages. Development only. */
  accounts?: readonly SeededAccount[];
  /** A feed that several servers share. Without it, one of REVOCATIONS_DATABASE_URL is opened. */
  revocations?: RevocationFeed | undefined;
};

/**
 * Starts the gateway with the entrances of its configuration; all of them outside production.
 *
 * @returns the URL of the first entrance.
 */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
  { accounts = [], revocations: feed }: GatewayOptions = {},
): Promise<RunningServer> {
  const issuers = await createTrustedIssuers(config, logger);
  const wanted = entrances.filter(({ name }) => config.ENTRANCES?.includes(name) ?? true);
  // First of all: a worker loads what it needs while everything else starts.
  const planning = openPlanningPool({ logger, deadlineMs: config.PLANNING_DEADLINE_MS });
  const shared: (() => Promise<void>)[] = [planning.stop];
  const running: RunningServer[] = [];
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
    await Promise.all(shared.map((stopOne) => stopOne()));
  };
  try {
    const revocations = await openRevocations(config, logger, feed);
    shared.push(() => revocations.stop());
    refetchOnRevokedKey(issuers, revocations.source);
    for (const entrance of wanted) {
      running.push(
        await startEntrance(entrance, { config, logger, issuers, revocations, planning, accounts }),
      );
    }
    await planning.ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: running[0]?.url ?? '', stop };
}
