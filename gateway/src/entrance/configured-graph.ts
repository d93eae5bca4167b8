import { createActingLog, createVerifier, createVerifierWatch, type TrustedIssuer } from '@signet/session';
import { createRefusalReports } from '../access/refusal-reports.ts';
import { createSessionCookieGate } from '../admission/session-cookie-gate.ts';
import { type GatewayConfig, trustedDocumentsOf } from '../config.ts';
import { openTrustedDocuments } from '../documents/trusted-documents.ts';
import { createSourceCheck, type SourceCheck } from '../limits/operation-limits.ts';
import {
  createRecordRefused,
  createRecordRefusedRequest,
  type RecordRefusedRequest,
} from '../refusals/record-refused.ts';
import { createRefusalRecords } from '../refusals/refusal-records.ts';
import { openEntranceProof } from '../subgraphs/entrance-proof.ts';
import { followSupergraph } from '../supergraph/follow-supergraph.ts';
import { createGraphSwitch, type SwitchableGraph } from '../supergraph/graph-switch.ts';
import { findSupergraphSource, type Supergraph } from '../supergraph/supergraph-source.ts';
import { createOperationIdentities } from '../telemetry/operation-identity.ts';
import { startUsageReports } from '../usage/usage-reports.ts';
import type { EntranceGraphOptions } from './entrance-graph.ts';
import type { EntranceServer } from './entrance-server.ts';
import { type Entrance, originsOf } from './entrances.ts';
import { createRequestContext, createTenantReader } from './request-context.ts';
import { openServedGraph, type ServedGraph } from './served-graph.ts';

export type ConfiguredGraphOptions = Omit<EntranceGraphOptions, 'config' | 'issuers'> & {
  config: GatewayConfig;
  /** Those of the platforms that the entrance admits. */
  issuers: readonly TrustedIssuer[];
  /** Names each graph of the entrance differently. */
  nextGeneration(): number;
  /** Whether a supergraph without any access rule is refused. */
  mustHaveRules: boolean;
};

/** What one configuration makes of an entrance. */
export type ConfiguredGraph = SwitchableGraph & {
  /** The graph of the supergraph as it is now. */
  readonly served: ServedGraph;
  checkSource: SourceCheck;
  recordRefused: RecordRefusedRequest;
  /** What is wrong with the files of proof keys, or undefined. */
  findProofLack(): string | undefined;
  /** From now on the supergraph is not replaced any more. */
  endFollowing(): Promise<void>;
};

/**
 * Builds everything that follows from a configuration: keys, token verifier, trusted documents, and the graph of the supergraph as it is
 * now. When the file of the supergraph changes, another graph is built beside the one that answers, and takes its place.
 *
 * @throws {SupergraphError} when the supergraph cannot be served
 * @throws {ConfigError} when another file that the configuration names cannot be used
 */
export async function openConfiguredGraph(
  { server, telemetry }: Pick<EntranceServer, 'server' | 'telemetry'>,
  entrance: Entrance,
  options: ConfiguredGraphOptions,
): Promise<ConfiguredGraph> {
  const { config, logger } = options;
  const { name, kind } = entrance;
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  try {
    const source = options.sourceOf?.(kind) ?? findSupergraphSource(config, entrance);
    // The mark is taken first: a change while the file is read is found at the next look.
    const mark = await source.mark();
    const supergraph = await source.read();
    const proof = await openEntranceProof(entrance, config, logger);
    stops.push(() => proof.stop());
    const reports = createRefusalReports({
      entrance,
      fieldPlatforms: { get: (coordinate) => graphs.current.fieldPlatforms.get(coordinate) },
      proof,
      config,
      logger,
    });
    stops.push(() => reports.stop());
    const records = createRefusalRecords({
      entrance,
      fieldPlatforms: { get: (coordinate) => graphs.current.fieldPlatforms.get(coordinate) },
      proof,
      config,
      logger,
    });
    stops.push(() => records.stop());
    const { usage } = options;
    if (usage) {
      const usageReports = startUsageReports({ entrance, usage, proof, config, logger });
      stops.push(() => usageReports.stop());
    }
    const trustedDocuments = await openTrustedDocuments({
      entrance: name,
      ...trustedDocumentsOf(config, name),
      markOf: options.markOf,
      logger,
    });
    stops.push(() => trustedDocuments.stop());
    telemetry.expect(trustedDocuments.documents.flatMap(({ name }) => name ?? []));
    const createContext = createEntranceContext(entrance, reports, options);
    if (config.ACCESS === 'off') {
      logger.warn(
        { entrance: name },
        'ACCESS=off: no access rule is checked, every caller may ask for every field',
      );
    }
    const open = (next: Supergraph, mustHaveRules: boolean) =>
      openServedGraph(next, {
        ...options,
        server,
        entrance,
        proof,
        reports,
        onRefused: createRecordRefused(records),
        trustedDocuments,
        createContext,
        identify: createOperationIdentities(options.markOf, options.usage !== undefined),
        generation: options.nextGeneration(),
        mustHaveRules,
      });
    const graphs = createGraphSwitch<ServedGraph>(await open(supergraph, options.mustHaveRules), (error) =>
      logger.error({ err: error, entrance: name }, 'a supergraph that was replaced could not be closed'),
    );
    stops.push(() => graphs.stop());
    const endFollowing = followSupergraph({
      entrance: name,
      source,
      mark,
      logger,
      pollMs: options.supergraphPollMs,
      async replace(next) {
        graphs.replaceBy(await open(next, config.ACCESS === 'on' && graphs.current.hasRules));
      },
    });
    stops.push(endFollowing);
    return {
      get served() {
        return graphs.current;
      },
      answer: graphs.answer,
      answerFast: graphs.answerFast,
      checkSource: createSourceCheck(config, (text) => graphs.current.documentOfText(text)),
      findProofLack: proof.findLack,
      recordRefused: createRecordRefusedRequest(records, {
        ...options,
        readTenant: createTenantReader(tenantsByHostOf(config)),
      }),
      endFollowing,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a request is checked for before its document is looked at. */
function createEntranceContext(
  entrance: Entrance,
  reports: ReturnType<typeof createRefusalReports>,
  {
    config,
    issuers,
    logger,
    revocations,
    readClientAddress,
    refusedOrigins,
    metrics,
  }: ConfiguredGraphOptions,
) {
  return createRequestContext({
    entrance: entrance.kind,
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    reports,
    acting: createActingLog(logger),
    verifier: createVerifier({
      issuers,
      revocations: revocations.source,
      watch: metrics && createVerifierWatch(metrics),
    }),
    readClientAddress,
    tenantsByHost: tenantsByHostOf(config),
    cookieGate: createSessionCookieGate({
      platforms: entrance.platforms,
      origins: originsOf(entrance, config),
      areOffered: config.SESSION_COOKIES,
      refusedOrigins,
    }),
  });
}

function tenantsByHostOf({ TENANT_HOSTS }: GatewayConfig): ReadonlyMap<string, string> {
  return new Map(TENANT_HOSTS.map((pair) => pair.split('=', 2) as [string, string]));
}
