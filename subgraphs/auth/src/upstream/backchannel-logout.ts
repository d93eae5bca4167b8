import { inTenant } from '@signet/db';
import { type OauthAnswer, oauthError } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { OauthRequest } from '../oauth/oauth-routes.ts';
import { LogoutTokenError, readLogoutToken } from './logout-token.ts';
import { ProviderUnavailableError } from './provider-metadata.ts';
import type { TenantProvider } from './upstream.ts';
import type { UpstreamRoutesOptions } from './upstream-routes.ts';
import { endUpstreamSessions } from './upstream-session.ts';

/**
 * `/oauth/<platform>/<provider>/backchannel-logout` (OpenID Connect Back-Channel Logout 1.0): the provider says that its session ended, and
 * ours end with it.
 */
export function createBackchannelLogout({ issuer, logger }: UpstreamRoutesOptions) {
  return async (
    { form, context }: OauthRequest,
    { client, tenantId }: TenantProvider,
  ): Promise<OauthAnswer> => {
    const { provider } = client;
    const tokens = form.getAll('logout_token');
    if (tokens.length !== 1) return oauthError(400, 'invalid_request', 'Send one logout_token.');
    try {
      const logout = await readLogoutToken(client, tokens[0] as string, issuer.now());
      const ended = await inTenant(issuer.db, tenantId, (trx) =>
        endUpstreamSessions(trx, issuer, {
          ...logout,
          tenantId,
          provider: provider.name,
          client: { device: '', address: null, requestId: context.requestId },
        }),
      );
      if (ended === undefined) throw new LogoutTokenError('jti was here before');
      logger.info(
        { platform: issuer.platform, provider: provider.name, ended },
        'an identity provider ended sessions',
      );
      return { status: 200, headers: { 'cache-control': 'no-store' }, body: '' };
    } catch (error) {
      if (error instanceof LogoutTokenError) {
        logger.warn({ provider: provider.name, reason: error.message }, 'a logout token was refused');
        return oauthError(400, 'invalid_request', `The logout token is not good: ${error.message}.`);
      }
      if (error instanceof ProviderUnavailableError)
        throw new RefusalError('auth.unavailable', { cause: error });
      throw error;
    }
  };
}
