import { createNonceStore } from '@signet/db';
import { createCredentialLimit, type Logger, type RunningServer } from '@signet/service';
import { type TrustedIssuer, trustedIssuers } from '@signet/session';
import { serveSubgraph } from '@signet/subgraph';
import { portalTables, userTables } from './accounts/platform-tables.ts';
import { createRefusalAudit } from './audit/audit-refusals.ts';
import { registerRefusalReports } from './audit/reports/register-refusal-reports.ts';
import type { AuthOptions } from './auth-options.ts';
import { type AuthConfig, heldPlatforms, proofNameOf } from './config.ts';
import { createContextFactory } from './context.ts';
import { joinDatabases } from './join-databases.ts';
import { assertDisjointKeys } from './keys/assert-disjoint-keys.ts';
import { assertForeignKeysDiffer } from './keys/assert-foreign-keys-differ.ts';
import { createForeignIssuers, foreignKeysVariable } from './keys/foreign-issuers.ts';
import { createLocalKeySource } from './keys/local-key-source.ts';
import { policies } from './policies.ts';
import { resolvers } from './resolvers.ts';
import { type PlatformResources, startPlatform } from './start-platform.ts';
import { createPortalTokenSigner } from './tokens/portal-token-signer.ts';
import { createUserTokenSigner } from './tokens/user-token-signer.ts';
import { registerWellKnown } from './well-known/register-well-known.ts';

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
  const platforms = await startPlatforms(config, logger, options);
  const started = [platforms.user, platforms.portal].filter((platform) => platform !== undefined);
  const [first] = started;
  if (!first) throw new TypeError('AUTH_PLATFORMS names no platform');
  const stop = async () => {
    await Promise.all(started.map((platform) => platform.stop()));
  };
  try {
    assertDisjointKeys(platforms.user?.keys, platforms.portal?.keys);
    const local = createLocalIssuers(config, started);
    const foreign = await createForeignIssuers(config, heldPlatforms(config), logger);
    await assertForeignKeysDiffer(
      foreign,
      started.flatMap(({ keys }) => keys.listPublished()),
      (platform) => foreignKeysVariable(config, platform),
    );
    // All replicas hold the same platforms, and so agree on the first.
    const nonces = createNonceStore(first.database.db, `auth.${first.platform}_proof_nonce`);
    return await serveSubgraph({
      name: 'auth',
      proofName: proofNameOf(config),
      config,
      logger,
      resolvers,
      policies,
      plugins: [createCredentialLimit(), createRefusalAudit()],
      issuers: [...local, ...foreign],
      revocations: options.revocations,
      nonces,
      database: joinDatabases(
        started.map(({ database }) => database),
        stop,
      ),
      createContext: createContextFactory({ user: platforms.user?.issuer, portal: platforms.portal?.issuer }),
      addRoutes: (server) => registerWellKnown(server, { issuerUrl: config.ISSUER_URL, issuers: local }),
      addProvenRoutes: (scope, gate) =>
        registerRefusalReports(scope, gate, {
          samplesOf: (platform) => platforms[platform]?.issuer.samples,
          nonces,
          findTenantId: first.database.findTenantId,
          defaultTenant: config.DEFAULT_TENANT,
        }),
    });
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What was started is stopped again when the other platform can't be. */
async function startPlatforms(config: AuthConfig, logger: Logger, options: AuthOptions) {
  const held = heldPlatforms(config);
  const start = { config, logger, options };
  const user = held.includes('user')
    ? await startPlatform(
        { platform: 'user', tables: userTables, createSigner: createUserTokenSigner },
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

/** The process's own issuers; it verifies with its own keys. */
function createLocalIssuers(
  { ISSUER_URL }: AuthConfig,
  started: readonly PlatformResources[],
): readonly TrustedIssuer[] {
  const sources = started.map(({ platform, keys }) => [platform, createLocalKeySource(keys)] as const);
  return trustedIssuers(ISSUER_URL, Object.fromEntries(sources));
}
