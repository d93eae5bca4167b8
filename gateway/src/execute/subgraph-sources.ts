import type { GraphQLDataSource } from '@apollo/gateway';
import type { Logger } from '@signet/service';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import { type RefusalReports, reportRefusals } from '../access/refusal-reports.ts';
import type { GatewayConfig } from '../config.ts';
import { createAuthRoute, createFetchPlatform } from '../subgraphs/auth-route.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import { isAuth, type SubgraphUrls } from '../supergraph/subgraph-urls.ts';
import { SubgraphDataSource } from './subgraph-data-source.ts';

export type SubgraphSourcesOptions = {
  config: GatewayConfig;
  /** Where each subgraph answers. */
  urls: ReadonlyMap<string, SubgraphUrls>;
  fieldPlatforms: FieldPlatforms;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Gets the refusals of subgraphs that keep no audit log. */
  reports: Pick<RefusalReports, 'add'>;
  logger: Logger;
};

/** Opens the way to each subgraph. `stop` closes their connections. */
export function createSubgraphSources(options: SubgraphSourcesOptions) {
  const { config, urls, fieldPlatforms, proof, reports, logger } = options;
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
  return {
    /** @throws {Error} for an unknown subgraph */
    sourceOf(name: string): GraphQLDataSource {
      const source = sources.get(name);
      if (!source) {
        throw new Error(`The planner names a subgraph '${name}' that the supergraph does not list.`);
      }
      return reportRefusals(source, name, reports);
    },
    stop: async () => void (await Promise.all([...sources.values()].map((source) => source.stop()))),
  };
}
