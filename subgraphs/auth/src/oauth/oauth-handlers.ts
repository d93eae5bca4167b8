import type { ProcessDatabase } from '@signet/db';
import { issuerOf, maxServiceTokenSeconds } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import type { KeyRing } from '../keys/key-ring.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { createClientAuthentication } from '../services/authenticate-client.ts';
import { createClientJwks } from '../services/client-jwks.ts';
import { createClientThrottle } from '../services/client-throttle.ts';
import { createKnownClients } from '../services/known-clients.ts';
import { createAssertionInsert } from '../services/service-account.queries.ts';
import { createServiceAccounts } from '../services/service-accounts.ts';
import { createTokenEndpoint } from '../services/token-endpoint.ts';
import { createIntrospection } from '../services/token-introspection.ts';
import { createRevocation } from '../services/token-revocation.ts';
import { createUsedAssertions } from '../services/used-assertions.ts';
import type { AuthConfig } from '../settings.ts';
import { createServiceTokenSigner } from '../tokens/service-token-signer.ts';
import type { OauthHandlers } from './oauth-routes.ts';

type Parts = {
  issuer: Pick<PlatformIssuer, 'platform' | 'db' | 'samples' | 'lifetimes' | 'now'>;
  ring: KeyRing;
  database: Pick<ProcessDatabase, 'findTenantId'>;
  config: AuthConfig;
  logger: Logger;
  onThrottled?: ((kind: string) => void) | undefined;
};

/** What a platform answers at its OAuth routes. */
export function createOauthHandlers({
  issuer,
  ring,
  database,
  config,
  logger,
  onThrottled,
}: Parts): OauthHandlers {
  const { platform, db, samples, lifetimes, now } = issuer;
  const { ISSUER_URL: issuerUrl, CLIENT_SECRETS: areSecretsOn, DEFAULT_TENANT: defaultTenant } = config;
  const jwks = createClientJwks({
    networks: config.SERVICE_JWKS_NETWORKS,
    onFailure: (err, url) =>
      logger.warn({ err, platform, url }, 'the key set of a service could not be read'),
  });
  const authenticate = createClientAuthentication({
    issuer: issuerOf(issuerUrl, platform),
    accounts: createServiceAccounts({ db, platform, jwks }),
    used: createUsedAssertions(createAssertionInsert(db, platform)),
    throttle: createClientThrottle(createKnownClients({ db, platform }), undefined, onThrottled),
    samples,
    areSecretsOn,
    findTenantId: database.findTenantId,
    defaultTenant,
    now,
  });
  return {
    token: createTokenEndpoint({
      authenticate,
      sign: createServiceTokenSigner(issuerUrl, platform, () => ring.getSigningKey()),
      samples,
      lifeSeconds: Math.min(lifetimes.accessTokenSeconds, maxServiceTokenSeconds),
      now,
    }),
    introspect: createIntrospection({ issuerUrl, platform, authenticate }),
    revoke: createRevocation({ db, issuerUrl, platform, authenticate }),
  };
}
