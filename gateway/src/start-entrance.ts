import { type Logger, listen, type RunningServer } from '@signet/service';
import type { ProcessRevocations, TrustedIssuer } from '@signet/session';
import { createClientAddressReader } from './client-address.ts';
import type { GatewayConfig } from './config.ts';
import { mountEntranceGraph } from './entrance-graph.ts';
import { createEntranceServer } from './entrance-server.ts';
import type { Entrance } from './entrances.ts';
import type { SeededAccount } from './pages/index.ts';
import type { PlanningPool } from './planning/index.ts';

export type EntranceOptions = {
  config: GatewayConfig;
  logger: Logger;
  /** Of all platforms; an entrance takes those that it admits. */
  issuers: readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  /** Of all entrances. */
  planning: PlanningPool;
  accounts: readonly SeededAccount[];
};

const graphqlPath = '/graphql';

/**
 * Opens one entrance: its variant of the schema, the tokens of its platforms, and no others. A token of a platform that is
 * not admitted has a foreign issuer here, and is refused before any key is looked for.
 */
export async function startEntrance(
  entrance: Entrance,
  { issuers, ...options }: EntranceOptions,
): Promise<RunningServer> {
  const { config } = options;
  const given = {
    ...options,
    issuers: issuers.filter(({ platform }) => entrance.platforms.includes(platform)),
    origins: [...config.CORS_ORIGINS, ...config[entrance.originsVariable]],
    readClientAddress: createClientAddressReader(config.TRUSTED_PROXIES),
    graphqlPath,
  };
  const server = await createEntranceServer(entrance, given);
  try {
    await mountEntranceGraph(server, entrance, given);
  } catch (error) {
    // What it had opened before it failed ends with the server.
    await server.close();
    throw error;
  }
  const url = await listen(server, {
    host: config.HOST,
    port: config[entrance.portVariable],
    portVariable: config.portVariable ?? entrance.portVariable,
  });
  return { url, stop: () => server.close() };
}
