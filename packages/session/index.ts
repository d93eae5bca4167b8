/**
 * Bearer token to session: verifies access tokens (RFC 9068) of the issuers that you trust, each for one platform, `user` or
 * `portal`.
 *
 * @packageDocumentation
 */
import { authenticate as authenticateAtOnce } from '../../libs/session/src/authenticate.ts';
import type { Session } from '../../libs/session/src/session.ts';
import type { Verifier } from '../../libs/session/src/verifier.ts';

export { ConfigError } from '../../libs/service/src/config.ts';
export { RefusalError } from '../../libs/service/src/errors.ts';
export type { LogWriter } from '../../libs/service/src/logger.ts';
export { createJwksClient, type KeyLookup, type KeySource } from '../../libs/session/src/jwks-client.ts';
export { nothingRevoked, type RevocationSource } from '../../libs/session/src/revocations/revocation-set.ts';
export {
  type AnonymousSession,
  accountIdOf,
  anonymousSession,
  callerKindOf,
  isImpersonated,
  type PortalSession,
  platformOf,
  type ServiceSession,
  type Session,
  type UserSession,
} from '../../libs/session/src/session.ts';
export type { TrustedIssuer } from '../../libs/session/src/trusted-issuers.ts';
export {
  createVerifier,
  type Verification,
  type Verifier,
  type VerifierOptions,
} from '../../libs/session/src/verifier.ts';

export { type Issuer, type TrustOptions, trustIssuers } from './trust-issuers.ts';

/**
 * Reads the session of a request.
 *
 * @param authorization the value of the header `Authorization`; undefined where there is none.
 * @returns the session; the anonymous one without a header.
 * @throws {RefusalError} rejects with an `auth.failure.*` reason for a bad token, which is never treated as no token; with
 * `auth.unavailable` if the keys or revocations can't be read (RFC 6750, RFC 9068).
 */
export async function authenticate(verifier: Verifier, authorization: string | undefined): Promise<Session> {
  return authenticateAtOnce(verifier, authorization);
}
