import { createNonceStore, openProcessDatabase, pruneWith, startHousekeeping } from '@signet/db';
import type { Logger, RunningServer } from '@signet/service';
import { type SubgraphConfig, type SubgraphOptions, serveSubgraph } from '@signet/subgraph';
import type { GraphqlContext } from './context.ts';
import { createLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';

/** Starts the inventory subgraph. */
export function startInventory(
  config: SubgraphConfig,
  logger: Logger,
  { revocations, ...options }: SubgraphOptions = {},
): Promise<RunningServer> {
  const database = openProcessDatabase(config.DATABASE_URL, { name: 'inventory', log: logger, ...options });
  const housekeeping = startHousekeeping({
    db: database.db,
    name: 'inventory',
    log: logger,
    jobs: [pruneWith('proofNonces', 'inventory.prune_proof_nonces')],
  });
  return serveSubgraph<GraphqlContext>({
    name: 'inventory',
    config,
    logger,
    resolvers,
    database,
    nonces: createNonceStore(database.db, 'inventory.proof_nonce'),
    revocations,
    onStop: () => housekeeping.stop(),
    createContext: ({ session, tenantId }) => ({
      session,
      tenantId,
      db: database.db,
      loaders: createLoaders(database.db, tenantId),
      logger,
    }),
  });
}
