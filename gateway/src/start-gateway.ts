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
  { accounts = [], revocations: shared }: GatewayOptions = {},
): Promise<RunningServer> {
  const issuers = createTrustedIssuers(config, logger);
  const wanted = entrances.filter(({ name }) => config.ENTRANCES?.includes(name) ?? true);
  const revocations = await openRevocations(config, logger, shared);
  refetchOnRevokedKey(issuers, revocations.source);
  const running: RunningServer[] = [];
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
    await revocations.stop();
  };
  try {
    for (const entrance of wanted) {
      running.push(await startEntrance(entrance, { config, logger, issuers, revocations, accounts }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: running[0]?.url ?? '', stop };
}
