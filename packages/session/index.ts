/**
 * Bearer token to session: verifies access tokens (RFC 9068) of the issuers that you trust, each for one platform, `user` or
 * `portal`.
 *
 * @packageDocumentation
 */
export { RefusalError } from '../../libs/service/src/errors.ts';
export { authenticate } from '../../libs/session/src/authenticate.ts';
export { createJwksClient, type KeyLookup, type KeySource } from '../../libs/session/src/jwks-client.ts';
export { nothingRevoked, type RevocationSource } from '../../libs/session/src/revocations/revocation-set.ts';
export {
  type AnonymousSession,
  anonymousSession,
  type PortalSession,
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
