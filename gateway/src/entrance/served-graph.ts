import { readRuleBook, withDefaultAccess, withPoliciesByToken } from '@signet/access';
import {
  createErrorFormatter,
  createGraphqlHandler,
  hasProductionSurface,
  type Logger,
} from '@signet/service';
import type { ServiceMetrics } from '@signet/telemetry';
import type { FastifyInstance } from 'fastify';
import { type DocumentNode, print } from 'graphql';
import { createAccessGuard, createOperationGuards, type OperationGuards } from '../access/access-guard.ts';
import type { FieldPlatforms } from '../access/field-platforms.ts';
import { createIntrospectionGuard, mayIntrospect } from '../access/introspection-guard.ts';
import type { RefusalReports } from '../access/refusal-reports.ts';
import type { GatewayConfig } from '../config.ts';
import { arePoliciesByToken } from '../config-graph.ts';
import type { DocumentMark } from '../documents/document-mark.ts';
import type { TrustedDocuments, WithDocument } from '../documents/trusted-documents.ts';
import { createExecution } from '../execute/execution.ts';
import { stripRules } from '../execute/strip-rules.ts';
import { createSubgraphSources } from '../execute/subgraph-sources.ts';
import { readCostBook } from '../limits/cost-book.ts';
import { createLimitsCheck } from '../limits/operation-limits.ts';
import { planInAdvance } from '../planning/plan-in-advance.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import type { RecordRefused } from '../refusals/record-refused.ts';
import type { EntranceProof } from '../subgraphs/entrance-proof.ts';
import type { AnswerBudget } from '../subgraphs/held-answers.ts';
import type { OpenCircuits } from '../subgraphs/subgraph-readiness.ts';
import { findFieldsWithoutRule } from '../supergraph/check-rules.ts';
import type { SwitchableGraph } from '../supergraph/graph-switch.ts';
import { findSubgraphUrls, findUnusedUrls, type SubgraphUrls } from '../supergraph/subgraph-urls.ts';
import { type Supergraph, SupergraphError } from '../supergraph/supergraph-source.ts';
import type { IdentifyOperation } from '../telemetry/operation-identity.ts';
import { createTelemetryPlugin } from '../telemetry/telemetry-plugin.ts';
import type { Entrance } from './entrances.ts';
import { createLanes } from './lanes.ts';
import { createOperationChecks, refuseSubscriptions, throttledStatus } from './operation-plugins.ts';
import type { CreateContext, GatewayContext } from './request-context.ts';

export type ServedGraphOptions = {
  /** It only gets the requests that `answer` is called with. */
  server: FastifyInstance;
  entrance: Entrance;
  config: GatewayConfig;
  logger: Logger;
  planning: PlanningPool;
  markOf: DocumentMark;
  metrics?: ServiceMetrics | undefined;
  identify: IdentifyOperation;
  proof: Pick<EntranceProof, 'signerFor' | 'missingPeerOf'>;
  answers: AnswerBudget;
  reports: Pick<RefusalReports, 'add'>;
  onRefused: RecordRefused;
  trustedDocuments: Pick<TrustedDocuments, 'documents' | 'plugin' | 'withDocument' | 'remember'>;
  createContext: CreateContext<GatewayContext>;
  /** Tells this graph from others of the entrance, before and after it. */
  generation: number;
  /** Whether a supergraph without any access rule is refused. */
  mustHaveRules: boolean;
};

/** Everything that follows from one supergraph. */
export type ServedGraph = SwitchableGraph & {
  /** The parsed document with this text, once an operation of it has been planned. */
  documentOfText(text: string): DocumentNode | undefined;
  fieldPlatforms: FieldPlatforms;
  /** Whether the supergraph has any access rule. */
  hasRules: boolean;
  openCircuits: OpenCircuits;
};

const maxNamedFields = 5;
/** For ACCESS=off. */
const allowAll: OperationGuards = () => Object.assign(() => [], { size: 0 });

/**
 * Builds everything that follows from one supergraph: planners in the workers, executor, limits, guards, caches, connections to
 * its subgraphs. Resolves when it can answer.
 *
 * @throws {SupergraphError} when the supergraph cannot be served
 */
export async function openServedGraph(
  { document: supergraph, fieldPlatforms }: Supergraph,
  options: ServedGraphOptions,
): Promise<ServedGraph> {
  const { server, entrance, config, logger, markOf, proof, reports, trustedDocuments } = options;
  const { name } = entrance;
  const urls = findSubgraphUrls(supergraph, config);
  // Somebody's own graph. For the platform's, npm start makes the keys, and a subgraph without them is down alone.
  if (config.SUPERGRAPH_FILE !== undefined) refuseMissingPeers(urls, proof);
  const written = readRuleBook(supergraph);
  const byDefault = withDefaultAccess(written, config.DEFAULT_ACCESS);
  const rules = arePoliciesByToken(config) ? withPoliciesByToken(byDefault) : byDefault;
  const hasRules = [...written.values()].some(hasRule);
  if (options.mustHaveRules && !hasRules) {
    throw new SupergraphError('it has no access rule at all, and the one that is served has');
  }
  warnOfGaps(supergraph, written, options);
  warnOfUnknownSubgraphs(urls, options);
  const supergraphSdl = print(stripRules(supergraph));
  // Error texts that name parts of the schema are the same for all callers of an entrance.
  const hideSchemaDetails = !(config.INTROSPECTION ?? !hasProductionSurface(config));
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  try {
    const sources = createSubgraphSources({
      config,
      urls,
      fieldPlatforms,
      proof,
      answers: options.answers,
      reports,
      logger,
      entrance: name,
      metrics: options.metrics,
    });
    stops.push(sources.stop);
    const formatError = createErrorFormatter({ logger, trustsExtensions: true, hideSchemaDetails });
    const { planning, gateway, compiledOf } = await createExecution({
      entrance: name,
      schemaName: `${name} ${options.generation}`,
      supergraphSdl,
      fieldPlatforms,
      send: sources.send,
      sourceOf: sources.sourceOf,
      planning: options.planning,
      hideSchemaDetails,
      formatError,
      markOf,
      config,
      logger,
    });
    stops.push(planning.stop);
    const book = readCostBook(supergraph);
    const guards = config.ACCESS === 'on' ? createOperationGuards(rules) : allowAll;
    const lanes = createLanes({
      lanes: compiledOf ? config.LANES : 'apollo',
      createContext: trustedDocuments.withDocument(options.createContext),
      onRefused: options.onRefused,
      onRun: ({ document }) => trustedDocuments.remember(document),
      planner: planning,
      compiledOf: compiledOf ?? (() => undefined),
      book,
      guards,
      identify: options.identify,
      config,
      formatError,
    });
    const handler = await createGraphqlHandler<WithDocument<GatewayContext>>({
      server,
      logger,
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
          refuseSubscriptions,
          createIntrospectionGuard(mayIntrospect(entrance, config)),
        ]),
        throttledStatus,
        planning.plugin,
        ...(config.ACCESS === 'on'
          ? [createAccessGuard({ guards, logger, dryRun: config.ACCESS_DRY_RUN, reports })]
          : []),
        createTelemetryPlugin(options.identify, options.onRefused),
      ],
    });
    stops.push(handler.stop);
    await planning.ready;
    await planInAdvance(trustedDocuments.documents, { planner: planning });
    const { documentOfText } = planning;
    const { answer, answerFast } = handler;
    const { openCircuits } = sources;
    return { answer, answerFast, documentOfText, fieldPlatforms, hasRules, openCircuits, stop };
  } catch (error) {
    await stop();
    throw new SupergraphError(`it cannot be served: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws {SupergraphError} that names each subgraph to which no fetch could be signed */
function refuseMissingPeers(
  urls: ReadonlyMap<string, SubgraphUrls>,
  proof: Pick<EntranceProof, 'missingPeerOf'>,
): void {
  const missing = [...urls].flatMap(([name, byPlatform]) =>
    Object.values(byPlatform).flatMap((url) => proof.missingPeerOf(name, url) ?? []),
  );
  const faults = [...new Set(missing)].map(
    (name) =>
      `peers.json (PROOF_PEERS_FILE) does not list the subgraph '${name}', so no fetch to it could be signed: run signet keys proof add ${name}, or set PROOF=off (proof: off) where subgraphs check no proof`,
  );
  if (faults.length > 0) throw new SupergraphError(faults.join('; '));
}

function hasRule(type: { hasRule: boolean; fields: ReadonlyMap<string, { hasRule: boolean }> }): boolean {
  return type.hasRule || [...type.fields.values()].some((field) => field.hasRule);
}

/** The first fields without a rule, and who may have them. */
function warnOfGaps(
  supergraph: DocumentNode,
  rules: ReturnType<typeof readRuleBook>,
  { entrance, config, logger }: ServedGraphOptions,
): void {
  const gaps = config.ACCESS === 'on' ? findFieldsWithoutRule(supergraph, rules) : [];
  if (gaps.length === 0) return;
  const found = { entrance: entrance.name, fields: gaps.length, first: gaps.slice(0, maxNamedFields) };
  if (config.DEFAULT_ACCESS === 'deny') {
    logger.error(
      found,
      'these fields have no access rule, so they are refused to everybody (DEFAULT_ACCESS gives them to others, ACCESS=off checks no rule)',
    );
  } else {
    const holders = config.DEFAULT_ACCESS === 'public' ? 'everybody' : 'every caller who is signed in';
    logger.warn(
      found,
      `these fields have no access rule, so ${holders} may have them (DEFAULT_ACCESS=${config.DEFAULT_ACCESS})`,
    );
  }
}

function warnOfUnknownSubgraphs(
  urls: ReadonlyMap<string, unknown>,
  { entrance, config, logger }: ServedGraphOptions,
): void {
  const named = {
    SUBGRAPH_URLS: findUnusedUrls(urls, config),
    UNMERGED_SUBGRAPHS: config.UNMERGED_SUBGRAPHS.filter((name) => !urls.has(name)),
  };
  for (const [variable, unknown] of Object.entries(named)) {
    if (unknown.length === 0) continue;
    logger.warn(
      { entrance: entrance.name, subgraphs: unknown },
      `${variable} names subgraphs that the supergraph does not have`,
    );
  }
}
