export { authenticate, createRequestSession, type RequestSession } from './authenticate.ts';
export { createJwksClient, type KeySource } from './jwks-client.ts';
export {
  type AnonymousSession,
  anonymousSession,
  type PortalSession,
  type Session,
  type UserSession,
} from './session.ts';
export {
  createVerifier,
  type TrustedIssuer,
  trustedIssuers,
  type Verification,
  type Verifier,
} from './verifier.ts';
