import cors from '@fastify/cors';
import { readExampleOperations } from '@signet/schema/example-operations';
import {
  createHttpServer,
  hasProductionSurface,
  type Logger,
  listen,
  type RunningServer,
} from '@signet/service';
import type { ProcessRevocations, TrustedIssuer } from '@signet/session';
import type { FastifyInstance } from 'fastify';
import { type ClientAddressReader, createClientAddressReader } from '../admission/client-address.ts';
import { registerLoadLimit } from '../admission/load-limit.ts';
import type { GatewayConfig } from '../config.ts';
import type { SeededAccount } from '../pages/layout.ts';
import { registerPages } from '../pages/pages.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import { createAuthReadiness } from '../subgraphs/auth-readiness.ts';
import { corsOptions } from './cors.ts';
import { type EntranceGraphOptions, mountEntranceGraph } from './entrance-graph.ts';
import type { Entrance } from './entrances.ts';
import { registerWellKnown } from './well-known.ts';

export type EntranceServerOptions = {
  config: GatewayConfig;
  logger: Logger;
  /** Those of the platforms that the entrance admits. */
  issuers: readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  /** Origins whose pages may call this entrance. */
  origins: readonly string[];
  /** Where operations are answered. The load of this path is limited, and the pages call it. */
  graphqlPath: string;
  readClientAddress: ClientAddressReader;
  accounts: readonly SeededAccount[];
};

/**
 * Creates the HTTP server of an entrance and everything that it serves beside the graph: health, key sets, pages for a
 * browser.
 */
export async function createEntranceServer(
  entrance: Entrance,
  options: EntranceServerOptions,
): Promise<FastifyInstance> {
  const { config, logger, issuers, revocations, origins, graphqlPath } = options;
  const server = createHttpServer({
    logger,
    allowedHosts: config.ALLOWED_HOSTS,
    drainMs: config.SHUTDOWN_DRAIN_MS,
    isHttps: config.ISSUER_URL.startsWith('https:'),
    readiness: [
      ...issuers.map(({ platform, keys }) => ({ name: `${platform} keys`, check: () => keys.checkReady() })),
      ...revocations.readiness,
      ...issuers.map(({ platform }) =>
        createAuthReadiness(platform, platform === 'user' ? config.AUTH_USER_URL : config.AUTH_PORTAL_URL),
      ),
    ],
  });
  await server.register(cors, corsOptions({ origins, cookies: config.SESSION_COOKIES }));
  registerLoadLimit(server, {
    path: graphqlPath,
    maxInFlight: config.MAX_IN_FLIGHT,
    readClientAddress: options.readClientAddress,
  });
  registerWellKnown(server, { issuerUrl: config.ISSUER_URL, issuers, combined: entrance.isForDevelopers });
  if (entrance.isForDevelopers) {
    const isDevelopment = !hasProductionSurface(config);
    registerPages(server, {
      graphqlPath,
      sandbox: config.SANDBOX ?? isDevelopment,
      explorer: config.EXPLORER ?? isDevelopment,
      accounts: isDevelopment ? options.accounts : [],
      exampleOperations: readExampleOperations(),
    });
  }
  return server;
}

export type EntranceOptions = {
  config: GatewayConfig;
  logger: Logger;
  /** Those of all platforms. An entrance uses those of the platforms that it admits. */
  issuers: readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  /** Shared by all entrances. */
  planning: PlanningPool;
  accounts: readonly SeededAccount[];
  /** Reads the supergraph of an entrance. Without it, the generated one. Tests have a graph of their own. */
  readSupergraph?: EntranceGraphOptions['readSupergraph'];
};

const graphqlPath = '/graphql';

/**
 * Opens one entrance, with its variant of the schema and the tokens of its platforms only. A token of another platform
 * has an unknown issuer here and is refused before any key is looked up.
 */
export async function startEntrance(
  entrance: Entrance,
  { issuers, ...options }: EntranceOptions,
): Promise<RunningServer> {
  const { config } = options;
  const given = {
    ...options,
    issuers: issuers.filter(({ platform }) => entrance.platforms.includes(platform)),
    origins: [...config.CORS_ORIGINS, ...config[entrance.originsVariable]],
    readClientAddress: createClientAddressReader(config.TRUSTED_PROXIES),
    graphqlPath,
  };
  const server = await createEntranceServer(entrance, given);
  try {
    await mountEntranceGraph(server, entrance, given);
  } catch (error) {
    // Closing the server also closes what the graph opened before it failed.
    await server.close();
    throw error;
  }
  const url = await listen(server, {
    host: config.HOST,
    port: config[entrance.portVariable],
    portVariable: config.portVariable ?? entrance.portVariable,
  });
  return { url, stop: () => server.close() };
}
