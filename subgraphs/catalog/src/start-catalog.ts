import { createNonceStore, openProcessDatabase, pruneWith, startHousekeeping } from '@signet/db';
import type { Logger, RunningServer } from '@signet/service';
import { type SubgraphConfig, type SubgraphOptions, serveSubgraph } from '@signet/subgraph';
import type { GraphqlContext } from './context.ts';
import { createLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';

/** Starts the catalog subgraph. */
export function startCatalog(
  config: SubgraphConfig,
  logger: Logger,
  { revocations, ...options }: SubgraphOptions = {},
): Promise<RunningServer> {
  const database = openProcessDatabase(config.DATABASE_URL, { name: 'catalog', log: logger, ...options });
  const housekeeping = startHousekeeping({
    db: database.db,
    name: 'catalog',
    log: logger,
    jobs: [pruneWith('proofNonces', 'catalog.prune_proof_nonces')],
  });
  return serveSubgraph<GraphqlContext>({
    name: 'catalog',
    config,
    logger,
    resolvers,
    database,
    nonces: createNonceStore(database.db, 'catalog.proof_nonce'),
    revocations,
    onStop: () => housekeeping.stop(),
    createContext: ({ session, tenantId }) => ({
      session,
      tenantId,
      db: database.db,
      loaders: createLoaders(database.db, tenantId),
    }),
  });
}
