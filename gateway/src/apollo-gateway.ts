import { readFileSync } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import type { SubgraphName } from '@signet/schema/subgraphs';
import { subgraphs } from '@signet/schema/subgraphs';
import { supergraphPath } from '@signet/schema/supergraph-files';
import type { Logger } from '@signet/service';
import { type DocumentNode, parse, print } from 'graphql';
import { createAuthRoute, createFetchPlatform } from './auth-route.ts';
import type { GatewayConfig } from './config.ts';
import { stripRules } from './strip-rules.ts';
import { SubgraphDataSource, type SubgraphDataSourceOptions } from './subgraph-data-source.ts';

/** Apollo's gateway on a supergraph, with our own way to the subgraphs. `stop` closes their connections. */
export function createApolloGateway(supergraph: DocumentNode, config: GatewayConfig, logger: Logger) {
  // A contract has lost the tags that tell the platform of a field: the whole supergraph has them.
  const whole = parse(readFileSync(supergraphPath('graph'), 'utf8'));
  const routes = createRoutes(whole, config);
  const sources = new Map(
    subgraphs.map(({ name }) => [
      name,
      new SubgraphDataSource({
        name,
        logger,
        urlOf: routes[name],
        // Session cookies are between the client and auth alone.
        ...(name === 'auth' && { cookiePlatformOf: createFetchPlatform(whole) }),
      }),
    ]),
  );
  // @apollo/gateway reads this when it is built; it would report to its vendor otherwise.
  process.env.APOLLO_TELEMETRY_DISABLED = 'true';
  const gateway = new ApolloGateway({
    supergraphSdl: print(stripRules(supergraph)),
    logger,
    buildService: ({ name }) => {
      const source = sources.get(name as SubgraphName);
      if (!source) {
        throw new Error(
          `The supergraph names a subgraph '${name}' that schema/subgraphs.ts does not know. Run npm run compose.`,
        );
      }
      return source;
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
): Record<SubgraphName, SubgraphDataSourceOptions['urlOf']> {
  return {
    auth: createAuthRoute(supergraph, { user: config.AUTH_USER_URL, portal: config.AUTH_PORTAL_URL }),
    portal: () => config.PORTAL_URL,
    catalog: () => config.CATALOG_URL,
    inventory: () => config.INVENTORY_URL,
    orders: () => config.ORDERS_URL,
  };
}
