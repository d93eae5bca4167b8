export {
  authenticate,
  createRequestSession,
  type RequestSession,
  type SubgraphRequest,
} from './authenticate.ts';
export type { VerificationKey } from './import-keys.ts';
export { createTrustedIssuers, issuerConfigFields } from './issuer-config.ts';
export { createJwksClient, type KeySource } from './jwks-client.ts';
export {
  findRevocationFaults,
  openRevocationFeed,
  openRevocations,
  type ProcessRevocations,
  revocationConfigFields,
} from './revocations/open-revocation-feed.ts';
export { refetchOnRevokedKey } from './revocations/refetch-on-revoked-key.ts';
export type { RevocationFeed } from './revocations/revocation-feed.ts';
export type { RevocationSource } from './revocations/revocation-source.ts';
export {
  anonymousSession,
  type PortalSession,
  type Session,
  type UserSession,
} from './session.ts';
export { type TrustedIssuer, trustedIssuers } from './trusted-issuer.ts';
export { createVerifier, type Verification, type Verifier } from './verifier.ts';
export {
  refineVerifierConfig,
  verifierConfigFields,
  whenVerifierConfigIsRead,
} from './verifier-config.ts';
