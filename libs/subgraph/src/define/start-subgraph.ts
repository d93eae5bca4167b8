import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRelationChecker, type RelationStore } from '@signet/access';
import {
  type AuditOrigin,
  createNonceStore,
  createRelationStore,
  openProcessDatabase,
  pruneWith,
  startHousekeeping,
} from '@signet/db';
import type { Logger, RunningServer, SignetContext } from '@signet/service';
import type { RevocationFeed } from '@signet/session';
import type { SubgraphConfig } from '../config.ts';
import { type SubgraphOptions, serveSubgraph } from '../serve-subgraph.ts';
import { atPrimary, readWritesAtPrimary } from './at-primary.ts';
import type { SettingFields, SubgraphContext, SubgraphParts } from './define-subgraph.ts';
import { measurePool } from './measure-pool.ts';
import { startPersonalData } from './personal-data.ts';

/** How long a statement of the work of every minute may take: to count the rows of a shop of many years takes longer than any request may. */
const minuteWorkMs = 600_000;
/** How long a stop waits for such a statement. It is rolled back then, and begun again by the next process. */
const minuteWorkStopMs = 1000;

/** Joins the parts of a subgraph with its database: pool, nonces, relations and housekeeping. Starts its server. */
export function startSubgraph<Loaders extends object, Settings extends object>(
  parts: SubgraphParts<Loaders, Settings>,
  config: SubgraphConfig,
  logger: Logger,
  { revocations, lane, metrics, ...options }: SubgraphOptions = {},
): Promise<RunningServer> {
  const { name } = parts;
  const { DATABASE_REPLICAS: replicas = [] } = config;
  const database = openProcessDatabase(config.DATABASE_URL, { name, log: logger, replicas, ...options });
  const { db } = database;
  const endMeasuring = measurePool(metrics?.of(name), name, db);
  const relations: RelationStore = createRelationStore(db);
  let feed: RevocationFeed | undefined;
  const extension = parts.extend?.({ db, logger, revocationAge: () => feed?.lag().read }) ?? {};
  const housekeeping = startHousekeeping({
    db,
    name,
    log: logger,
    jobs: Object.entries({ ...parts.housekeeping, proofNonces: `${name}.prune_proof_nonces` }).map(
      ([job, functionName]) => pruneWith(job, functionName),
    ),
  });
  // Connections of their own: those of requests give up what takes as long as the work may.
  const patient =
    parts.everyMinute &&
    openProcessDatabase(config.DATABASE_URL, {
      name: `${name}-every-minute`,
      log: logger,
      maxConnections: 2,
      statementTimeoutMs: minuteWorkMs,
      ...options,
    });
  const everyMinute =
    parts.everyMinute &&
    patient &&
    startHousekeeping({
      db: patient.db,
      name: `${name} every minute`,
      log: logger,
      everyMs: 60_000,
      jobs: Object.entries(parts.everyMinute).map(([job, prune]) => ({ name: job, prune })),
    });
  const { personalData } = parts;
  const answers = personalData && startPersonalData({ name, db, logger, personalData });
  const settings = pickSettings(parts.settings, config);
  return serveSubgraph<SubgraphContext<Loaders, Settings>>({
    name,
    config,
    logger,
    resolvers: parts.resolvers,
    ...(parts.policies && { policies: atPrimary(parts.policies) }),
    database: {
      ...database,
      async close() {
        await extension.stop?.();
        endMeasuring();
        await Promise.all([database.close(), withinStop(patient?.close())]);
      },
    },
    nonces: createNonceStore(db, `${name}.proof_nonce`),
    revocations,
    onRevocations: (opened) => {
      feed = opened;
    },
    lane,
    metrics,
    onStop: async () =>
      void (await Promise.all([housekeeping.stop(), withinStop(everyMinute?.stop()), answers?.stop()])),
    hooks: [readWritesAtPrimary, ...(extension.hooks ?? [])],
    ...(extension.plugins && { plugins: extension.plugins }),
    createContext: ({ session, tenantId }, { signetContext }) => ({
      session,
      tenantId,
      db,
      logger,
      settings,
      origin: readOrigin(signetContext),
      loaders: parts.createLoaders?.(db, tenantId) ?? ({} as Loaders),
      relations: createRelationChecker(relations, tenantId),
    }),
  });
}

function pickSettings<Settings extends object>(
  fields: SettingFields<Settings> | undefined,
  config: object,
): Settings {
  const own = Object.entries(config).filter(([name]) => fields && name in fields);
  return Object.fromEntries(own) as Settings;
}

/** What the gateway says about the client. Text that is not an address is left out. */
function readOrigin({ clientAddress = '', requestId }: SignetContext): AuditOrigin {
  const [address = ''] = clientAddress.split('%', 1); // RFC 4007: a zone means nothing on another machine.
  return { address: isIP(address) ? address : null, requestId };
}

async function withinStop(ending: Promise<void> | undefined): Promise<void> {
  await Promise.race([ending, sleep(minuteWorkStopMs, undefined, { ref: false })]);
}
