import type { AssuranceLevel } from './authentication-methods.ts';
import type { Platform } from './platforms.ts';
import type { StaffRole } from './scopes.ts';

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

/** Claims of every access token. `tenant` is the id (a UUID) of the tenant of `sub`. Times are seconds since 1970. */
type CommonClaims = {
  iss: string;
  aud: string;
  sub: string;
  /** Session id. */
  sid: string;
  jti: string;
  iat: number;
  exp: number;
  /** When the person last proved who they are. */
  auth_time: number;
  /** How they did (RFC 8176), for example `['pwd']`. */
  amr: string[];
  /** How sure that is: `aal2` with two factors, else `aal1`. */
  acr: AssuranceLevel;
  email: string;
  email_verified: boolean;
  /** `waived`: the address is not verified, and the tenant, or an installation without mail, does not ask for that. */
  verification?: 'waived';
  tenant: string;
  /** Space-delimited (RFC 8693, section 4.2). */
  scope: string;
};

export type UserClaims = CommonClaims & { platform: 'user' };
export type PortalClaims = CommonClaims & { platform: 'portal'; role: StaffRole };
export type AccessTokenClaims = UserClaims | PortalClaims;
export type ClaimsOf<P extends Platform> = Extract<AccessTokenClaims, { platform: P }>;
