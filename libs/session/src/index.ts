export {
  authenticate,
  createRequestSession,
  type RequestSession,
  type SubgraphRequest,
} from './authenticate.ts';
export { createTrustedIssuers, type IssuerConfig, issuerConfigFields } from './issuer-config.ts';
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
