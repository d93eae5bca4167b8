import { type Platform, platformDenyText, type Scope } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { PortalSession, Session, UserSession } from '@signet/session';
import { type Condition, judgeSession } from './conditions.ts';

/**
 * The session of the customer who sent the request.
 *
 * @throws {RefusalError} auth.failure.missing_token without a token, authz.platform.deny with one of staff.
 */
export function requireUser(session: Session): UserSession {
  return session.platform === 'user' ? session : refusePlatform(session, 'user');
}

/**
 * The session of the member of staff who sent the request. With `scope`, the token must carry it.
 *
 * @throws {RefusalError} auth.failure.missing_token without a token, authz.platform.deny with a customer's, authz.scope.deny
 *   without the scope.
 */
export function requirePortal(session: Session, scope?: Scope): PortalSession {
  const staff = session.platform === 'portal' ? session : refusePlatform(session, 'portal');
  if (scope !== undefined) requireScope(staff, scope);
  return staff;
}

/** @throws {RefusalError} authz.scope.deny if the token does not carry the scope. */
export function requireScope(session: UserSession | PortalSession, scope: Scope): void {
  if (!session.scopes.has(scope)) {
    throw new RefusalError('authz.scope.deny', { text: `This field requires the scope '${scope}'.` });
  }
}

function refusePlatform(session: Session, required: Platform): never {
  if (session.platform === 'none') {
    throw new RefusalError('auth.failure.missing_token');
  }
  throw new RefusalError('authz.platform.deny', { text: platformDenyText(required, session.platform) });
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
