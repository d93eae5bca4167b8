import type { AssuranceLevel } from './authentication-methods.ts';
import type { Platform } from './platforms.ts';
import type { StaffRole } from './staff-roles.ts';

/** `typ` of an access token (RFC 9068, section 2.1). */
export const accessTokenType = 'at+jwt';

/** JWS algorithms that an issuer may sign with. `EdDSA` stands for Ed25519, since other routers know only that name. */
export const signingAlgorithms = ['EdDSA', 'ES256', 'RS256'] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

/** How far the clocks of issuer and verifier may differ. */
export const clockSkewSeconds = 30;

/**
 * The longest life of an access token. The revocation of a session is kept for this time and some minutes (db/migrations,
 * 0007-revocations); a token that lived longer would be accepted again.
 */
export const maxAccessTokenSeconds = 3600;

/** How long a verifier may use a JWKS answer before it asks again (`Cache-Control: max-age`). */
export const jwksMaxAgeSeconds = 300;

/** The longest life of a service account's access token. A verifier refuses one that was issued for longer. */
export const maxServiceTokenSeconds = 600;

/** The longest life of an impersonated customer's access token. A verifier refuses one that was issued for longer. */
export const maxImpersonatedTokenSeconds = 900;

/**
 * Whose a token is: a customer's or a member of staff's own; a service account's, behind which there is nobody; or one by which a member
 * of staff acts as a customer.
 */
export const callerKinds = ['person', 'service', 'impersonated'] as const;
export type CallerKind = (typeof callerKinds)[number];

/** Claims of every access token. `tenant` is the id (a UUID) of the tenant of `sub`. Times are seconds since 1970. */
type CommonClaims = {
  iss: string;
  aud: string;
  sub: string;
  /** Id of what the token ends with: a session, a service account's credential, an impersonation. */
  sid: string;
  jti: string;
  iat: number;
  exp: number;
  tenant: string;
  /** Space-delimited (RFC 8693, section 4.2). */
  scope: string;
};

type AccountClaims = CommonClaims & {
  email: string;
  email_verified: boolean;
  /** `waived`: the address is not verified, and the tenant, or an installation without mail, does not ask for that. */
  verification?: 'waived';
};

type SignInClaims = {
  /** When the person last proved who they are. */
  auth_time: number;
  /** How they did (RFC 8176), for example `['pwd']`. */
  amr: string[];
  /** How sure that is: `aal2` with two factors, else `aal1`. */
  acr: AssuranceLevel;
};

export type UserClaims = AccountClaims & SignInClaims & { platform: 'user' };
export type PortalClaims = AccountClaims & SignInClaims & { platform: 'portal'; role: StaffRole };

/** A service account's: `client_id` is its id, and so is `sub` (RFC 9068, section 2.2). No claim says anything about a person. */
export type ServiceClaims = CommonClaims & { platform: Platform; client_id: string };

/** A customer's, used by a member of staff. Nobody has proved to be the customer, so it has none of the claims of a sign-in. */
export type ImpersonatedClaims = AccountClaims & {
  platform: 'user';
  /** Who acts (RFC 8693, section 4.1): a member of staff, by the issuer of the portal. */
  act: { sub: string; iss: string };
};

export type AccessTokenClaims = UserClaims | PortalClaims | ServiceClaims | ImpersonatedClaims;

/** The claims of a person on one platform. */
export type ClaimsOf<P extends Platform> = Extract<UserClaims | PortalClaims, { platform: P }>;
