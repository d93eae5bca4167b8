import { createRelationChecker, type RelationStore } from '@signet/access';
import {
  createNonceStore,
  createRelationStore,
  createSampledAudit,
  openProcessDatabase,
  pruneWith,
  startHousekeeping,
} from '@signet/db';
import { createSampler, type Logger, type RunningServer } from '@signet/service';
import { type SubgraphConfig, type SubgraphOptions, serveSubgraph } from '@signet/subgraph';
import { createRefusalAudit } from './audit-log/audit-refusals.ts';
import { readOrigin } from './audit-log/read-origin.ts';
import type { GraphqlContext } from './context.ts';
import { createLoaders } from './loaders.ts';
import { policies } from './policies.ts';
import { resolvers } from './resolvers.ts';

/** Starts the portal subgraph. */
export function startPortal(
  config: SubgraphConfig,
  logger: Logger,
  { revocations, ...options }: SubgraphOptions = {},
): Promise<RunningServer> {
  const database = openProcessDatabase(config.DATABASE_URL, { name: 'portal', log: logger, ...options });
  const relations: RelationStore = createRelationStore(database.db);
  const { db } = database;
  const samples = createSampledAudit({ db, platform: 'portal', createSampler, log: logger });
  const housekeeping = startHousekeeping({
    db,
    name: 'portal',
    log: logger,
    jobs: [pruneWith('proofNonces', 'portal.prune_proof_nonces')],
  });
  return serveSubgraph<GraphqlContext>({
    name: 'portal',
    config,
    logger,
    resolvers,
    policies,
    database: {
      ...database,
      async close() {
        await samples.stop();
        await database.close();
      },
    },
    nonces: createNonceStore(db, 'portal.proof_nonce'),
    revocations,
    onStop: () => housekeeping.stop(),
    plugins: [createRefusalAudit(samples)],
    createContext: ({ session, tenantId }, request) => ({
      session,
      tenantId,
      db,
      origin: readOrigin(request.signetContext),
      loaders: createLoaders(db, tenantId),
      relations: createRelationChecker(relations, tenantId),
    }),
  });
}
