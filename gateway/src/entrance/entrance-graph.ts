import type { Variant } from '@signet/schema/supergraph-files';
import { ConfigError, type Logger, routeGraphql } from '@signet/service';
import type { ProcessRevocations, TrustedIssuer } from '@signet/session';
import type { ServiceMetrics } from '@signet/telemetry';
import type { ClientAddressReader, ProxyCheck } from '../admission/client-address.ts';
import type { RefusedOrigins } from '../admission/refused-origins.ts';
import type { GatewayConfig } from '../config.ts';
import { placeOf } from '../config-entrances.ts';
import type { DocumentMark } from '../documents/document-mark.ts';
import { registerSourceLimits } from '../limits/operation-limits.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import type { RecordRefusedRequest } from '../refusals/record-refused.ts';
import type { AnswerBudget } from '../subgraphs/held-answers.ts';
import type { OpenCircuits } from '../subgraphs/subgraph-readiness.ts';
import { createGraphSwitch } from '../supergraph/graph-switch.ts';
import { SupergraphError, type SupergraphSource } from '../supergraph/supergraph-source.ts';
import type { FieldUsage } from '../usage/field-usage.ts';
import { type ConfiguredGraph, openConfiguredGraph } from './configured-graph.ts';
import { createDirectOperations } from './direct-operations.ts';
import type { EntranceServer } from './entrance-server.ts';
import type { Entrance } from './entrances.ts';

export type EntranceGraphOptions = {
  config: GatewayConfig;
  logger: Logger;
  /** Those of the platforms that the entrance admits. */
  issuers: readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  planning: PlanningPool;
  /** One for all entrances of the process. */
  markOf: DocumentMark;
  /** Shared by all entrances of the process. */
  answers: AnswerBudget;
  metrics?: ServiceMetrics | undefined;
  /** Undefined: nobody counts which fields are asked for. */
  usage?: FieldUsage | undefined;
  refusedOrigins: RefusedOrigins;
  graphqlPath: string;
  readClientAddress: ClientAddressReader;
  isTrustedProxy: ProxyCheck;
  /** Where the supergraph of an entrance is read from. Without it, from its file. */
  sourceOf?: ((kind: Variant) => SupergraphSource) | undefined;
  /** How often the file is looked at. */
  supergraphPollMs?: number | undefined;
};

/** Another configuration of an entrance, built beside the one that is served. Call one of the two. */
export type PreparedGraph = {
  /** Serves it. Requests under way finish on the previous one. */
  take(): void;
  drop(): Promise<void>;
};

/** What the entrance asks of the graph that it serves, whichever that is. */
export type EntranceGraph = {
  openCircuits: OpenCircuits;
  findProofLack(): string | undefined;
  /** Of requests that the HTTP server answers with errors itself. */
  recordRefused: RecordRefusedRequest;
  /**
   * `entrance`: the platforms that it admits from then on.
   *
   * @throws {ConfigError} when it cannot be served. The one that is served stays.
   */
  prepare(
    config: GatewayConfig,
    issuers: readonly TrustedIssuer[],
    entrance: Entrance,
  ): Promise<PreparedGraph>;
};

/**
 * Answers operations at an entrance. A request passes these checks in this order: limits on its text, cookies and token, which
 * document runs, limits on the document, who may see the schema, validation and planning, the access rules. Then its fetches go
 * out.
 *
 * @throws {ConfigError} when the file that SUPERGRAPH_FILE names cannot be served
 */
export async function mountEntranceGraph(
  entranceServer: EntranceServer,
  entrance: Entrance,
  options: EntranceGraphOptions,
): Promise<EntranceGraph> {
  const { logger, graphqlPath } = options;
  const { server, admission } = entranceServer;
  let generation = 0;
  const nextGeneration = () => {
    generation += 1;
    return generation;
  };
  const open = (
    config: GatewayConfig,
    issuers: readonly TrustedIssuer[],
    of: Entrance,
    mustHaveRules: boolean,
  ) =>
    openConfiguredGraph(entranceServer, of, {
      ...options,
      config,
      issuers,
      nextGeneration,
      mustHaveRules,
    }).catch((error) => fail(error, config));
  const graphs = createGraphSwitch<ConfiguredGraph>(
    await open(options.config, options.issuers, entrance, false),
    (error) =>
      logger.error(
        { err: error, entrance: entrance.name },
        'settings that were replaced could not be closed',
      ),
  );
  server.addHook('onClose', () => graphs.stop());
  server.addHook('preClose', () => graphs.current.endFollowing());
  const checkSource = (text: string) => graphs.current.checkSource(text);
  registerSourceLimits(server, graphqlPath, checkSource);
  routeGraphql({ server, path: graphqlPath, admit: admission.run, answer: graphs.answer });
  const { answerFast } = graphs;
  if (options.config.LANES !== 'apollo') {
    entranceServer.direct.handler = createDirectOperations({
      ...entranceServer,
      isTrustedProxy: options.isTrustedProxy,
      checkSource,
      answerFast,
    });
  }
  return {
    openCircuits: () => graphs.current.served.openCircuits(),
    findProofLack: () => graphs.current.findProofLack(),
    recordRefused: (...refused) => graphs.current.recordRefused(...refused),
    async prepare(config, issuers, next) {
      const mustHaveRules = config.ACCESS === 'on' && graphs.current.served.hasRules;
      const prepared = await open(config, issuers, next, mustHaveRules);
      return { take: () => graphs.replaceBy(prepared), drop: () => prepared.stop() };
    },
  };
}

function fail(error: unknown, config: GatewayConfig): never {
  const isOperators = error instanceof SupergraphError && config.SUPERGRAPH_FILE !== undefined;
  throw isOperators ? new ConfigError([`${placeOf(config, 'SUPERGRAPH_FILE')}: ${error.message}`]) : error;
}
