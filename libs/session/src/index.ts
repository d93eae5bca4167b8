export { type ActingLog, createActingLog } from './acting-log.ts';
export {
  authenticate,
  createRequestSession,
  type RequestSession,
  type SubgraphRequest,
} from './authenticate.ts';
export { createConfiguredIssuers } from './issuers/configured-issuers.ts';
export { assertKeysOfNewIssuers, UnreadKeysError } from './issuers/new-issuers.ts';
export type { VerificationKey } from './jwks.ts';
export { createJwksClient, type KeySource } from './jwks-client.ts';
export {
  noRevocations,
  openRevocationFeed,
  openRevocations,
  type ProcessRevocations,
  refetchOnRevokedKey,
} from './revocations/open-revocation-feed.ts';
export type { RevocationFeed } from './revocations/revocation-feed.ts';
export type { RevocationSource } from './revocations/revocation-set.ts';
export { findRsaWeakness } from './rsa-weakness.ts';
export {
  type Actor,
  accountIdOf,
  anonymousSession,
  auditedCaller,
  callerKindOf,
  type ImpersonatedSession,
  isImpersonated,
  type KnownSession,
  type PortalSession,
  platformOf,
  type ServiceSession,
  type Session,
  type UserSession,
} from './session.ts';
export {
  createTrustedIssuers,
  type IssuerList,
  keyReadiness,
  type TrustedIssuer,
  trustedIssuers,
} from './trusted-issuers.ts';
export { createVerifier, type Verification, type Verifier } from './verifier.ts';
