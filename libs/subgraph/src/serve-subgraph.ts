import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GuardContext, guardSchema, type PolicyTable, readRuleBook } from '@signet/access';
import { readSubgraphSdl } from '@signet/schema/sdl';
import type { SubgraphName } from '@signet/schema/subgraphs';
import {
  badInput,
  customScalars,
  type EndpointPlugin,
  type ErrorTranslation,
  hasProductionSurface,
  type Logger,
  type OperationHooks,
  type ProcessMetrics,
  type ReadinessCheck,
  RefusalError,
  type RunningServer,
} from '@signet/service';
import {
  accountIdOf,
  createActingLog,
  createRequestSession,
  createTrustedIssuers,
  createVerifier,
  createVerifierWatch,
  isImpersonated,
  keyReadiness,
  measureKeys,
  measureRevocations,
  openRevocations,
  type ProcessRevocations,
  type RequestSession,
  type RevocationFeed,
  refetchOnRevokedKey,
  type Session,
  type TrustedIssuer,
  type Verifier,
} from '@signet/session';
import type { ServiceMetrics } from '@signet/telemetry';
import { openTracing, type Tracing, type TracingConfig } from '@signet/telemetry/tracing';
import type { FastifyInstance } from 'fastify';
import { type DocumentNode, type GraphQLSchema, Kind, parse } from 'graphql';
import type { SubgraphConfig } from './config.ts';
import { normalizeArguments } from './normalize-arguments.ts';
import { openProofCheck } from './proof/open-proof-check.ts';
import { createOperationProof, type NonceStore } from './proof/operation-proof.ts';
import type { ProofGate } from './proof/proof-gate.ts';
import type { RequestScopes } from './request-runner.ts';
import { createProofCount } from './subgraph-metrics.ts';
import { type SubgraphHttpRequest, startSubgraphServer } from './subgraph-server.ts';

/** What a subgraph needs of its database beside its own queries. */
export type SubgraphDatabase = {
  findTenantId(slug: string): Promise<string | undefined>;
  /** Reason why the database can't be used, or nothing. */
  checkReady(): Promise<string | undefined>;
  /** What a failed query means: a value that no column can hold, a server that can't be used, or a fault of ours. */
  classifyError(error: unknown): 'input' | 'unavailable' | undefined;
  requests: RequestScopes;
  close(): Promise<void>;
};

type Resolvers = NonNullable<
  Extract<Parameters<typeof buildSubgraphSchema>[0], { typeDefs: unknown }>['resolvers']
>;

type ServerConfig = Pick<
  SubgraphConfig,
  | 'HOST'
  | 'PORT'
  | 'portVariable'
  | 'ALLOWED_HOSTS'
  | 'SHUTDOWN_DRAIN_MS'
  | 'NODE_ENV'
  | 'SURFACE'
  | 'DEFAULT_TENANT'
  | 'REVOCATIONS_DATABASE_URL'
  | 'REQUIRE_PROOF'
  | 'PROOF_KEY_FILE'
  | 'PROOF_PEERS_FILE'
  | keyof TracingConfig
>;

/** Either the configuration names the issuers, or they are given: auth knows its own keys. */
type IssuerOptions =
  | { config: SubgraphConfig; issuers?: undefined }
  | { config: ServerConfig; issuers: readonly TrustedIssuer[] };

/** What tests and the launcher set for a subgraph, and no environment variable can. */
export type SubgraphOptions = {
  /** Called with every SQL statement; tests count them. */
  onQuery?: (sql: string) => void;
  /** A feed that several servers share. */
  revocations?: RevocationFeed | undefined;
  /** `apollo`: Apollo Server answers every request, for tests that compare. */
  lane?: 'apollo' | 'both' | undefined;
  /** What several servers of a process are measured with. Without it, METRICS_PORT decides. */
  metrics?: ProcessMetrics | undefined;
};

export type ServeSubgraphOptions<C extends GuardContext> = IssuerOptions & {
  name: SubgraphName;
  /** How metrics, traces and gateways (in peers.json) know this process: its name, except where several do one subgraph's work. */
  processName?: string;
  logger: Logger;
  resolvers: unknown;
  /** The functions that `@policy` rules name; none where there are no such rules. */
  policies?: PolicyTable<C>;
  database: SubgraphDatabase;
  /** Shared by all replicas of this process. */
  nonces: NonceStore;
  /** Adds to who asks and in which tenant what the resolvers need: the database, loaders. Called once a request. */
  createContext(requestSession: RequestSession, request: SubgraphHttpRequest): C;
  /** A feed that several servers share. Without it, one of REVOCATIONS_DATABASE_URL is opened. */
  revocations?: RevocationFeed | undefined;
  /** Told which feed it is; undefined where nothing is ever revoked. */
  onRevocations?(feed: RevocationFeed | undefined): void;
  readiness?: readonly ReadinessCheck[];
  lane?: SubgraphOptions['lane'];
  metrics?: ProcessMetrics | undefined;
  /** Of a process that traces more than requests. It ends with the server. Without it, the configuration decides. */
  tracing?: Tracing | undefined;
  hooks?: readonly OperationHooks[];
  /** Plugins of Apollo Server. With one of them, Apollo Server answers every request. */
  plugins?: readonly EndpointPlugin[];
  /** For everybody. */
  addRoutes?(server: FastifyInstance): void;
  /** For gateways alone; not there with REQUIRE_PROOF=no. `verifier`: the one of the subgraph. */
  addProvenRoutes?(scope: FastifyInstance, gate: ProofGate, verifier: Verifier): void;
  onStop?(): Promise<void>;
};

/**
 * Starts a subgraph: SDL of its folder, requests that gateways signed, resolvers behind their access rules, sessions from
 * bearer tokens, readiness of database, keys and revocations.
 */
export async function serveSubgraph<C extends GuardContext>(
  options: ServeSubgraphOptions<C>,
): Promise<RunningServer> {
  const { config, logger, database, processName = options.name } = options;
  const tracing =
    options.tracing ??
    (await openTracing(config, {
      serviceName: `signet-${processName}`,
      log: logger,
    }));
  const issuers =
    options.issuers === undefined
      ? await createTrustedIssuers(options.config, logger, { needsTenant: true, tracing })
      : options.issuers;
  const typeDefs = parse(readSubgraphSdl(options.name));
  const schema = buildGuardedSchema(typeDefs, options);
  const translateError: ErrorTranslation = (error) => translateDatabaseError(options, error);
  const metrics = options.metrics?.of(processName);
  const proof = await openProofCheck(processName, config, logger, metrics && createProofCount(metrics));
  const { nonces } = options;
  const operationProof = proof.check && createOperationProof({ ...proof.check, typeDefs, schema, nonces });
  const revocations = await openRevocations(config, logger, options.revocations).catch((error) => {
    proof.stop();
    throw error;
  });
  options.onRevocations?.(revocations.feed);
  refetchOnRevokedKey(() => issuers, revocations.source, logger);
  const endMeasuring = metrics && measureVerification(metrics, issuers, revocations, options.revocations);
  const verifier = createVerifier({
    issuers,
    revocations: revocations.source,
    watch: metrics && createVerifierWatch(metrics),
  });
  const { addProvenRoutes } = options;
  const requestSession = createRequestSession({
    verifier,
    findTenantId: database.findTenantId,
    defaultTenant: config.DEFAULT_TENANT,
  });
  const acting = createActingLog(logger);
  const server = await startSubgraphServer<C>({
    logger,
    tracing,
    host: config.HOST,
    port: config.PORT,
    portVariable: config.portVariable ?? 'PORT',
    allowedHosts: config.ALLOWED_HOSTS,
    drainMs: config.SHUTDOWN_DRAIN_MS,
    introspection: !hasProductionSurface(config),
    schema,
    proof: proof.check,
    async createContext(request) {
      const session = await requestSession(request);
      operationProof?.assertSession(request.proof, session.session);
      const caller = nameCaller(session.session);
      const actor = isImpersonated(session.session) ? session.session.actor.staffId : undefined;
      if (caller !== undefined) database.requests.identifyCaller(caller, actor);
      acting.add(session.session, request.signetContext.requestId);
      return options.createContext(session, request);
    },
    translateError,
    requests: database.requests,
    metrics: metrics && { of: metrics, subgraph: options.name },
    lane: options.lane,
    readiness: [
      { name: 'database', check: database.checkReady },
      ...keyReadiness(issuers),
      ...revocations.readiness,
      ...proof.readiness,
      ...(options.readiness ?? []),
    ],
    hooks: [...(operationProof ? [operationProof.hooks] : []), ...(options.hooks ?? [])],
    ...(options.plugins && { plugins: options.plugins }),
    ...(options.addRoutes && { addRoutes: options.addRoutes }),
    ...(addProvenRoutes && { addProvenRoutes: (scope, gate) => addProvenRoutes(scope, gate, verifier) }),
    async onStop() {
      endMeasuring?.();
      proof.stop();
      await revocations.stop();
      await options.onStop?.();
      await database.close();
      await tracing?.stop();
    },
  }).catch(async (error) => {
    proof.stop();
    await revocations.stop();
    await tracing?.stop();
    throw error;
  });
  options.metrics?.addHealth(processName, server.health);
  return server;
}

/** Returns a function that ends it. A feed that several servers share is measured where it was opened. */
function measureVerification(
  metrics: ServiceMetrics,
  issuers: readonly TrustedIssuer[],
  { feed }: ProcessRevocations,
  shared: RevocationFeed | undefined,
): () => void {
  const stops = [
    measureKeys(metrics, () => issuers),
    ...(feed && !shared ? [measureRevocations(metrics, feed)] : []),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** An account, however many sessions it has. Who has none goes on counting as the client's address. */
function nameCaller(session: Session): string | undefined {
  if (session.platform === 'none') return undefined;
  const kind = session.platform === 'portal' ? 'staff' : session.platform;
  return isImpersonated(session) ? `staff ${session.actor.staffId}` : `${kind} ${accountIdOf(session)}`;
}

/** The schema of the subgraph's SDL, with every field behind its rule and every text that it is given in one normal form. */
function buildGuardedSchema<C extends GuardContext>(
  typeDefs: DocumentNode,
  { resolvers, policies = {} }: ServeSubgraphOptions<C>,
): GraphQLSchema {
  const scalars = typeDefs.definitions.flatMap((definition) => {
    const scalar = definition.kind === Kind.SCALAR_TYPE_DEFINITION && customScalars[definition.name.value];
    return scalar ? [[scalar.name, scalar] as const] : [];
  });
  const all = { ...Object.fromEntries(scalars), ...(resolvers as object) };
  const schema = buildSubgraphSchema([{ typeDefs, resolvers: all as Resolvers }]);
  // Outside the guards: a policy sees the same texts as the resolver.
  return normalizeArguments(guardSchema<C>(schema, readRuleBook(typeDefs), policies));
}

function translateDatabaseError(
  { name, database }: { name: string; database: SubgraphDatabase },
  error: unknown,
): RefusalError | undefined {
  switch (database.classifyError(error)) {
    case 'input':
      return badInput(
        'value',
        'An input value can not be stored: it is out of range, malformed or holds a NUL byte.',
      );
    case 'unavailable':
      return new RefusalError(name === 'auth' ? 'auth.unavailable' : 'service.unavailable', { cause: error });
    default:
      return undefined;
  }
}
