import { isScope, isStaffRole, type Platform, type Scope, type StaffRole } from '@signet/schema/contract';
import type { JWTPayload } from 'jose';

type VerifiedSession = {
  sessionId: string;
  tokenId: string;
  tenantId: string;
  email: string;
  emailVerified: boolean;
  scopes: ReadonlySet<Scope>;
  /** The policies that hold for the caller, where the issuer names them. */
  policies?: ReadonlySet<string>;
  /** Seconds since 1970. */
  authTime: number;
  expiresAt: number;
};

export type UserSession = VerifiedSession & { platform: 'user'; userId: string };
export type PortalSession = VerifiedSession & { platform: 'portal'; staffId: string; role: StaffRole };
export type AnonymousSession = { platform: 'none' };

/** The caller: all that a resolver sees of a token. The ids have different names, so that mixing the platforms does not compile. */
export type Session = UserSession | PortalSession | AnonymousSession;

export const anonymousSession: AnonymousSession = Object.freeze({ platform: 'none' });

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The session of a token whose signature was checked. Every claim must have its type; no claim has a default. */
export function readSession(
  claims: JWTPayload,
  platform: Platform,
): UserSession | PortalSession | 'malformed' | 'platform_mismatch' {
  const { sub, sid, jti, tenant, email, email_verified, scope, auth_time, exp, role } = claims;
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
  if (claims.platform !== platform) {
    return 'platform_mismatch';
  }
  const common = {
    sessionId: sid,
    tokenId: jti,
    tenantId: tenant,
    email,
    emailVerified: email_verified,
    scopes: new Set(scope.split(' ').filter(isScope)),
    authTime: auth_time as number,
    expiresAt: exp as number,
  };
  if (platform === 'user') {
    return { ...common, platform, userId: sub };
  }
  return isStaffRole(role) ? { ...common, platform, staffId: sub, role } : 'malformed';
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && uuidForm.test(value);
}
