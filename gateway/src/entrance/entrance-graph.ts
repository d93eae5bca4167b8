import { readFileSync } from 'node:fs';
import { readRuleBook } from '@signet/access';
import { supergraphPath, type Variant } from '@signet/schema/supergraph-files';
import { createErrorFormatter, hasProductionSurface, type Logger, mountGraphql } from '@signet/service';
import { createVerifier, type ProcessRevocations, type TrustedIssuer } from '@signet/session';
import type { FastifyInstance } from 'fastify';
import { type DocumentNode, type OperationDefinitionNode, parse, print } from 'graphql';
import { createAccessGuard, createOperationGuards } from '../access/access-guard.ts';
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
import { compileForApollo } from '../execute/apollo-compiled.ts';
import { createApolloGateway } from '../execute/apollo-gateway.ts';
import type { CompiledOperation } from '../execute/executor.ts';
import { stripRules } from '../execute/plan-executor.ts';
import { readCostBook } from '../limits/cost-book.ts';
import { createLimitsCheck } from '../limits/operation-limits.ts';
import { registerSourceLimits } from '../limits/source-limits.ts';
import { createEntrancePlanning } from '../planning/entrance-planning.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import { openEntranceProof } from '../subgraphs/entrance-proof.ts';
import type { Entrance } from './entrances.ts';
import { createLanes } from './lanes.ts';
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
  const planning = createEntrancePlanning({
    pool: options.planning,
    schema: { name, supergraphSdl },
    hideSchemaDetails,
    markOf,
    logger,
  });
  const proof = await openEntranceProof(name, config, logger);
  server.addHook('onClose', async () => proof.stop());
  const reports = createRefusalReports({ entrance, fieldPlatforms, proof, config, logger });
  server.addHook('onClose', () => reports.stop());
  const { gateway, stop } = createApolloGateway({
    supergraphSdl,
    planning,
    config,
    fieldPlatforms,
    proof,
    reports,
    logger,
  });
  server.addHook('onClose', stop);
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
  const formatError = createErrorFormatter({ logger, trustsExtensions: true, hideSchemaDetails });
  const book = readCostBook(supergraph);
  const guards = createOperationGuards(readRuleBook(supergraph));
  const { executor: execute } = await gateway.load({} as never);
  const compiled = new WeakMap<OperationDefinitionNode, CompiledOperation<GatewayContext>>();
  const lanes = createLanes({
    lanes: config.LANES,
    createContext: trustedDocuments.withDocument(createContext),
    onRun: ({ document }) => trustedDocuments.remember(document),
    planner: planning,
    compiledOf: (schema, document, operation) => {
      if (!planning.planOf(operation) || !execute) return undefined;
      const known =
        compiled.get(operation) ??
        compileForApollo({ document, operation }, { schema, execute, formatError });
      compiled.set(operation, known);
      return known;
    },
    book,
    guards,
    config,
    formatError,
  });
  registerSourceLimits(server, graphqlPath, config, planning.documentOfText);
  await mountGraphql<WithDocument<GatewayContext>>({
    server,
    logger,
    path: graphqlPath,
    admit: options.admission.run,
    // The introspection guard decides for whom.
    introspection: true,
    hideSchemaDetails,
    ...planning.endpoint,
    source: { gateway },
    formatError,
    context: lanes.createContext,
    ...(lanes.fastLane && { fastLane: lanes.fastLane }),
    plugins: [
      lanes.plugin,
      trustedDocuments.plugin,
      // In this order: limits, then the introspection guard, then planning, which is expensive.
      createOperationChecks([
        createLimitsCheck(book, config),
        createIntrospectionGuard(mayIntrospect(entrance, config)),
      ]),
      throttledStatus,
      planning.plugin,
      createAccessGuard({
        guards,
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
