import { RefusalError, type SignetContext } from '@signet/service';
import { anonymousSession, type Session } from './session.ts';
import type { Verification, Verifier } from './verifier.ts';

const usualScheme = 'Bearer ';

/**
 * The session of an Authorization header, at once where the token is known; the anonymous session without a header. A bad token is
 * refused, never treated as no token.
 *
 * @throws {RefusalError} (or rejects with) an `auth.failure.*` reason, or auth.unavailable if the keys or revocations can't be read.
 */
export function authenticate(
  verifier: Verifier,
  authorization: string | undefined,
): Session | Promise<Session> {
  if (authorization === undefined) {
    return anonymousSession;
  }
  // As nearly every client writes it. The form of a token that passed before is known to be right.
  const known = authorization.startsWith(usualScheme)
    ? verifier.verifyKnown(authorization.slice(usualScheme.length))
    : undefined;
  if (known) return sessionOf(known);
  // RFC 6750, section 2.1; the scheme is compared without case (RFC 9110, section 11.1).
  const [, token] = /^Bearer +([^\s]+)$/i.exec(authorization) ?? [];
  if (token === undefined) {
    throw new RefusalError('auth.failure.malformed');
  }
  const verification = verifier.verify(token);
  return verification instanceof Promise ? verification.then(sessionOf) : sessionOf(verification);
}

/** @throws {RefusalError} */
function sessionOf(verification: Verification): Session {
  switch (verification.kind) {
    case 'session':
      return verification.session;
    case 'refused':
      throw new RefusalError(verification.reason, { check: verification.check });
    case 'unavailable':
      throw new RefusalError('auth.unavailable', { check: verification.check ?? 'TOKEN_KEY' });
  }
}

type RequestSessionOptions = {
  verifier: Verifier;
  /** Id of the tenant with this slug. */
  findTenantId(slug: string): Promise<string | undefined>;
  defaultTenant: string;
};

/** What a subgraph reads of a request: the bearer token, and the client as the gateway describes it. */
export type SubgraphRequest = { authorization: string | undefined; signetContext: SignetContext };

export type RequestSession = { session: Session; tenantId: string };

/**
 * Finds the session of a request and its tenant: the token's; without a token the one that the gateway names, else the default.
 *
 * @throws {RefusalError} (the function returned) as `authenticate`; auth.tenant_mismatch; input.tenant for an unknown slug.
 */
export function createRequestSession({ verifier, findTenantId, defaultTenant }: RequestSessionOptions) {
  return async ({ authorization, signetContext }: SubgraphRequest): Promise<RequestSession> => {
    const session = await authenticate(verifier, authorization);
    const named = signetContext.tenant;
    if (session.platform !== 'none' && session.tenantId !== undefined && named === undefined) {
      return { session, tenantId: session.tenantId };
    }
    const tenantId = await findTenantId(named ?? defaultTenant);
    // A client must not choose the tenant of a token that names none.
    if (session.platform !== 'none' && (session.tenantId === undefined || session.tenantId !== tenantId)) {
      throw new RefusalError('auth.tenant_mismatch');
    }
    if (tenantId === undefined) {
      throw new RefusalError('input.tenant', { text: 'There is no such tenant.' });
    }
    return { session, tenantId };
  };
}
