import { isScope, isStaffRole, type Platform } from '@signet/schema/contract';
import type { JWTPayload } from 'jose';

/**
 * What a session has on both platforms. A token of the platform's own issuers has all of it, and ids are UUIDs. A token of a configured
 * issuer has what its claims say, and ids in the issuer's own form (docs/issuers.md).
 */
type VerifiedSession = {
  /** `iss` of the token. */
  issuer: string;
  sessionId: string | undefined;
  tokenId: string | undefined;
  tenantId: string | undefined;
  email: string | undefined;
  /** Only if the issuer says so. */
  emailVerified: boolean;
  /** `waived`: our own issuer says that nobody asks for a verified address where the caller is. */
  verification?: 'waived';
  scopes: ReadonlySet<string>;
  /** The policies that hold for the caller, where the issuer names them. */
  policies?: ReadonlySet<string>;
  /** Seconds since 1970. */
  authTime: number | undefined;
  expiresAt: number;
  /** How the person proved who they are (RFC 8176); empty where the issuer does not say. */
  amr: readonly string[];
  /** How sure that is: `aal2` with two factors, `aal1` without, for our own tokens. */
  acr: string | undefined;
};

export type UserSession = VerifiedSession & { platform: 'user'; userId: string };
export type PortalSession = VerifiedSession & {
  platform: 'portal';
  staffId: string;
  /** One of StaffRole for our own staff. */
  role: string | undefined;
};
export type AnonymousSession = { platform: 'none' };

/** The caller: all that a resolver sees of a token. The ids have different names, so that mixing the platforms does not compile. */
export type Session = UserSession | PortalSession | AnonymousSession;

export const anonymousSession: AnonymousSession = Object.freeze({ platform: 'none' });

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The session of a token of our own issuers, whose signature was checked. Every claim must have its type; no claim has a default. */
export function readSession(
  claims: JWTPayload,
  platform: Platform,
): UserSession | PortalSession | 'malformed' | 'issuer_mismatch' {
  const {
    sub,
    sid,
    jti,
    tenant,
    email,
    email_verified,
    verification,
    scope,
    auth_time,
    amr,
    acr,
    exp,
    role,
  } = claims;
  if (
    !isUuid(sub) ||
    !isUuid(sid) ||
    !isUuid(tenant) ||
    typeof jti !== 'string' ||
    typeof email !== 'string'
  ) {
    return 'malformed';
  }
  // JSON.parse reads 1e999 as Infinity: such a token would never expire.
  if (!Number.isFinite(exp) || !Number.isFinite(claims.iat) || !Number.isFinite(auth_time)) {
    return 'malformed';
  }
  if (typeof email_verified !== 'boolean' || typeof scope !== 'string') {
    return 'malformed';
  }
  if (verification !== undefined && verification !== 'waived') {
    return 'malformed';
  }
  if (!isTextList(amr) || (acr !== undefined && acr !== 'aal1' && acr !== 'aal2')) {
    return 'malformed';
  }
  if (claims.platform !== platform) {
    return 'issuer_mismatch';
  }
  const common = {
    issuer: claims.iss as string,
    sessionId: sid,
    tokenId: jti,
    tenantId: tenant,
    email,
    emailVerified: email_verified,
    ...(verification === 'waived' && { verification: 'waived' as const }),
    scopes: new Set(scope.split(' ').filter(isScope)),
    authTime: auth_time as number,
    expiresAt: exp as number,
    amr,
    // A token from before there was this claim: nobody proved more with it.
    acr: acr ?? 'aal1',
  };
  if (platform === 'user') {
    return { ...common, platform, userId: sub };
  }
  return isStaffRole(role) ? { ...common, platform, staffId: sub, role } : 'malformed';
}

export function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && uuidForm.test(value);
}
