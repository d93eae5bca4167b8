import { type Platform, platformDenyText, type Scope } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import {
  isImpersonated,
  type KnownSession,
  type PortalSession,
  platformOf,
  type ServiceSession,
  type Session,
  type UserSession,
} from '@signet/session/session';
import { type Condition, judgeSession } from './conditions.ts';

/**
 * The session of the customer who sent the request: the person, and with `orImpersonated` also a member of staff who acts as the customer.
 *
 * @throws {RefusalError} auth.failure.missing_token without a token, authz.platform.deny with one of staff, authz.caller.deny with a
 *   service's, and with an impersonated customer's unless it is asked for.
 */
export function requireUser(
  session: Session,
  { orImpersonated = false }: { orImpersonated?: boolean } = {},
): UserSession {
  if (session.platform !== 'user') refuseCaller(session, 'user');
  if (isImpersonated(session) && !orImpersonated) refuseCaller(session, 'user');
  return session;
}

/**
 * The session of the member of staff who sent the request. With `scope`, the token must carry it.
 *
 * @throws {RefusalError} auth.failure.missing_token without a token, authz.platform.deny with a customer's, authz.caller.deny with a
 *   service's, authz.scope.deny without the scope.
 */
export function requirePortal(session: Session, scope?: Scope): PortalSession {
  const staff = session.platform === 'portal' ? session : refuseCaller(session, 'portal');
  if (scope !== undefined) requireScope(staff, scope);
  return staff;
}

/**
 * The session of a service account of a platform. With `scope`, the token must carry it.
 *
 * @throws {RefusalError} auth.failure.missing_token without a token, authz.platform.deny with one of the other platform,
 *   authz.caller.deny with a person's, authz.scope.deny without the scope.
 */
export function requireService(session: Session, of: Platform, scope?: Scope): ServiceSession {
  const isService = session.platform === 'service' && session.of === of;
  const service = isService ? session : refuseCaller(session, of);
  if (scope !== undefined) requireScope(service, scope);
  return service;
}

/**
 * The session of the member of staff, or of the portal's service account, who sent the request: for fields with
 * `@callers(are: [PERSON, SERVICE])`.
 *
 * @throws {RefusalError} as `requirePortal`, and authz.platform.deny with a service of the other platform.
 */
export function requirePortalOrService(session: Session, scope?: Scope): PortalSession | ServiceSession {
  return session.platform === 'service'
    ? requireService(session, 'portal', scope)
    : requirePortal(session, scope);
}

/** @throws {RefusalError} authz.scope.deny if the token does not carry the scope. */
export function requireScope(session: KnownSession, scope: Scope): void {
  if (!session.scopes.has(scope)) {
    throw new RefusalError('authz.scope.deny', { text: `This field requires the scope '${scope}'.` });
  }
}

function refuseCaller(session: Session, required: Platform): never {
  if (session.platform === 'none') {
    throw new RefusalError('auth.failure.missing_token');
  }
  const received = platformOf(session);
  if (received === required) throw new RefusalError('authz.caller.deny');
  throw new RefusalError('authz.platform.deny', { text: platformDenyText(required, received) });
}

/** @throws {RefusalError} by the first condition that the session does not meet. */
export function assertSession(conditions: readonly Condition[], session: Session): void {
  const refusal = judgeSession(conditions, session);
  if (refusal) {
    const { reason, ...more } = refusal;
    throw new RefusalError(reason, more);
  }
}

/** The refusal by a policy. */
export function refuse(): never {
  throw new RefusalError('authz.permission.deny');
}
