import { createNonceStore, databaseErrorToReason, type ProcessDatabase, requestScopes } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { createCredentialLimit, type Logger, type RunningServer } from '@signet/service';
import { type TrustedIssuer, trustedIssuers } from '@signet/session';
import { type SubgraphDatabase, serveSubgraph } from '@signet/subgraph';
import { openTracing, type Tracing } from '@signet/telemetry/tracing';
import { portalTables, userTables } from './accounts/account.ts';
import { createRefusalAudit } from './audit/audit-refusals.ts';
import { registerRefusalReports } from './audit/gateway-refusals.ts';
import { createContext } from './context.ts';
import { assertForeignKeysDiffer, createForeignIssuers } from './keys/foreign-issuers.ts';
import { createKeyDesk } from './keys/key-desk.ts';
import { defaultKeyTiming } from './keys/key-plan.ts';
import { assertDisjointKeys } from './keys/key-ring.ts';
import { createLocalKeySource, registerWellKnown } from './keys/published-keys.ts';
import { registerMailbox } from './mail/mailbox.ts';
import { registerOauthRoutes } from './oauth/oauth-routes.ts';
import { heldPlatforms, processNameOf } from './platform-settings.ts';
import { policies } from './policies.ts';
import { registerRefusalRecords } from './refusals/refusal-records.ts';
import { createResolvers, platformOfField } from './resolvers.ts';
import type { AuthConfig } from './settings.ts';
import { type AuthOptions, type PlatformResources, startPlatform } from './start-platform.ts';
import { countSignIns } from './telemetry/auth-metrics.ts';
import { createPortalTokenSigner, createUserTokenSigner } from './tokens/access-token-signer.ts';
import { createImpersonatedTokenSigner } from './tokens/impersonated-token-signer.ts';
import { readProviders } from './upstream/providers-file.ts';
import { registerUsageReports } from './usage/usage-reports.ts';

/**
 * Starts the issuer for the platforms of AUTH_PLATFORMS.
 *
 * @throws {ConfigError} naming the variable to change.
 */
export async function startAuth(
  config: AuthConfig,
  logger: Logger,
  options: AuthOptions = {},
): Promise<RunningServer> {
  const processName = processNameOf(config);
  const tracing = await openTracing(config, { serviceName: `signet-${processName}`, log: logger });
  const platforms = await startPlatforms(config, logger, options, tracing).catch(async (error) => {
    await tracing?.stop();
    throw error;
  });
  const started = [platforms.user, platforms.portal].filter((platform) => platform !== undefined);
  const [first] = started;
  if (!first) throw new TypeError('AUTH_PLATFORMS names no platform');
  const stop = async () => {
    await Promise.all(started.map((platform) => platform.stop()));
  };
  const samplesOf = (platform: Platform) => platforms[platform]?.issuer.samples;
  try {
    assertDisjointKeys(platforms.user?.keys, platforms.portal?.keys);
    const local = createLocalIssuers(config, started);
    const foreign = await createForeignIssuers(config, logger, tracing);
    await assertForeignKeysDiffer(
      config,
      foreign,
      started.flatMap(({ keys }) => keys.listPublished()),
    );
    // All replicas hold the same platforms, and so agree on the first.
    const nonces = createNonceStore(first.database.db, `auth.${first.platform}_proof_nonce`);
    const metrics = options.metrics?.of(processName);
    const issuers = [...local, ...foreign];
    const { publicationSeconds = defaultKeyTiming.publicationSeconds } = options.keyTiming ?? {};
    const { findTenantId } = first.database;
    const resolvers = createResolvers({
      user: platforms.user?.issuer,
      portal: platforms.portal?.issuer,
      keyDesk: createKeyDesk(config, { issuers, publicationSeconds, findTenantId }),
    });
    return await serveSubgraph({
      name: 'auth',
      processName,
      config,
      logger,
      resolvers: { ...resolvers, Mutation: countSignIns(resolvers.Mutation, metrics, platformOfField) },
      policies,
      hooks: [createCredentialLimit(), createRefusalAudit({ samplesOf, platformOfField })],
      issuers,
      revocations: options.revocations,
      metrics: options.metrics,
      tracing,
      nonces,
      database: joinDatabases(
        started.map(({ database }) => database),
        stop,
      ),
      createContext,
      addRoutes: (server) =>
        registerWellKnown(server, {
          issuerUrl: config.ISSUER_URL,
          issuers: local,
          clients: { areSecretsOn: config.CLIENT_SECRETS },
        }),
      addProvenRoutes(scope, gate, verifier) {
        const databaseOf = (platform: Platform) => platforms[platform]?.database.db;
        registerRefusalReports(scope, gate, {
          samplesOf,
          databaseOf,
          nonces,
          findTenantId: first.database.findTenantId,
          defaultTenant: config.DEFAULT_TENANT,
        });
        registerUsageReports(scope, gate, { databaseOf, nonces, logger });
        registerRefusalRecords(scope, gate, {
          databaseOf,
          nonces,
          findTenantId: first.database.findTenantId,
          defaultTenant: config.DEFAULT_TENANT,
          days: config.REFUSAL_RECORD_DAYS,
          logger,
        });
        const handlersOf = (platform: Platform) => platforms[platform]?.oauth;
        registerOauthRoutes(scope, gate, { handlersOf, verifier, logger });
        registerMailbox(scope, gate, (platform) => platforms[platform]);
      },
    });
  } catch (error) {
    await stop();
    await tracing?.stop();
    throw error;
  }
}

/** Stops the first platform again when the second one cannot start. */
async function startPlatforms(
  config: AuthConfig,
  logger: Logger,
  options: AuthOptions,
  tracing: Tracing | undefined,
) {
  const held = heldPlatforms(config);
  const providers = await readProviders(config, held);
  const start = { config, logger, options, providers, tracing };
  const user = held.includes('user')
    ? await startPlatform(
        {
          platform: 'user',
          tables: userTables,
          createSigner: createUserTokenSigner,
          createImpersonatedSigner: createImpersonatedTokenSigner,
        },
        start,
      )
    : undefined;
  try {
    const portal = held.includes('portal')
      ? await startPlatform(
          { platform: 'portal', tables: portalTables, createSigner: createPortalTokenSigner },
          start,
        )
      : undefined;
    return { user, portal };
  } catch (error) {
    await user?.stop();
    throw error;
  }
}

/** The process's own issuers: it verifies their tokens with its own keys. */
function createLocalIssuers(
  { ISSUER_URL }: AuthConfig,
  started: readonly PlatformResources[],
): readonly TrustedIssuer[] {
  const sources = started.map(({ platform, keys }) => [platform, createLocalKeySource(keys)] as const);
  return trustedIssuers(ISSUER_URL, Object.fromEntries(sources));
}

/** The pools of the platforms that a process holds, as one for its server. Each of them knows the tenants. */
function joinDatabases(databases: readonly ProcessDatabase[], close: () => Promise<void>): SubgraphDatabase {
  return {
    findTenantId: async (slug) => databases[0]?.findTenantId(slug),
    async checkReady() {
      const faults = await Promise.all(databases.map((database) => database.checkReady()));
      return faults.find((fault) => fault !== undefined);
    },
    classifyError: databaseErrorToReason,
    requests: requestScopes,
    close,
  };
}
