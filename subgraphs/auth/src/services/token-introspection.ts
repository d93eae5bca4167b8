import { issuerOf, type OauthAnswer, type Platform } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import { decodeJwt, type JWTPayload } from 'jose';
import { OauthRefusal, readForm } from '../oauth/oauth-refusal.ts';
import type { OauthHandler, OauthRequest } from '../oauth/oauth-routes.ts';
import type { AuthenticateClient } from './authenticate-client.ts';

type Introspection = { issuerUrl: string; platform: Platform; authenticate: AuthenticateClient };

/** What a service learns of a token: who may do what until when. Nothing that names a person, such as an address. */
const shownClaims = [
  'iss',
  'aud',
  'sub',
  'client_id',
  'act',
  'scope',
  'tenant',
  'jti',
  'iat',
  'exp',
  'auth_time',
  'acr',
] as const;

/**
 * Token introspection (RFC 7662) for services: of access tokens of their own tenant and platform. Every other text, also a token that is good
 * elsewhere, is not active, and nothing says why (section 2.2).
 */
export function createIntrospection({ issuerUrl, platform, authenticate }: Introspection): OauthHandler {
  const issuer = issuerOf(issuerUrl, platform);
  return async (request) => {
    const form = readForm(request.form);
    const { account } = await authenticate(request, form);
    const claims = await readActiveToken(request, form);
    if (claims?.iss !== issuer || claims.tenant !== account.tenantId) return answer({ active: false });
    const shown = shownClaims.flatMap((name) => (claims[name] === undefined ? [] : [[name, claims[name]]]));
    return answer({ active: true, token_type: 'Bearer', ...Object.fromEntries(shown) });
  };
}

/**
 * The claims of the token of a form that every verifier would take now.
 *
 * @throws {OauthRefusal} invalid_request without a token; {RefusalError} auth.unavailable where nobody can judge it
 */
export async function readActiveToken(
  { verify }: Pick<OauthRequest, 'verify'>,
  form: ReadonlyMap<string, string>,
): Promise<JWTPayload | undefined> {
  const token = form.get('token');
  if (token === undefined) throw new OauthRefusal(400, 'invalid_request', 'Send token.');
  const verification = await verify(token);
  if (verification.kind === 'unavailable') throw new RefusalError('auth.unavailable');
  return verification.kind === 'session' ? decodeJwt(token) : undefined;
}

function answer(body: object): OauthAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
