import type { SampledAudit } from '@signet/db';
import type { OauthAnswer } from '@signet/schema/contract';
import { OauthRefusal, readForm } from '../oauth/oauth-refusal.ts';
import type { OauthHandler, OauthRequest } from '../oauth/oauth-routes.ts';
import type { ServiceTokenSigner } from '../tokens/service-token-signer.ts';
import type { AuthenticateClient, AuthenticatedClient } from './authenticate-client.ts';

type TokenEndpoint = {
  authenticate: AuthenticateClient;
  sign: ServiceTokenSigner;
  samples: SampledAudit;
  /** Of a token, at most `maxServiceTokenSeconds`. */
  lifeSeconds: number;
  now(): Date;
};

/**
 * The token endpoint (RFC 6749, section 4.4): a service gets an access token with its scopes, or with those of them that it asks for. There is
 * no refresh token (section 4.4.3).
 */
export function createTokenEndpoint({
  authenticate,
  sign,
  samples,
  lifeSeconds,
  now,
}: TokenEndpoint): OauthHandler {
  return async (request) => {
    const form = readForm(request.form);
    const grant = form.get('grant_type');
    if (grant === undefined) throw new OauthRefusal(400, 'invalid_request', 'Send grant_type.');
    if (grant !== 'client_credentials') {
      throw new OauthRefusal(400, 'unsupported_grant_type', 'grant_type must be client_credentials.');
    }
    const client = await authenticate(request, form);
    const { account, credential } = client;
    const scopes = chooseScopes(form.get('scope'), account.scopes);
    const nowMs = now().getTime();
    const issuedAt = Math.floor(nowMs / 1000);
    const endsAt = account.expiresAt === null ? Number.POSITIVE_INFINITY : account.expiresAt.getTime() / 1000;
    const expiresAt = Math.floor(Math.min(issuedAt + lifeSeconds, endsAt));
    const token = await sign({
      clientId: account.id,
      tenantId: account.tenantId,
      sid: credential.sid,
      scopes,
      issuedAt,
      expiresAt,
    });
    noteIssue(samples, client, request.context);
    return answer(token, expiresAt - issuedAt, scopes.join(' '));
  };
}

/** RFC 6749, section 3.3. @throws {OauthRefusal} invalid_scope */
function chooseScopes(asked: string | undefined, granted: readonly string[]): readonly string[] {
  if (asked === undefined) return granted;
  const scopes = [...new Set(asked.split(' '))];
  if (scopes.every((scope) => granted.includes(scope))) return scopes;
  throw new OauthRefusal(400, 'invalid_scope', 'The client does not have each of these scopes.');
}

/** Sampled: a row a minute for each credential and address, with how many tokens it got. */
function noteIssue(
  samples: SampledAudit,
  { account, credential }: AuthenticatedClient,
  { clientAddress, requestId }: OauthRequest['context'],
): void {
  const { id, tenantId } = account;
  samples.tell('auth.service.token_issued', `${credential.sid} ${clientAddress}`, {
    tenantId,
    actorId: id,
    subjectId: id,
    sessionId: credential.sid,
    origin: { address: clientAddress ?? null, requestId },
    details: { credential: credential.id },
  });
}

/** RFC 6749, section 5.1. */
function answer(token: string, seconds: number, scope: string): OauthAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: seconds, scope }),
  };
}
