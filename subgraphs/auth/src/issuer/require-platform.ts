import { RefusalError } from '@signet/service';
import type { StaffAccount, UserAccount } from '../accounts/account.ts';
import type { GraphqlContext, HeldPlatform } from '../context.ts';

/** @throws {RefusalError} auth.unavailable in a process that holds the portal only. */
export function requireUserPlatform({ held }: GraphqlContext): HeldPlatform<UserAccount> {
  if (!held.user) {
    throw new RefusalError('auth.unavailable', { text: "This process serves the 'portal' platform only." });
  }
  return held.user;
}

/** @throws {RefusalError} auth.unavailable in a process that holds the users' platform only. */
export function requirePortalPlatform({ held }: GraphqlContext): HeldPlatform<StaffAccount> {
  if (!held.portal) {
    throw new RefusalError('auth.unavailable', { text: "This process serves the 'user' platform only." });
  }
  return held.portal;
}
