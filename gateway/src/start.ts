import {
  ConfigError,
  type Logger,
  openProcessMetrics,
  type ProcessMetrics,
  type RunningServer,
} from '@signet/service';
import {
  assertKeysOfNewIssuers,
  createTrustedIssuers,
  measureKeys,
  measureRevocations,
  noRevocations,
  openRevocations,
  type ProcessRevocations,
  type RevocationFeed,
  refetchOnRevokedKey,
  type TrustedIssuer,
} from '@signet/session';
import type { ServiceMetrics } from '@signet/telemetry';
import { openTracing, type Tracing } from '@signet/telemetry/tracing';
import type { GatewayConfig } from './config.ts';
import { ownPlatforms } from './config-graph.ts';
import { createDocumentMark } from './documents/document-mark.ts';
import { type EntranceOptions, type OpenEntrance, openEntrance } from './entrance/entrance-server.ts';
import { entrancesOf } from './entrance/entrances.ts';
import { replaceSettings } from './entrance/replace-settings.ts';
import type { SeededAccount } from './pages/layout.ts';
import { openPlanningPool, type PlanningPool } from './planning/planning-pool.ts';
import type { StartedWorker } from './planning/start-worker.ts';
import { followSettings } from './settings-file/follow-settings.ts';
import { createAnswerBudget } from './subgraphs/held-answers.ts';

export type GatewayOptions = {
  /** Seeded accounts for one-click sign-in on the browser pages. Development only. */
  accounts?: readonly SeededAccount[];
  /** A revocation feed that several servers share. Without it, one is opened from REVOCATIONS_DATABASE_URL. */
  revocations?: RevocationFeed | undefined;
  /** The first planning worker, started while everything else was loaded. */
  planningWorker?: StartedWorker | undefined;
  /** What several servers of a process are measured with. Without it, METRICS_PORT decides. */
  metrics?: ProcessMetrics | undefined;
  /** The configuration file, to be followed: where it changes, `load` reads it again. */
  settings?: { path: string; load(): GatewayConfig; pollMs?: number };
};

/** The name of the process in its log, metrics and traces: with ENTRANCES=user, gateway-user. */
export function gatewayNameOf({ ENTRANCES = [] }: Pick<GatewayConfig, 'ENTRANCES'>): string {
  const [only, another] = ENTRANCES;
  return only !== undefined && another === undefined ? `gateway-${only}` : 'gateway';
}

/**
 * Starts the gateway with the entrances that its configuration names. Without names: all of them, outside production. No port is opened
 * before every entrance can be served.
 *
 * @returns the URL of the first entrance.
 */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
  { accounts = [], revocations: feed, planningWorker, settings, metrics: shownBy }: GatewayOptions = {},
): Promise<RunningServer> {
  // First, since a worker loads what it needs while everything else starts.
  const planning = openPlanningPool({
    logger,
    deadlineMs: config.PLANNING_DEADLINE_MS,
    early: planningWorker,
  });
  const markOf = createDocumentMark();
  const answers = createAnswerBudget(config);
  const shared: (() => Promise<void>)[] = [planning.stop];
  let opened: readonly OpenEntrance[] = [];
  let endFollowing = async () => {};
  const stop = async () => {
    await endFollowing();
    await Promise.all(opened.map((entrance) => entrance.stop()));
    await Promise.all(shared.map((stopOne) => stopOne()));
  };
  const starting = keepAlive();
  try {
    const own = shownBy ? undefined : await openProcessMetrics(config, { logger });
    if (own) shared.push(() => own.stop());
    const shown = shownBy ?? own;
    const processName = gatewayNameOf(config);
    const metrics = shown?.of(processName);
    const tracing = await openTracing(config, { serviceName: `signet-${processName}`, log: logger });
    if (tracing) shared.push(tracing.stop);
    let issuers = await openIssuers(config, logger, { tracing });
    const revocations = await openProcessRevocations(config, logger, feed);
    shared.push(() => revocations.stop());
    refetchOnRevokedKey(() => issuers, revocations.source, logger);
    if (metrics) shared.push(measureProcess(metrics, { revocations, planning, issuersNow: () => issuers }));
    const options = {
      config,
      logger,
      issuers,
      revocations,
      planning,
      markOf,
      answers,
      metrics,
      tracing,
      accounts,
    };
    opened = await openEntrances(options);
    for (const { name, health } of opened) shown?.addHealth(processName, health, name);
    shown?.addPage('/usage', () => readUsage(opened));
    const [url = ''] = await Promise.all(opened.map((entrance) => entrance.listen()));
    if (settings) {
      endFollowing = await followSettings({
        ...settings,
        config,
        logger,
        async replace(next, isIssuerChange) {
          const trusted = isIssuerChange
            ? await openNewIssuers(next, logger, { previous: issuers, tracing })
            : issuers;
          await replaceSettings(opened, next, trusted);
          issuers = trusted;
        },
      });
    }
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearInterval(starting);
  }
}

/**
 * Opens everything that a configuration names, and closes it again: supergraphs, keys, documents. No port, no database.
 *
 * @throws {ConfigError} as `startGateway`
 */
export async function checkGateway(config: GatewayConfig, logger: Logger): Promise<void> {
  const planning = openPlanningPool({ logger, deadlineMs: config.PLANNING_DEADLINE_MS });
  const checking = keepAlive();
  try {
    const issuers = await openIssuers(config, logger);
    const revocations = noRevocations;
    const markOf = createDocumentMark();
    const answers = createAnswerBudget(config);
    const options = { config, logger, issuers, revocations, planning, markOf, answers, accounts: [] };
    await Promise.all((await openEntrances(options)).map((entrance) => entrance.stop()));
  } finally {
    await planning.stop();
    clearInterval(checking);
  }
}

type Measured = {
  revocations: ProcessRevocations;
  planning: PlanningPool;
  issuersNow: () => readonly TrustedIssuer[];
};

/** Measures what all entrances share. Returns a function that ends it. */
function measureProcess(
  metrics: ServiceMetrics,
  { revocations, planning, issuersNow }: Measured,
): () => Promise<void> {
  const stops = [
    metrics.sample('signet_planning_queue_length', () => [{ labels: [], value: planning.queueLength }]),
    measureKeys(metrics, issuersNow),
    ...(revocations.feed ? [measureRevocations(metrics, revocations.feed)] : []),
  ];
  return async () => {
    for (const stop of stops) stop();
  };
}

/** What this process has counted. What all gateways have together is in the database (`npx signet usage`). */
function readUsage(entrances: readonly OpenEntrance[]) {
  return {
    usage: entrances.flatMap(({ name: entrance, usage }) =>
      (usage?.read() ?? []).map((row) => ({ entrance, ...row })),
    ),
  };
}

/** Until a server listens, only a worker is at work, and a worker does not keep the process alive. */
function keepAlive(): NodeJS.Timeout {
  return setInterval(() => {}, 60_000);
}

/** @throws {ConfigError} with the faults of all entrances; then none is open */
async function openEntrances(options: EntranceOptions): Promise<readonly OpenEntrance[]> {
  const outcomes = await Promise.allSettled(
    entrancesOf(options.config).map((entrance) => openEntrance(entrance, options)),
  );
  const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (errors.length === 0) return opened;
  await Promise.all(opened.map((entrance) => entrance.stop()));
  const other = errors.find((error) => !(error instanceof ConfigError));
  throw other ?? new ConfigError([...new Set(errors.flatMap(({ faults }: ConfigError) => faults))]);
}

/** `previous`: those trusted until now. */
type IssuersBeside = { previous?: readonly TrustedIssuer[]; tracing?: Tracing | undefined };

async function openIssuers(
  config: GatewayConfig,
  logger: Logger,
  beside: IssuersBeside = {},
): Promise<readonly TrustedIssuer[]> {
  const { issuers: list } = config;
  const issuers = await createTrustedIssuers(config, logger, {
    wanted: ownPlatforms(config),
    needsTenant: config.SUPERGRAPH_FILE === undefined,
    ...(list && { list }),
    ...beside,
  });
  if (issuers.length === 0) {
    logger.warn('no issuer is configured: every caller is anonymous, and every token is refused');
  }
  return issuers;
}

/**
 * The issuers of changed settings, once their keys are there.
 *
 * @throws {UnreadKeysError} where they are not. Those trusted until now have theirs.
 */
async function openNewIssuers(
  config: GatewayConfig,
  logger: Logger,
  beside: Required<IssuersBeside>,
): Promise<readonly TrustedIssuer[]> {
  const issuers = await openIssuers(config, logger, beside);
  if (config.issuers) await assertKeysOfNewIssuers(issuers, beside.previous, config.issuers);
  return issuers;
}

/** A gateway that verifies no token opens no database, and one for an issuer without revocations has none to open. */
async function openProcessRevocations(
  config: GatewayConfig,
  logger: Logger,
  feed: RevocationFeed | undefined,
) {
  if (ownPlatforms(config).length === 0) return noRevocations;
  const isWithout =
    config.SUPERGRAPH_FILE !== undefined &&
    config.REVOCATIONS_OFF_IN_PRODUCTION &&
    config.REVOCATIONS_DATABASE_URL === undefined;
  if (!isWithout) return openRevocations(config, logger, feed);
  logger.warn(
    'REVOCATIONS_OFF_IN_PRODUCTION=yes: a token is valid until it expires, whatever its issuer says',
  );
  return noRevocations;
}
