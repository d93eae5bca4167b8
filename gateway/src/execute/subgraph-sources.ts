import type { GraphQLDataSource } from '@apollo/gateway';
import { type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import type { Logger } from '@signet/service';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import { type RefusalReports, reportRefusals } from '../access/refusal-reports.ts';
import { type GatewayConfig, subgraphUrlOf } from '../config.ts';
import { createAuthRoute, createFetchPlatform } from '../subgraphs/auth-route.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import { SubgraphDataSource, type SubgraphDataSourceOptions } from './subgraph-data-source.ts';

export type SubgraphSourcesOptions = {
  config: GatewayConfig;
  fieldPlatforms: FieldPlatforms;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Gets the refusals of subgraphs that keep no audit log. */
  reports: Pick<RefusalReports, 'add'>;
  logger: Logger;
};

/** Opens the way to each subgraph. `stop` closes their connections. */
export function createSubgraphSources(options: SubgraphSourcesOptions) {
  const { config, fieldPlatforms, proof, reports, logger } = options;
  const routeOf = createRoutes(fieldPlatforms, config);
  const sources = new Map(
    subgraphs.map(({ name }) => {
      const sign = proof.signerFor(name);
      const source = new SubgraphDataSource({
        name,
        logger,
        urlOf: routeOf(name),
        // Session cookies are between the client and auth alone.
        ...(name === 'auth' && { cookiePlatformOf: createFetchPlatform(fieldPlatforms) }),
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
        throw new Error(
          `The supergraph names a subgraph '${name}' that schema/subgraphs.json does not list. Run npm run compose.`,
        );
      }
      return reportRefusals(source, name, reports);
    },
    stop: async () => void (await Promise.all([...sources.values()].map((source) => source.stop()))),
  };
}

function createRoutes(
  fieldPlatforms: FieldPlatforms,
  config: GatewayConfig,
): (name: SubgraphName) => SubgraphDataSourceOptions['urlOf'] {
  const authRoute = createAuthRoute(fieldPlatforms, {
    user: config.AUTH_USER_URL,
    portal: config.AUTH_PORTAL_URL,
  });
  return (name) => {
    if (name === 'auth') return authRoute;
    const url = subgraphUrlOf(config, name);
    return () => url;
  };
}
