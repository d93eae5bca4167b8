import { readFileSync } from 'node:fs';
import cors from '@fastify/cors';
import { readRuleBook } from '@signet/access';
import { supergraphPath } from '@signet/schema/supergraph-files';
import {
  createHttpServer,
  hasProductionSurface,
  type Logger,
  listen,
  mountGraphql,
  type RunningServer,
} from '@signet/service';
import { createVerifier, type ProcessRevocations, type TrustedIssuer } from '@signet/session';
import { parse, print } from 'graphql';
import { createAccessGuard } from './access-guard.ts';
import { createApolloGateway } from './apollo-gateway.ts';
import { createClientAddressReader } from './client-address.ts';
import type { GatewayConfig } from './config.ts';
import { corsOptions } from './cors.ts';
import type { Entrance } from './entrances.ts';
import { exampleOperations } from './example-operations.ts';
import type { GatewayContext } from './gateway-context.ts';
import { createIntrospectionGuard, mayIntrospect } from './introspection-guard.ts';
import { createLimitsCheck, registerSourceLimits } from './limits/index.ts';
import { createOperationChecks } from './operation-checks.ts';
import { registerLoadLimit } from './overload/index.ts';
import { registerPages, type SeededAccount } from './pages/index.ts';
import { createEntrancePlanning, type PlanningPool } from './planning/index.ts';
import { openEntranceProof } from './proof/index.ts';
import { createRefusalReports } from './refusal-reports/index.ts';
import { createRequestContext } from './request-context.ts';
import { createSessionCookieGate } from './session-cookies.ts';
import { stripRules } from './strip-rules.ts';
import { throttledStatus } from './throttled-status.ts';
import { openTrustedDocuments, trustedDocumentsOf, type WithDocument } from './trusted-documents/index.ts';
import { registerWellKnown } from './well-known.ts';

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
export async function startEntrance(entrance: Entrance, options: EntranceOptions): Promise<RunningServer> {
  const { config, logger, revocations } = options;
  const issuers = options.issuers.filter(({ platform }) => entrance.platforms.includes(platform));
  const isDevelopment = !hasProductionSurface(config);
  const origins = [...config.CORS_ORIGINS, ...config[entrance.originsVariable]];
  const supergraph = parse(readFileSync(supergraphPath(entrance.name), 'utf8'));
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
    readClientAddress: createClientAddressReader(config.TRUSTED_PROXIES),
  });
  registerWellKnown(server, { issuerUrl: config.ISSUER_URL, issuers, combined: entrance.isForDevelopers });
  if (entrance.isForDevelopers) {
    registerPages(server, {
      graphqlPath,
      sandbox: config.SANDBOX ?? isDevelopment,
      explorer: config.EXPLORER ?? isDevelopment,
      accounts: isDevelopment ? options.accounts : [],
      exampleOperations,
    });
  }
  // Whether texts of errors may name parts of the schema: they are the same for all callers of an entrance.
  const hideSchemaDetails = !(config.INTROSPECTION ?? isDevelopment);
  const supergraphSdl = print(stripRules(supergraph));
  const planning = createEntrancePlanning({
    pool: options.planning,
    schema: { name: entrance.name, supergraphSdl },
    hideSchemaDetails,
    logger,
  });
  registerSourceLimits(server, graphqlPath, config);
  const proof = await openEntranceProof(entrance.name, config, logger);
  server.addHook('onClose', async () => proof.stop());
  const reports = createRefusalReports({ entrance, proof, config, logger });
  server.addHook('onClose', () => reports.stop());
  const { planOf } = planning;
  const { gateway, stop } = createApolloGateway({ supergraphSdl, planOf, config, proof, reports, logger });
  server.addHook('onClose', stop);
  const trustedDocuments = await openTrustedDocuments({
    entrance: entrance.name,
    ...trustedDocumentsOf(config, entrance.name),
    logger,
  });
  server.addHook('onClose', () => trustedDocuments.stop());
  await mountGraphql<WithDocument<GatewayContext>>({
    server,
    logger,
    path: graphqlPath,
    // For whom is the introspection guard's to say.
    introspection: true,
    hideSchemaDetails,
    ...planning.endpoint,
    isGateway: true,
    source: { gateway },
    plugins: [
      trustedDocuments.plugin,
      // In this order: limits, then the introspection guard, then planning, which is dear.
      createOperationChecks([
        createLimitsCheck(supergraph, config),
        createIntrospectionGuard(mayIntrospect(entrance, config)),
      ]),
      throttledStatus,
      planning.plugin,
      createAccessGuard({
        rules: readRuleBook(supergraph),
        logger,
        dryRun: config.ACCESS_DRY_RUN,
        reports,
      }),
    ],
    context: trustedDocuments.withDocument(
      createRequestContext({
        entrance: entrance.name,
        timeoutMs: config.REQUEST_TIMEOUT_MS,
        reports,
        verifier: createVerifier({ issuers, revocations: revocations.source }),
        readClientAddress: createClientAddressReader(config.TRUSTED_PROXIES),
        tenantsByHost: new Map(config.TENANT_HOSTS.map((pair) => pair.split('=', 2) as [string, string])),
        cookieGate: createSessionCookieGate({
          platforms: entrance.platforms,
          origins,
          areOffered: config.SESSION_COOKIES,
        }),
      }),
    ),
  });
  const url = await listen(server, {
    host: config.HOST,
    port: config[entrance.portVariable],
    portVariable: config.portVariable ?? entrance.portVariable,
  });
  return { url, stop: () => server.close() };
}
