export {
  authenticate,
  createRequestSession,
  type RequestSession,
  type SubgraphRequest,
} from './authenticate.ts';
export { createTrustedIssuers, type IssuerConfig, issuerConfigFields } from './issuer-config.ts';
export { createJwksClient, type KeySource, type VerificationKey } from './jwks-client.ts';
export {
  findRevocationFaults,
  openRevocationFeed,
  openRevocations,
  type ProcessRevocations,
  type RevocationConfig,
  revocationConfigFields,
} from './revocations/open-revocation-feed.ts';
export { refetchOnRevokedKey } from './revocations/refetch-on-revoked-key.ts';
export type { RevocationFeed, RevocationLag } from './revocations/revocation-feed.ts';
export { nothingRevoked, type RevocationSource } from './revocations/revocation-source.ts';
export {
  type AnonymousSession,
  anonymousSession,
  type PortalSession,
  type Session,
  type UserSession,
} from './session.ts';
export { type TrustedIssuer, trustedIssuers } from './trusted-issuer.ts';
export { createVerifier, type Verification, type Verifier } from './verifier.ts';
export {
  refineVerifierConfig,
  type VerifierConfig,
  verifierConfigFields,
  whenVerifierConfigIsRead,
} from './verifier-config.ts';
