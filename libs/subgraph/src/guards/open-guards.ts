import type { RequestListener } from 'node:http';
import {
  type GuardContext,
  guardSchema,
  type PolicyTable,
  readRuleBook,
  withDefaultAccess,
} from '@signet/access';
import {
  createErrorFormatter,
  createHealth,
  createLogger,
  type Environment,
  type ErrorFormatter,
  hasProductionSurface,
  type Logger,
} from '@signet/service';
import {
  authenticate,
  createRequestSession,
  createTrustedIssuers,
  createVerifier,
  keyReadiness,
  noRevocations,
  openRevocations,
  refetchOnRevokedKey,
} from '@signet/session';
import type { GraphQLSchema } from 'graphql';
import { openProofCheck } from '../proof/open-proof-check.ts';
import { createOperationProof, type NonceStore, type OperationProof } from '../proof/operation-proof.ts';
import { type GuardedContext, readContext } from './admitted.ts';
import { guardRoots } from './guard-roots.ts';
import { type GuardsConfig, readGuardsConfig, wantedPlatforms } from './guards-config.ts';
import { createMemoryNonceStore } from './memory-nonces.ts';
import { createOperationGate } from './operation-gate.ts';
import { createRequestGate, type RequestGate } from './request-gate.ts';
import { assertRules, readServiceSdl } from './subgraph-rules.ts';

export type GuardsOptions<C extends GuardContext = GuardedContext> = {
  /** The subgraph's name, as the supergraph and peers.json have it. */
  name: string;
  /** Where settings are read from, usually `process.env`. */
  env: Environment;
  /** The functions that `@policy` rules name. */
  policies?: PolicyTable<C>;
  /** Where nonces of mutations are kept. Default: in memory, which is right for one replica. */
  nonces?: NonceStore;
  /** How a tenant's slug becomes its id, and the slug where a request names none. Default: the context has no tenant. */
  tenants?: { findId(slug: string): Promise<string | undefined>; defaultSlug: string };
  /** Default: JSON lines on standard output. */
  logger?: Logger;
};

/** The guards of one subgraph. */
export type Guards = {
  /**
   * Puts every field and every reference of a subgraph's schema behind the rule in its SDL, in place. Call it once, after whatever else changes
   * the schema.
   *
   * @throws {ConfigError} naming each rule that could not be enforced as it is written.
   * @throws {Error} for a rule that names a policy without a function, and for an entity without a reference resolver.
   */
  protect(schema: GraphQLSchema): GraphQLSchema;
  /** A middleware of Connect and Express, which must stand before any body parser. */
  gate: RequestGate;
  /** A listener of node:http that lets through to `listener` what the gate lets in. */
  listener(listener: RequestListener): RequestListener;
  /**
   * The context function: who asks. Spread it into your own context, and let its `session` be.
   *
   * @throws {RefusalError} auth.failure.proof_missing for a request that did not come by the gate.
   */
  context(asked: { req?: unknown }): GuardedContext;
  /** Formats errors for clients: refusals and GraphQLErrors pass, everything else is logged and becomes INTERNAL_SERVER_ERROR. */
  formatError: ErrorFormatter;
  /** Whether introspection answers: not in production. */
  introspection: boolean;
  /** Stops following key files and revocations. */
  stop(): Promise<void>;
};

/**
 * Opens the guards of a subgraph: who asks (access tokens of the issuers), by which gateway (proof), and what they may have (the rules in its
 * SDL). Nothing starts where a setting is wrong.
 *
 * @throws {ConfigError} with all faults of the settings and of the proof's key files.
 */
export async function openGuards<C extends GuardContext = GuardedContext>(
  options: GuardsOptions<C>,
): Promise<Guards> {
  const { name, policies = {} } = options;
  const config = readGuardsConfig(options.env, options.nonces !== undefined);
  const logger = options.logger ?? createLogger(name, config.LOG_LEVEL);
  const issuers = await createTrustedIssuers(config, logger, { wanted: wantedPlatforms(config) });
  const proof = await openProofCheck(name, config, logger);
  const revocations = await followRevocations(config, logger).catch((error) => {
    proof.stop();
    throw error;
  });
  refetchOnRevokedKey(() => issuers, revocations.source, logger);
  const verifier = createVerifier({ issuers, revocations: revocations.source });
  const nonces = options.nonces ?? (proof.check ? openMemoryNonces(logger) : createMemoryNonceStore());
  let operationProof: OperationProof | undefined;
  let isProtected = false;
  const findTenantSession =
    options.tenants &&
    createRequestSession({
      verifier,
      findTenantId: options.tenants.findId,
      defaultTenant: options.tenants.defaultSlug,
    });
  const gate = createRequestGate({
    logger,
    proof: proof.check,
    allowedHosts: config.ALLOWED_HOSTS,
    findSession:
      findTenantSession ??
      (async ({ authorization }) => ({ session: await authenticate(verifier, authorization) })),
    authenticate: async (authorization) => authenticate(verifier, authorization),
    assertSession: (verified, session) => operationProof?.assertSession(verified, session),
    operations: createOperationGate(() => operationProof),
    health: createHealth({
      checks: [...keyReadiness(issuers), ...revocations.readiness, ...proof.readiness],
      isStarted: () => true,
      // Its framework closes the server.
      isStopping: () => false,
      logger,
    }),
  });
  return {
    gate,
    listener: (listener) => (req, res) => gate(req, res, () => void listener(req, res)),
    context: ({ req }) => readContext(req as Parameters<typeof readContext>[0]),
    protect(schema) {
      if (isProtected) throw new TypeError('guards.protect was called before: guards are for one schema');
      const sdl = readServiceSdl(schema);
      assertRules({ name, sdl, policies }, logger);
      const book = withDefaultAccess(readRuleBook(sdl), config.DEFAULT_ACCESS);
      guardSchema<C>(schema, book, policies);
      operationProof = proof.check && createOperationProof({ ...proof.check, typeDefs: sdl, schema, nonces });
      guardRoots(schema, operationProof);
      isProtected = true;
      return schema;
    },
    formatError: createErrorFormatter({
      logger,
      passesOwnErrors: true,
      hideSchemaDetails: hasProductionSurface(config),
    }),
    introspection: !hasProductionSurface(config),
    async stop() {
      proof.stop();
      await revocations.stop();
    },
  };
}

/** In production without the feed somebody has confirmed that. */
async function followRevocations(config: GuardsConfig, logger: Logger) {
  if (config.REVOCATIONS_DATABASE_URL !== undefined) return openRevocations(config, logger, undefined);
  logger.warn(
    'REVOCATIONS_DATABASE_URL is not set: after a logout, access tokens are valid until they expire',
  );
  return noRevocations;
}

function openMemoryNonces(logger: Logger): NonceStore {
  logger.warn(
    'nonces of mutations are kept in this process: with a second replica, a captured mutation could run once at each. Give openGuards a store for all replicas',
  );
  return createMemoryNonceStore();
}
