import type { CallerKind, Platform } from '@signet/schema/contract';

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

export type UserSession = VerifiedSession & {
  platform: 'user';
  userId: string;
  /** Only if somebody else acts as the customer. Read it through `isImpersonated`. */
  actor?: Actor;
};
/** The member of staff who acts as a customer. */
export type Actor = { staffId: string };
export type PortalSession = VerifiedSession & {
  platform: 'portal';
  staffId: string;
  /** One of StaffRole for our own staff. */
  role: string | undefined;
};
/**
 * A service account. Its platform is a word of its own, so that what asks for a customer or for staff admits none by accident.
 */
export type ServiceSession = VerifiedSession & {
  platform: 'service';
  /** The platform whose issuer signed the token, and which admits it. */
  of: Platform;
  serviceId: string;
};
export type AnonymousSession = { platform: 'none' };

/** The session of a token. */
export type KnownSession = UserSession | PortalSession | ServiceSession;

/** The caller: all that a resolver sees of a token. The ids have different names, so that mixing the platforms does not compile. */
export type Session = KnownSession | AnonymousSession;

export type ImpersonatedSession = UserSession & { actor: Actor };

export const anonymousSession: AnonymousSession = Object.freeze({ platform: 'none' });

/** Whether a member of staff acts as the customer. */
export function isImpersonated(session: Session): session is ImpersonatedSession {
  return session.platform === 'user' && session.actor !== undefined;
}

export function callerKindOf(session: KnownSession): CallerKind {
  if (session.platform === 'service') return 'service';
  return isImpersonated(session) ? 'impersonated' : 'person';
}

/** The platform of the issuer of a session's token. */
export function platformOf(session: KnownSession): Platform {
  return session.platform === 'service' ? session.of : session.platform;
}

/**
 * What an audit event says of a caller beside the id of the account: nothing of a person; that it is a service; who acts as the customer.
 */
export function auditedCaller(session: KnownSession): { caller?: CallerKind; act?: string } {
  const caller = callerKindOf(session);
  if (caller === 'person') return {};
  return isImpersonated(session) ? { caller, act: session.actor.staffId } : { caller };
}

/** The id of the account behind a token: a customer's, a member of staff's, a service's. */
export function accountIdOf(session: KnownSession): string {
  if (session.platform === 'service') return session.serviceId;
  return session.platform === 'user' ? session.userId : session.staffId;
}
