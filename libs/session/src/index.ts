export { type ActingLog, createActingLog } from './acting-log.ts';
export {
  authenticate,
  createRequestSession,
  type RequestSession,
  type SubgraphRequest,
} from './authenticate.ts';
export { createGuardedFetch, type GuardedFetch, isNetwork } from './guarded-fetch.ts';
export { type ClaimPath, parseClaimPath, readClaim } from './issuers/claim-path.ts';
export { createConfiguredIssuers } from './issuers/configured-issuers.ts';
export { assertKeysOfNewIssuers, UnreadKeysError } from './issuers/new-issuers.ts';
export { parseYamlFile, readConfigText, type YamlFile } from './issuers/yaml-file.ts';
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
export { isLoopbackUrl } from './safe-url.ts';
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
export { createVerifierWatch, measureKeys, measureRevocations } from './session-metrics.ts';
export {
  createTrustedIssuers,
  type IssuerList,
  keyReadiness,
  type TrustedIssuer,
  trustedIssuers,
} from './trusted-issuers.ts';
export { createVerifier, type Verification, type Verifier } from './verifier.ts';
