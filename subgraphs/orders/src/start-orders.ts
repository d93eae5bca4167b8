import { createRelationChecker, type RelationStore } from '@signet/access';
import {
  createNonceStore,
  createRelationStore,
  openProcessDatabase,
  pruneWith,
  startHousekeeping,
} from '@signet/db';
import type { Logger, RunningServer } from '@signet/service';
import { type SubgraphConfig, type SubgraphOptions, serveSubgraph } from '@signet/subgraph';
import type { GraphqlContext } from './context.ts';
import { createLoaders } from './loaders.ts';
import { policies } from './policies.ts';
import { resolvers } from './resolvers.ts';

/** Starts the orders subgraph. */
export function startOrders(
  config: SubgraphConfig,
  logger: Logger,
  { revocations, ...options }: SubgraphOptions = {},
): Promise<RunningServer> {
  const database = openProcessDatabase(config.DATABASE_URL, { name: 'orders', log: logger, ...options });
  const relations: RelationStore = createRelationStore(database.db);
  const housekeeping = startHousekeeping({
    db: database.db,
    name: 'orders',
    log: logger,
    jobs: [
      // A client that tries again after a week has long been told.
      pruneWith('idempotencyKeys', 'orders.prune_idempotency_keys'),
      pruneWith('proofNonces', 'orders.prune_proof_nonces'),
    ],
  });
  return serveSubgraph<GraphqlContext>({
    name: 'orders',
    config,
    logger,
    resolvers,
    policies,
    database,
    nonces: createNonceStore(database.db, 'orders.proof_nonce'),
    revocations,
    onStop: () => housekeeping.stop(),
    createContext: ({ session, tenantId }) => ({
      session,
      tenantId,
      db: database.db,
      loaders: createLoaders(database.db, tenantId),
      relations: createRelationChecker(relations, tenantId),
    }),
  });
}
