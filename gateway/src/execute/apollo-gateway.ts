import { type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import type { Logger } from '@signet/service';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import { type RefusalReports, reportRefusals } from '../access/refusal-reports.ts';
import { type GatewayConfig, subgraphUrlOf } from '../config.ts';
import { createAuthRoute, createFetchPlatform } from '../subgraphs/auth-route.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import { createPlanExecutor, type PlanExecutorOptions } from './plan-executor.ts';
import { SubgraphDataSource, type SubgraphDataSourceOptions } from './subgraph-data-source.ts';

export type ApolloGatewayOptions = Pick<PlanExecutorOptions, 'supergraphSdl' | 'planning'> & {
  config: GatewayConfig;
  fieldPlatforms: FieldPlatforms;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Gets the refusals of subgraphs that keep no audit log. */
  reports: Pick<RefusalReports, 'add'>;
  logger: Logger;
};

/** Builds Apollo's gateway on a supergraph, with our own way to the subgraphs. `stop` closes their connections. */
export function createApolloGateway(options: ApolloGatewayOptions) {
  const { supergraphSdl, planning, config, fieldPlatforms, proof, reports, logger } = options;
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
  const gateway = createPlanExecutor({
    supergraphSdl,
    planning,
    sourceOf: (name) => {
      const source = sources.get(name);
      if (!source) {
        throw new Error(
          `The supergraph names a subgraph '${name}' that schema/subgraphs.json does not list. Run npm run compose.`,
        );
      }
      return reportRefusals(source, name, reports);
    },
  });
  return {
    gateway,
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
