import type { PortalSession, Session, UserSession } from '@signet/session';
import { expectTypeOf, test } from 'vitest';
import type { requirePortal, requireUser } from './require-session.ts';

/** Compiled by `npm run check`, never run: each line marked so must be a compile error. */
export function mixedPlatforms(
  session: Session,
  user: UserSession,
  staff: PortalSession,
  asStaff: typeof requirePortal,
  asUser: typeof requireUser,
): unknown[] {
  return [
    // @ts-expect-error nobody is a customer before somebody looked
    session.userId,
    // @ts-expect-error a customer's id in a resolver for staff
    staff.userId,
    // @ts-expect-error a member of staff's id in a resolver for customers
    user.staffId,
    // @ts-expect-error customers have no role
    user.role,
    // @ts-expect-error what lets staff in gives no customer
    asStaff(session).userId,
    // @ts-expect-error what lets customers in gives no member of staff
    asUser(session).staffId,
    // @ts-expect-error one is not the other
    staff satisfies UserSession,
    // @ts-expect-error `none` has no scopes
    session.scopes,
  ];
}

test('names the id of each platform apart', () => {
  expectTypeOf<UserSession>().not.toHaveProperty('staffId');
  expectTypeOf<PortalSession>().not.toHaveProperty('userId');
  expectTypeOf<Extract<Session, { userId: string }>>().toEqualTypeOf<UserSession>();
});
