import { readFileSync } from 'node:fs';
import { readRuleBook } from '@signet/access';
import { supergraphPath, type Variant } from '@signet/schema/supergraph-files';
import { hasProductionSurface, type Logger, mountGraphql } from '@signet/service';
import { createVerifier, type ProcessRevocations, type TrustedIssuer } from '@signet/session';
import type { FastifyInstance } from 'fastify';
import { type DocumentNode, parse, print } from 'graphql';
import { createAccessGuard } from '../access/access-guard.ts';
import { readFieldPlatforms } from '../access/field-platforms.ts';
import { createIntrospectionGuard, mayIntrospect } from '../access/introspection-guard.ts';
import { createRefusalReports } from '../access/refusal-reports.ts';
import type { Admission } from '../admission/admission.ts';
import type { ClientAddressReader } from '../admission/client-address.ts';
import type { RefusedOrigins } from '../admission/refused-origins.ts';
import { createSessionCookieGate } from '../admission/session-cookie-gate.ts';
import { type GatewayConfig, trustedDocumentsOf } from '../config.ts';
import type { DocumentMark } from '../documents/document-mark.ts';
import { openTrustedDocuments, type WithDocument } from '../documents/trusted-documents.ts';
import { createExecution } from '../execute/execution.ts';
import { stripRules } from '../execute/strip-rules.ts';
import { createSubgraphSources } from '../execute/subgraph-sources.ts';
import { createLimitsCheck } from '../limits/operation-limits.ts';
import { registerSourceLimits } from '../limits/source-limits.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import { openEntranceProof } from '../subgraphs/entrance-proof.ts';
import type { Entrance } from './entrances.ts';
import { createOperationChecks, throttledStatus } from './operation-plugins.ts';
import { createRequestContext, type GatewayContext } from './request-context.ts';

export type EntranceGraphOptions = {
  config: GatewayConfig;
  logger: Logger;
  /** Those of the platforms that the entrance admits. */
  issuers: readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  planning: PlanningPool;
  /** One for all entrances of the process. */
  markOf: DocumentMark;
  /** Origins whose pages may sign in by cookie. */
  origins: readonly string[];
  refusedOrigins: RefusedOrigins;
  graphqlPath: string;
  readClientAddress: ClientAddressReader;
  admission: Pick<Admission, 'run'>;
  /** Reads the supergraph of an entrance. Without it, the generated one. */
  readSupergraph?: ((variant: Variant) => DocumentNode) | undefined;
};

/**
 * Answers operations at an entrance. A request passes these checks in this order: limits on its text, cookies and token, which
 * document runs, limits on the document, who may see the schema, validation and planning, the access rules. Then its fetches go out.
 */
export async function mountEntranceGraph(
  server: FastifyInstance,
  entrance: Entrance,
  options: EntranceGraphOptions,
): Promise<void> {
  const { config, logger, issuers, revocations, origins, refusedOrigins, graphqlPath, markOf } = options;
  const { readSupergraph = readGeneratedSupergraph } = options;
  const { name } = entrance;
  const supergraph = readSupergraph(name);
  const fieldPlatforms = readFieldPlatforms(readSupergraph('graph'));
  const supergraphSdl = print(stripRules(supergraph));
  // Error texts that name parts of the schema are the same for all callers of an entrance.
  const hideSchemaDetails = !(config.INTROSPECTION ?? !hasProductionSurface(config));
  const proof = await openEntranceProof(name, config, logger);
  server.addHook('onClose', async () => proof.stop());
  const reports = createRefusalReports({ entrance, fieldPlatforms, proof, config, logger });
  server.addHook('onClose', () => reports.stop());
  const { send, sourceOf, stop } = createSubgraphSources({ config, fieldPlatforms, proof, reports, logger });
  server.addHook('onClose', stop);
  const { planning, gateway } = createExecution({
    entrance: name,
    supergraphSdl,
    fieldPlatforms,
    send,
    sourceOf,
    planning: options.planning,
    hideSchemaDetails,
    markOf,
    config,
    logger,
  });
  const trustedDocuments = await openTrustedDocuments({
    entrance: name,
    ...trustedDocumentsOf(config, name),
    markOf,
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
      refusedOrigins,
    }),
  });
  registerSourceLimits(server, graphqlPath, config);
  await mountGraphql<WithDocument<GatewayContext>>({
    server,
    logger,
    path: graphqlPath,
    admit: options.admission.run,
    // The introspection guard decides for whom.
    introspection: true,
    hideSchemaDetails,
    ...planning.endpoint,
    isGateway: true,
    source: { gateway },
    context: trustedDocuments.withDocument(createContext),
    plugins: [
      trustedDocuments.plugin,
      // In this order: limits, then the introspection guard, then planning, which is expensive.
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

function readGeneratedSupergraph(variant: Variant): DocumentNode {
  return parse(readFileSync(supergraphPath(variant), 'utf8'));
}
