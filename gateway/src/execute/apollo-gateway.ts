import { readFileSync } from 'node:fs';
import { type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import { supergraphPath } from '@signet/schema/supergraph-files';
import type { Logger } from '@signet/service';
import { type DocumentNode, parse } from 'graphql';
import { hearSubgraph, type RefusalReports } from '../access/refusal-reports.ts';
import { type GatewayConfig, subgraphUrlOf } from '../config.ts';
import { createAuthRoute, createFetchPlatform } from '../subgraphs/auth-route.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import { createPlanExecutor, type PlanExecutorOptions } from './plan-executor.ts';
import { SubgraphDataSource, type SubgraphDataSourceOptions } from './subgraph-data-source.ts';

export type ApolloGatewayOptions = Pick<PlanExecutorOptions, 'supergraphSdl' | 'planning'> & {
  config: GatewayConfig;
  proof: Pick<EntranceProof, 'signerFor'>;
  /** Hears of what subgraphs refuse that keep no audit log. */
  reports: Pick<RefusalReports, 'hear'>;
  logger: Logger;
};

/** Apollo's gateway on a supergraph, with our own way to the subgraphs. `stop` closes their connections. */
export function createApolloGateway(options: ApolloGatewayOptions) {
  const { supergraphSdl, planning, config, proof, reports, logger } = options;
  // A contract has lost the tags that tell the platform of a field: the whole supergraph has them.
  const whole = parse(readFileSync(supergraphPath('graph'), 'utf8'));
  const routeOf = createRoutes(whole, config);
  const sources = new Map(
    subgraphs.map(({ name }) => {
      const sign = proof.signerFor(name);
      const source = new SubgraphDataSource({
        name,
        logger,
        urlOf: routeOf(name),
        // Session cookies are between the client and auth alone.
        ...(name === 'auth' && { cookiePlatformOf: createFetchPlatform(whole) }),
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
          `The supergraph names a subgraph '${name}' that schema/subgraphs.json does not know. Run npm run compose.`,
        );
      }
      return hearSubgraph(source, name, reports);
    },
  });
  return {
    gateway,
    stop: async () => void (await Promise.all([...sources.values()].map((source) => source.stop()))),
  };
}

function createRoutes(
  supergraph: DocumentNode,
  config: GatewayConfig,
): (name: SubgraphName) => SubgraphDataSourceOptions['urlOf'] {
  const authRoute = createAuthRoute(supergraph, {
    user: config.AUTH_USER_URL,
    portal: config.AUTH_PORTAL_URL,
  });
  return (name) => {
    if (name === 'auth') return authRoute;
    const url = subgraphUrlOf(config, name);
    return () => url;
  };
}
