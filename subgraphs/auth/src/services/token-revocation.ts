import { type Database, inTenant, writeAuditEvent } from '@signet/db';
import { issuerOf, type OauthAnswer, type Platform } from '@signet/schema/contract';
import type { Kysely } from 'kysely';
import { OauthRefusal, readForm } from '../oauth/oauth-refusal.ts';
import type { OauthHandler } from '../oauth/oauth-routes.ts';
import type { AuthenticateClient } from './authenticate-client.ts';
import { revokeServiceToken } from './service-account.queries.ts';
import { readActiveToken } from './token-introspection.ts';

type Revocation = {
  db: Kysely<Database>;
  issuerUrl: string;
  platform: Platform;
  authenticate: AuthenticateClient;
};

const done: OauthAnswer = { status: 200, headers: { 'cache-control': 'no-store' }, body: '' };

/**
 * Token revocation (RFC 7009): a service ends one of its own tokens, by its `jti`, everywhere within a second. A token that is over, or never
 * was one, is answered like one that was ended just now (section 2.2); somebody else's is refused (section 2.1).
 */
export function createRevocation({ db, issuerUrl, platform, authenticate }: Revocation): OauthHandler {
  const issuer = issuerOf(issuerUrl, platform);
  return async (request) => {
    const form = readForm(request.form);
    const { account, credential } = await authenticate(request, form);
    const claims = await readActiveToken(request, form);
    if (!claims) return done;
    const { iss, client_id: clientId, jti, exp } = claims;
    if (iss !== issuer || clientId !== account.id || jti === undefined || exp === undefined) {
      throw new OauthRefusal(400, 'unauthorized_client', 'This token is not one of yours.', {
        reason: 'oauth.token',
      });
    }
    const { clientAddress: address = null, requestId } = request.context;
    await inTenant(db, account.tenantId, async (trx) => {
      await revokeServiceToken(trx, platform, { tokenId: jti, expiresAt: new Date(exp * 1000) });
      await writeAuditEvent(trx, {
        kind: 'auth.service.token_revoked',
        platform,
        tenantId: account.tenantId,
        actorId: account.id,
        subjectId: account.id,
        sessionId: credential.sid,
        origin: { address, requestId },
        details: { token: jti },
      });
    });
    return done;
  };
}
