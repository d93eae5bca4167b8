import { readExampleOperations } from '@signet/schema/example-operations';
import {
  createHttpServer,
  type DirectRoute,
  type Health,
  hasProductionSurface,
  type Logger,
  listen,
  noteRefusal,
} from '@signet/service';
import type { ProcessRevocations, TrustedIssuer } from '@signet/session';
import type { ServiceMetrics } from '@signet/telemetry';
import type { Tracing } from '@signet/telemetry/tracing';
import type { FastifyInstance } from 'fastify';
import { type Admission, busyErrors, registerAdmission } from '../admission/admission.ts';
import { createAdmissionLog } from '../admission/admission-log.ts';
import {
  type ClientAddressReader,
  createClientAddressReader,
  createProxyCheck,
  type ProxyCheck,
} from '../admission/client-address.ts';
import { limitConnections } from '../admission/connection-limit.ts';
import { createRefusedOrigins, type RefusedOrigins } from '../admission/refused-origins.ts';
import { reportUnlistedProxies } from '../admission/unlisted-proxies.ts';
import { registerWaitingAnswers, type WaitForClient } from '../admission/waiting-answers.ts';
import type { GatewayConfig } from '../config.ts';
import { placeOf, settingOf } from '../config-entrances.ts';
import type { DocumentMark } from '../documents/document-mark.ts';
import { registerConsole } from '../pages/built-app.ts';
import { type EntranceDetails, registerEntrancePage } from '../pages/entrance-page.ts';
import type { SeededAccount } from '../pages/layout.ts';
import { registerPages } from '../pages/pages.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import type { AnswerBudget } from '../subgraphs/held-answers.ts';
import { createEntranceTelemetry, type EntranceTelemetry } from '../telemetry/entrance-telemetry.ts';
import { telemetryOf } from '../telemetry/request-telemetry.ts';
import { createFieldUsage, type FieldUsage } from '../usage/field-usage.ts';
import { findAuthUrls, registerAuthRoutes } from './auth-routes.ts';
import { type Cors, type CorsHeaders, type CorsSettings, registerCors } from './cors.ts';
import {
  type EntranceGraph,
  type EntranceGraphOptions,
  mountEntranceGraph,
  type PreparedGraph,
} from './entrance-graph.ts';
import { createEntranceReadiness } from './entrance-readiness.ts';
import { type Entrance, entrancesOf, originsOf } from './entrances.ts';
import { keysUrlOf, registerWellKnown } from './well-known.ts';

export type EntranceServerOptions = {
  config: GatewayConfig;
  logger: Logger;
  /** Those of the platforms that the entrance admits. */
  issuers: readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  /** The same, as they are after the settings have changed. */
  issuersNow(): readonly TrustedIssuer[];
  planning: Pick<PlanningPool, 'findLack'>;
  /** What answers operations, once it is there. */
  mounted(): EntranceGraph | undefined;
  refusedOrigins: RefusedOrigins;
  /** Where operations are answered. The load of this path is limited, and the pages call it. */
  graphqlPath: string;
  isTrustedProxy: ProxyCheck;
  readClientAddress: ClientAddressReader;
  /** Undefined where nobody scrapes them. */
  metrics?: ServiceMetrics | undefined;
  /** Undefined: nothing is traced. */
  tracing?: Tracing | undefined;
  /** Undefined: nobody counts which fields are asked for. */
  usage?: FieldUsage | undefined;
  accounts: readonly SeededAccount[];
};

export type EntranceServer = {
  server: FastifyInstance;
  /** Known operations may pass by the server. Its handler is not there yet. */
  direct: DirectRoute;
  telemetry: EntranceTelemetry;
} & LoadLimits & { cors: Cors; corsHeadersFor: CorsHeaders };

/** What every operation must pass. */
type LoadLimits = { admission: Admission; waitForClient: WaitForClient };

/**
 * Creates the HTTP server of an entrance and everything that it serves beside the graph: health, key sets, pages for a
 * browser.
 */
export async function createEntranceServer(
  entrance: Entrance,
  options: EntranceServerOptions,
): Promise<EntranceServer> {
  const { config, logger, issuers, refusedOrigins, graphqlPath } = options;
  const direct: DirectRoute = { path: graphqlPath };
  const telemetry = createEntranceTelemetry({
    entrance: entrance.name,
    isTrustedProxy: options.isTrustedProxy,
    logger,
    logged: config.LOG_REQUESTS,
    metrics: options.metrics,
    tracing: options.tracing,
    onEnd: options.usage?.add,
    onRefused: (...refused) => options.mounted()?.recordRefused(...refused),
  });
  // Others publish their keys themselves.
  const own = issuers.filter(({ foreign }) => foreign === undefined);
  const server = createHttpServer({
    logger,
    direct,
    follower: telemetry.follower,
    allowedHosts: config.ALLOWED_HOSTS,
    drainMs: config.SHUTDOWN_DRAIN_MS,
    isPublic: true,
    isHttps: config.ISSUER_URL?.startsWith('https:') ?? false,
    readiness: createEntranceReadiness(entrance, options),
  });
  server.addHook('onClose', async () => {
    refusedOrigins.stop();
    telemetry.stop();
  });
  // Every route that is no operation is known by its pattern.
  server.addHook('onRequest', ({ raw, routeOptions: { url } }, _reply, done) => {
    const followed = telemetryOf(raw);
    if (followed && url === graphqlPath) followed.kind = 'graphql';
    else if (followed) followed.route = url;
    done();
  });
  const cors = await registerCors(server, corsSettingsOf(entrance, config), refusedOrigins);
  const limits = limitLoad(server, entrance, options);
  const { ISSUER_URL: issuerUrl } = config;
  if (issuerUrl !== undefined && own.length > 0) {
    registerWellKnown(server, {
      issuerUrl,
      keysUrl: keysUrlOf({ ...config, ISSUER_URL: issuerUrl }, settingOf(config, entrance.portVariable)),
      issuers: own,
      combined: entrance.isForDevelopers,
      clients: findAuthUrls(config) && { areSecretsOn: config.CLIENT_SECRETS },
    });
  }
  const isDevelopment = !hasProductionSurface(config);
  const tools = {
    sandbox: config.SANDBOX ?? isDevelopment,
    explorer: config.EXPLORER ?? isDevelopment,
  };
  registerEntrancePage(server, {
    graphqlPath,
    isHome: !(entrance.isForDevelopers && tools.sandbox),
    details: isDevelopment ? describeEntrance(entrance, config, tools) : undefined,
  });
  // Its operations are those of the platform's own graph.
  if (entrance.name === 'portal' && config.CONSOLE && config.SUPERGRAPH_FILE === undefined)
    registerConsole(server);
  if (entrance.isForDevelopers) {
    registerPages(server, {
      graphqlPath,
      ...tools,
      accounts: isDevelopment ? options.accounts : [],
      // Those of the platform fit no other graph.
      exampleOperations: config.SUPERGRAPH_FILE === undefined ? readExampleOperations() : [],
    });
  }
  await registerAuthRoutes(server, entrance, { ...options, ...limits });
  return { server, direct, telemetry, cors, corsHeadersFor: cors.headersFor, ...limits };
}

function corsSettingsOf(entrance: Entrance, config: GatewayConfig): CorsSettings {
  return {
    origins: originsOf(entrance, config),
    cookies: config.SESSION_COOKIES,
    headers: config.CORS_ALLOWED_HEADERS,
  };
}

/** The budgets of an entrance, each shared between its clients: connections, bodies, operations, answers (docs/limits.md). */
function limitLoad(
  server: FastifyInstance,
  { name }: Entrance,
  { config, logger, graphqlPath, isTrustedProxy, readClientAddress, metrics, mounted }: EntranceServerOptions,
): LoadLimits {
  const log = createAdmissionLog(name, logger, metrics);
  server.addHook('onClose', async () => log.stop());
  reportUnlistedProxies(server, { entrance: name, isTrustedProxy, logger });
  limitConnections(server.server, { maxConnections: config.MAX_CONNECTIONS, isTrustedProxy, log });
  const admission = registerAdmission(server, {
    path: graphqlPath,
    maxInFlight: config.MAX_IN_FLIGHT,
    maxBodyBytes: config.MAX_BODY_BYTES,
    readClientAddress,
    log,
  });
  const { wait } = registerWaitingAnswers(server, {
    clientOf: admission.clientOf,
    maxBytes: config.MAX_ANSWER_BYTES,
    bytesPerSecond: config.MIN_READ_BYTES_PER_SECOND,
    log,
    onLost({ raw }) {
      noteRefusal(raw, { check: 'ANSWER', reason: busyErrors[0]?.extensions?.reason as string });
      mounted()?.recordRefused(raw, busyErrors, 503);
    },
  });
  return { admission, waitForClient: wait };
}

const peopleOf = { user: 'customers', portal: 'staff' };

/** What the page of an entrance tells developers. The pages for trying operations are at the entrance `graph` only. */
function describeEntrance(
  entrance: Entrance,
  { ENTRANCES, GRAPH_PORT }: GatewayConfig,
  tools: { sandbox: boolean; explorer: boolean },
): EntranceDetails {
  const isNear = ENTRANCES?.includes('graph') ?? true;
  const base = entrance.isForDevelopers ? '' : `http://localhost:${GRAPH_PORT}`;
  return {
    name: entrance.name,
    people: entrance.platforms.map((platform) => peopleOf[platform]).join(' and ') || 'everybody',
    tools: [
      ...(isNear && tools.sandbox ? [{ name: 'Apollo Sandbox', url: `${base}/` }] : []),
      ...(isNear && tools.explorer ? [{ name: 'Explorer', url: `${base}/explorer` }] : []),
    ],
  };
}

export type EntranceOptions = {
  config: GatewayConfig;
  logger: Logger;
  /** Those of all platforms. An entrance uses those of the platforms that it admits. */
  issuers: readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  /** Shared by all entrances. */
  planning: PlanningPool;
  /** Shared too: a document has one mark in all lines of the process. */
  markOf: DocumentMark;
  /** Shared too: all answers of subgraphs are in one memory. */
  answers: AnswerBudget;
  /** Undefined where nobody scrapes them. */
  metrics?: ServiceMetrics | undefined;
  /** Undefined: nothing is traced. */
  tracing?: Tracing | undefined;
  accounts: readonly SeededAccount[];
  /** Where the supergraph of an entrance is read from. Without it, from its file. Tests have a graph of their own. */
  sourceOf?: EntranceGraphOptions['sourceOf'];
  /** How often the file is looked at. */
  supergraphPollMs?: number | undefined;
};

const graphqlPath = '/graphql';

/** An entrance that takes other settings while it runs. `issuers`: those of all platforms. */
export type OpenEntrance = {
  readonly name: string;
  readonly usage: FieldUsage | undefined;
  readonly health: Health;
  /** @throws {ConfigError} when the settings cannot be served. The ones that are served stay. */
  prepare(config: GatewayConfig, issuers: readonly TrustedIssuer[]): Promise<PreparedGraph>;
  /** Opens the port. @returns its URL */
  listen(): Promise<string>;
  stop(): Promise<void>;
};

/**
 * Opens one entrance, with its variant of the schema and the tokens of its platforms only. A token of another platform
 * has an unknown issuer here and is refused before any key is looked up. It does not listen yet.
 *
 * @throws {ConfigError} when a file that the configuration names cannot be used
 */
export async function openEntrance(
  entrance: Entrance,
  { issuers, ...options }: EntranceOptions,
): Promise<OpenEntrance> {
  const { config } = options;
  const admitted = (all: readonly TrustedIssuer[], { platforms } = entrance) =>
    all.filter(({ platform }) => platforms.includes(platform));
  let issuersNow = admitted(issuers);
  const isTrustedProxy = createProxyCheck(config.TRUSTED_PROXIES);
  let mounted: EntranceGraph | undefined;
  const usage = config.FIELD_USAGE ? createFieldUsage() : undefined;
  const given = {
    ...options,
    usage,
    mounted: () => mounted,
    issuers: issuersNow,
    issuersNow: () => issuersNow,
    isTrustedProxy,
    readClientAddress: createClientAddressReader(isTrustedProxy),
    refusedOrigins: createRefusedOrigins(options.logger, {
      entrance: entrance.name,
      variable: entrance.originsVariable,
    }),
    graphqlPath,
  };
  const entranceServer = await createEntranceServer(entrance, given);
  const { server } = entranceServer;
  let graph: EntranceGraph;
  try {
    graph = await mountEntranceGraph(entranceServer, entrance, given);
  } catch (error) {
    // Closing the server also closes what the graph opened before it failed.
    await server.close();
    throw error;
  }
  mounted = graph;
  return {
    name: entrance.name,
    usage,
    health: server.health,
    listen: () =>
      listen(server, {
        host: config.HOST,
        port: settingOf(config, entrance.portVariable),
        portVariable: config.portVariable ?? placeOf(config, entrance.portVariable),
      }),
    stop: () => server.close(),
    async prepare(next, all) {
      const after = entrancesOf(next).find(({ name }) => name === entrance.name) ?? entrance;
      const { take, drop } = await graph.prepare(next, admitted(all, after), after);
      return {
        take() {
          take();
          issuersNow = admitted(all, after);
          entranceServer.cors.replace(corsSettingsOf(entrance, next));
        },
        drop,
      };
    },
  };
}
