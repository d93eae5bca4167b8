import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ApolloGateway } from '@apollo/gateway';
import cors from '@fastify/cors';
import { type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import { createHttpServer, type Logger, listen, mountGraphql, type RunningServer } from '@signet/service';
import { createTrustedIssuers, createVerifier } from '@signet/session';
import { parse } from 'graphql';
import { createAuthRoute } from './auth-route.ts';
import { createClientAddressReader } from './client-address.ts';
import type { GatewayConfig } from './config.ts';
import { exampleOperations } from './example-operations.ts';
import { missingTokenStatus } from './missing-token-status.ts';
import { registerPages, type SeededAccount } from './pages/index.ts';
import { createRequestContext, type GatewayContext } from './request-context.ts';
import { SubgraphDataSource, type SubgraphDataSourceOptions } from './subgraph-data-source.ts';
import { registerWellKnown } from './well-known.ts';

export type GatewayOptions = {
  /** Seeded accounts for one-click sign-in on the browser pages. Development only. */
  accounts?: readonly SeededAccount[];
};

const graphqlPath = '/graphql';
const supergraphPath = fileURLToPath(import.meta.resolve('@signet/schema/supergraph.graphql'));

/** Starts the gateway: the entrance `graph` with the whole supergraph, for tokens of both platforms. */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
  options: GatewayOptions = {},
): Promise<RunningServer> {
  const issuers = createTrustedIssuers(config, logger);
  const server = createHttpServer({
    logger,
    allowedHosts: config.ALLOWED_HOSTS,
    readiness: issuers.map(({ platform, keys }) => ({
      name: `${platform} keys`,
      check: () => keys.checkReady(),
    })),
  });
  const inDevelopment = config.NODE_ENV !== 'production';
  await server.register(cors, corsOptions(config.CORS_ORIGINS));
  registerWellKnown(server, { issuerUrl: config.ISSUER_URL, issuers, combined: true });
  await registerPages(server, {
    graphqlPath,
    sandbox: config.SANDBOX ?? inDevelopment,
    explorer: config.EXPLORER ?? inDevelopment,
    accounts: inDevelopment ? (options.accounts ?? []) : [],
    exampleOperations,
  });
  const { gateway, stop } = createApolloGateway(config, logger);
  await mountGraphql<GatewayContext>({
    server,
    logger,
    path: graphqlPath,
    introspection: config.INTROSPECTION ?? inDevelopment,
    isGateway: true,
    source: { gateway },
    plugins: [missingTokenStatus],
    context: createRequestContext({
      entrance: 'graph',
      verifier: createVerifier(issuers),
      readClientAddress: createClientAddressReader(config.TRUSTED_PROXIES),
      tenantsByHost: new Map(config.TENANT_HOSTS.map((pair) => pair.split('=', 2) as [string, string])),
    }),
  });
  server.addHook('onClose', stop);
  const url = await listen(server, {
    host: config.HOST,
    port: config.GRAPH_PORT,
    portVariable: config.portVariable ?? 'GRAPH_PORT',
  });
  return { url, stop: () => server.close() };
}

function createApolloGateway(config: GatewayConfig, logger: Logger) {
  const supergraphSdl = readFileSync(supergraphPath, 'utf8');
  const routes = createRoutes(config, supergraphSdl);
  const sources = new Map(
    subgraphs.map(({ name }) => [name, new SubgraphDataSource({ name, logger, urlOf: routes[name] })]),
  );
  // @apollo/gateway reads this when it is built; it would report to its vendor otherwise.
  process.env.APOLLO_TELEMETRY_DISABLED = 'true';
  const gateway = new ApolloGateway({
    supergraphSdl,
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
  config: GatewayConfig,
  supergraphSdl: string,
): Record<SubgraphName, SubgraphDataSourceOptions['urlOf']> {
  const auth = createAuthRoute(parse(supergraphSdl), {
    user: config.AUTH_USER_URL,
    portal: config.AUTH_PORTAL_URL,
  });
  return {
    auth,
    portal: () => config.PORTAL_URL,
    catalog: () => config.CATALOG_URL,
    inventory: () => config.INVENTORY_URL,
    orders: () => config.ORDERS_URL,
  };
}

function corsOptions(origins: readonly string[]) {
  return {
    origin: [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'x-tenant',
      'apollo-require-preflight',
      'x-apollo-operation-name',
    ],
    exposedHeaders: ['www-authenticate', 'retry-after'],
    maxAge: 600,
  };
}
