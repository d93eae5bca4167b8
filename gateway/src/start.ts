import type { Logger, RunningServer } from '@signet/service';
import {
  createTrustedIssuers,
  openRevocations,
  type RevocationFeed,
  refetchOnRevokedKey,
} from '@signet/session';
import type { GatewayConfig } from './config.ts';
import { createDocumentMark } from './documents/document-mark.ts';
import { startEntrance } from './entrance/entrance-server.ts';
import { entrances } from './entrance/entrances.ts';
import type { SeededAccount } from './pages/layout.ts';
import { openPlanningPool } from './planning/planning-pool.ts';

export type GatewayOptions = {
  /** Seeded accounts for one-click sign-in on the browser pages. Development only. */
  accounts?: readonly SeededAccount[];
  /** A revocation feed that several servers share. Without it, one is opened from REVOCATIONS_DATABASE_URL. */
  revocations?: RevocationFeed | undefined;
};

/**
 * Starts the gateway with the entrances that its configuration names. Without names: all of them, outside production.
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
  // First, since a worker loads what it needs while everything else starts.
  const planning = openPlanningPool({ logger, deadlineMs: config.PLANNING_DEADLINE_MS });
  const markOf = createDocumentMark();
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
        await startEntrance(entrance, { config, logger, issuers, revocations, planning, markOf, accounts }),
      );
    }
    await planning.ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: running[0]?.url ?? '', stop };
}
