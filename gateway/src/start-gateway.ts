import type { Logger, RunningServer } from '@signet/service';
import { createTrustedIssuers } from '@signet/session';
import type { GatewayConfig } from './config.ts';
import { entrances } from './entrances.ts';
import type { SeededAccount } from './pages/index.ts';
import { startEntrance } from './start-entrance.ts';

export type GatewayOptions = {
  /** Seeded accounts for one-click sign-in on the browser pages. Development only. */
  accounts?: readonly SeededAccount[];
};

/**
 * Starts the gateway with the entrances of its configuration; all of them outside production.
 *
 * @returns the URL of the first entrance.
 */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
  { accounts = [] }: GatewayOptions = {},
): Promise<RunningServer> {
  const issuers = createTrustedIssuers(config, logger);
  const wanted = entrances.filter(({ name }) => config.ENTRANCES?.includes(name) ?? true);
  const running: RunningServer[] = [];
  const stop = async () => void (await Promise.all(running.map((server) => server.stop())));
  try {
    for (const entrance of wanted) {
      running.push(await startEntrance(entrance, { config, logger, issuers, accounts }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: running[0]?.url ?? '', stop };
}
