import { readFileSync } from 'node:fs';
import { readRuleBook } from '@signet/access';
import { supergraphPath } from '@signet/schema/supergraph-files';
import { hasProductionSurface, type Logger, mountGraphql } from '@signet/service';
import { createVerifier, type ProcessRevocations, type TrustedIssuer } from '@signet/session';
import type { FastifyInstance } from 'fastify';
import { parse, print } from 'graphql';
import { createAccessGuard } from './access-guard.ts';
import { createApolloGateway } from './apollo-gateway.ts';
import type { ClientAddressReader } from './client-address.ts';
import type { GatewayConfig } from './config.ts';
import type { Entrance } from './entrances.ts';
import type { GatewayContext } from './gateway-context.ts';
import { createIntrospectionGuard, mayIntrospect } from './introspection-guard.ts';
import { createLimitsCheck, registerSourceLimits } from './limits/index.ts';
import { createOperationChecks } from './operation-checks.ts';
import { createEntrancePlanning, type PlanningPool } from './planning/index.ts';
import { openEntranceProof } from './proof/index.ts';
import { createRefusalReports } from './refusal-reports/index.ts';
import { createRequestContext } from './request-context.ts';
import { createSessionCookieGate } from './session-cookies.ts';
import { stripRules } from './strip-rules.ts';
import { throttledStatus } from './throttled-status.ts';
import { openTrustedDocuments, trustedDocumentsOf, type WithDocument } from './trusted-documents/index.ts';

export type EntranceGraphOptions = {
  config: GatewayConfig;
  logger: Logger;
  /** Of the platforms that the entrance admits. */
  issuers: readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  planning: PlanningPool;
  /** Whose pages may sign in by cookie. */
  origins: readonly string[];
  graphqlPath: string;
  readClientAddress: ClientAddressReader;
};

/**
 * Answers operations at an entrance. What a request meets, in this order: limits on its text, cookies and token, which
 * document runs, limits on the document, who may see the schema, validation and planning, the access rules, its fetches.
 */
export async function mountEntranceGraph(
  server: FastifyInstance,
  entrance: Entrance,
  options: EntranceGraphOptions,
): Promise<void> {
  const { config, logger, issuers, revocations, origins, graphqlPath } = options;
  const { name } = entrance;
  const supergraph = parse(readFileSync(supergraphPath(name), 'utf8'));
  const supergraphSdl = print(stripRules(supergraph));
  // Whether texts of errors may name parts of the schema: they are the same for all callers of an entrance.
  const hideSchemaDetails = !(config.INTROSPECTION ?? !hasProductionSurface(config));
  const planning = createEntrancePlanning({
    pool: options.planning,
    schema: { name, supergraphSdl },
    hideSchemaDetails,
    logger,
  });
  const proof = await openEntranceProof(name, config, logger);
  server.addHook('onClose', async () => proof.stop());
  const reports = createRefusalReports({ entrance, proof, config, logger });
  server.addHook('onClose', () => reports.stop());
  const { gateway, stop } = createApolloGateway({ supergraphSdl, planning, config, proof, reports, logger });
  server.addHook('onClose', stop);
  const trustedDocuments = await openTrustedDocuments({
    entrance: name,
    ...trustedDocumentsOf(config, name),
    logger,
  });
  server.addHook('onClose', () => trustedDocuments.stop());
  const createContext = createRequestContext({
    entrance: name,
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    reports,
    verifier: createVerifier({ issuers, revocations: revocations.source }),
    readClientAddress: options.readClientAddress,
    tenantsByHost: new Map(config.TENANT_HOSTS.map((pair) => pair.split('=', 2) as [string, string])),
    cookieGate: createSessionCookieGate({
      platforms: entrance.platforms,
      origins,
      areOffered: config.SESSION_COOKIES,
    }),
  });
  registerSourceLimits(server, graphqlPath, config);
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
    context: trustedDocuments.withDocument(createContext),
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
  });
}
