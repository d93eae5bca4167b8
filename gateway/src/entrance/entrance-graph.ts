import type { Variant } from '@signet/schema/supergraph-files';
import { ConfigError, type Logger, routeGraphql } from '@signet/service';
import { createVerifier, type ProcessRevocations, type TrustedIssuer } from '@signet/session';
import { createRefusalReports } from '../access/refusal-reports.ts';
import type { ClientAddressReader, ProxyCheck } from '../admission/client-address.ts';
import type { RefusedOrigins } from '../admission/refused-origins.ts';
import { createSessionCookieGate } from '../admission/session-cookie-gate.ts';
import { type GatewayConfig, trustedDocumentsOf } from '../config.ts';
import { placeOf } from '../config-entrances.ts';
import type { DocumentMark } from '../documents/document-mark.ts';
import { openTrustedDocuments } from '../documents/trusted-documents.ts';
import { createSourceCheck, registerSourceLimits } from '../limits/operation-limits.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import { openEntranceProof } from '../subgraphs/entrance-proof.ts';
import { followSupergraph } from '../supergraph/follow-supergraph.ts';
import { createGraphSwitch } from '../supergraph/graph-switch.ts';
import {
  findSupergraphSource,
  type Supergraph,
  SupergraphError,
  type SupergraphSource,
} from '../supergraph/supergraph-source.ts';
import { createDirectOperations } from './direct-operations.ts';
import type { EntranceServer } from './entrance-server.ts';
import type { Entrance } from './entrances.ts';
import { createRequestContext } from './request-context.ts';
import { type EntranceGraph, openEntranceGraph } from './served-graph.ts';

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
  isTrustedProxy: ProxyCheck;
  /** Where the supergraph of an entrance is read from. Without it, from its file. */
  sourceOf?: ((kind: Variant) => SupergraphSource) | undefined;
  /** How often the file is looked at. */
  supergraphPollMs?: number | undefined;
};

/**
 * Answers operations at an entrance. A request passes these checks in this order: limits on its text, cookies and token, which
 * document runs, limits on the document, who may see the schema, validation and planning, the access rules. Then its fetches go
 * out. When the file of the supergraph changes, another graph is built beside the one that answers, and takes its place.
 *
 * @throws {ConfigError} when the file that SUPERGRAPH_FILE names cannot be served
 */
export async function mountEntranceGraph(
  entranceServer: EntranceServer,
  entrance: Entrance,
  options: EntranceGraphOptions,
): Promise<void> {
  const { config, logger, issuers, revocations, origins, refusedOrigins, graphqlPath, markOf } = options;
  const { name, kind } = entrance;
  const { server, admission } = entranceServer;
  const source = options.sourceOf?.(kind) ?? findSupergraphSource(config, entrance);
  const first = await readFirst(source, config);
  const proof = await openEntranceProof(entrance, config, logger);
  server.addHook('onClose', async () => proof.stop());
  const reports = createRefusalReports({
    entrance,
    fieldPlatforms: { get: (coordinate) => graphs.current.fieldPlatforms.get(coordinate) },
    proof,
    config,
    logger,
  });
  server.addHook('onClose', () => reports.stop());
  const trustedDocuments = await openTrustedDocuments({
    entrance: name,
    ...trustedDocumentsOf(config, name),
    markOf,
    logger,
  });
  server.addHook('onClose', () => trustedDocuments.stop());
  const createContext = createRequestContext({
    entrance: kind,
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
  if (config.ACCESS === 'off') {
    logger.warn(
      { entrance: name },
      'ACCESS=off: no access rule is checked, every caller may ask for every field',
    );
  }
  let generation = 0;
  const open = (supergraph: Supergraph, mustHaveRules: boolean) => {
    generation += 1;
    return openEntranceGraph(supergraph, {
      ...options,
      server,
      entrance,
      proof,
      reports,
      trustedDocuments,
      createContext,
      generation,
      mustHaveRules,
    });
  };
  const graphs = createGraphSwitch<EntranceGraph>(
    await open(first.supergraph, false).catch((error) => fail(error, config)),
    (error) =>
      logger.error({ err: error, entrance: name }, 'a supergraph that was replaced could not be closed'),
  );
  server.addHook('onClose', () => graphs.stop());
  const endFollowing = followSupergraph({
    entrance: name,
    source,
    mark: first.mark,
    logger,
    pollMs: options.supergraphPollMs,
    async replace(supergraph) {
      const mustHaveRules = config.ACCESS === 'on' && graphs.current.hasRules;
      graphs.replaceBy(await open(supergraph, mustHaveRules));
    },
  });
  server.addHook('preClose', endFollowing);
  const checkSource = createSourceCheck(config, (text) => graphs.current.documentOfText(text));
  registerSourceLimits(server, graphqlPath, checkSource);
  routeGraphql({ server, path: graphqlPath, admit: admission.run, answer: graphs.answer });
  const { answerFast } = graphs;
  if (config.LANES !== 'apollo') {
    entranceServer.direct.handler = createDirectOperations({
      ...entranceServer,
      isTrustedProxy: options.isTrustedProxy,
      checkSource,
      answerFast,
    });
  }
}

/** The mark is taken first: a change while the file is read is found at the next look. */
async function readFirst(source: SupergraphSource, config: GatewayConfig) {
  try {
    const mark = await source.mark();
    return { mark, supergraph: await source.read() };
  } catch (error) {
    return fail(error, config);
  }
}

function fail(error: unknown, config: GatewayConfig): never {
  const isOperators = error instanceof SupergraphError && config.SUPERGRAPH_FILE !== undefined;
  throw isOperators ? new ConfigError([`${placeOf(config, 'SUPERGRAPH_FILE')}: ${error.message}`]) : error;
}
