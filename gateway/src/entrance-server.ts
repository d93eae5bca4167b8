import cors from '@fastify/cors';
import { createHttpServer, hasProductionSurface, type Logger } from '@signet/service';
import type { ProcessRevocations, TrustedIssuer } from '@signet/session';
import type { FastifyInstance } from 'fastify';
import type { ClientAddressReader } from './client-address.ts';
import type { GatewayConfig } from './config.ts';
import { corsOptions } from './cors.ts';
import type { Entrance } from './entrances.ts';
import { exampleOperations } from './example-operations.ts';
import { registerLoadLimit } from './overload/index.ts';
import { registerPages, type SeededAccount } from './pages/index.ts';
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
      exampleOperations,
    });
  }
  return server;
}
