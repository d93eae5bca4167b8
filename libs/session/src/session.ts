import type { Scope, StaffRole } from '@signet/schema/contract';

type VerifiedSession = {
  sessionId: string;
  tokenId: string;
  tenantId: string;
  email: string;
  emailVerified: boolean;
  scopes: ReadonlySet<Scope>;
  /** Seconds since 1970. */
  authTime: number;
  expiresAt: number;
};

export type UserSession = VerifiedSession & { platform: 'user'; userId: string };
export type PortalSession = VerifiedSession & { platform: 'portal'; staffId: string; role: StaffRole };
export type AnonymousSession = { platform: 'none' };

/** Who asks: all that a resolver sees of a token. The ids are named apart, so that mixing the platforms does not compile. */
export type Session = UserSession | PortalSession | AnonymousSession;

export const anonymousSession: AnonymousSession = Object.freeze({ platform: 'none' });
