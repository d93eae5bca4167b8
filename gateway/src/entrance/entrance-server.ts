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
import { corsOptions } from './cors.ts';
import { mountEntranceGraph } from './entrance-graph.ts';
import type { Entrance } from './entrances.ts';
import { registerWellKnown } from './well-known.ts';

export type EntranceServerOptions = {
  config: GatewayConfig;
  logger: Logger;
  /** Of the platforms that the entrance admits. */
  issuers: readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  /** Whose pages may call this entrance. */
  origins: readonly string[];
  /** Where operations will be answered: the path whose load is limited, and that the pages call. */
  graphqlPath: string;
  readClientAddress: ClientAddressReader;
  accounts: readonly SeededAccount[];
};

/** The HTTP server of an entrance, with all that it shows beside the graph: health, key sets, pages for a browser. */
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
  /** Of all platforms; an entrance takes those that it admits. */
  issuers: readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  /** Of all entrances. */
  planning: PlanningPool;
  accounts: readonly SeededAccount[];
};

const graphqlPath = '/graphql';

/**
 * Opens one entrance: its variant of the schema, the tokens of its platforms, and no others. A token of a platform that is
 * not admitted has a foreign issuer here, and is refused before any key is looked for.
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
    // What it had opened before it failed ends with the server.
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
