import type { Logger } from '@signet/service';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import { type RefusalReports, reportRefusals } from '../access/refusal-reports.ts';
import type { GatewayConfig } from '../config.ts';
import { createAuthRoute, createFetchPlatform } from '../subgraphs/auth-route.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import { isAuth, type SubgraphUrls } from '../supergraph/subgraph-urls.ts';
import { createPlanExecutor, type PlanExecutorOptions } from './plan-executor.ts';
import { SubgraphDataSource } from './subgraph-data-source.ts';

export type ApolloGatewayOptions = Pick<PlanExecutorOptions, 'supergraphSdl' | 'planning'> & {
  config: GatewayConfig;
  /** Where each subgraph answers. */
  urls: ReadonlyMap<string, SubgraphUrls>;
  fieldPlatforms: FieldPlatforms;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Gets the refusals of subgraphs that keep no audit log. */
  reports: Pick<RefusalReports, 'add'>;
  logger: Logger;
};

/** Builds Apollo's gateway on a supergraph, with our own way to the subgraphs. `stop` closes their connections. */
export function createApolloGateway(options: ApolloGatewayOptions) {
  const { supergraphSdl, planning, config, urls, fieldPlatforms, proof, reports, logger } = options;
  const sources = new Map(
    [...urls].map(([name, byPlatform]) => {
      const sign = proof.signerFor(name);
      const source = new SubgraphDataSource({
        name,
        logger,
        urlOf: createAuthRoute(fieldPlatforms, byPlatform),
        // Session cookies are between the client and auth alone.
        ...(isAuth(name, config) && { cookiePlatformOf: createFetchPlatform(fieldPlatforms) }),
        ...(sign && { sign }),
      });
      return [name, source];
    }),
  );
  const gateway = createPlanExecutor({
    supergraphSdl,
    planning,
    sourceOf: (name) => {
      const source = sources.get(name);
      if (!source) {
        throw new Error(`The planner names a subgraph '${name}' that the supergraph does not list.`);
      }
      return reportRefusals(source, name, reports);
    },
  });
  return {
    gateway,
    stop: async () => void (await Promise.all([...sources.values()].map((source) => source.stop()))),
  };
}
