import { clockSkewSeconds } from '@signet/schema/contract';
import type { Session } from '@signet/session';

/** The values that `@recentAuth(seconds:)` may have. Below the first, clocks that differ would refuse honest callers. */
export const recentAuthSeconds = { least: 30, most: 86_400 } as const;

/** Whether a number may stand in `@recentAuth(seconds:)`. */
export function isRecentAuthSeconds(seconds: number): boolean {
  return (
    Number.isSafeInteger(seconds) && seconds >= recentAuthSeconds.least && seconds <= recentAuthSeconds.most
  );
}

/** `from 30 to 86400`, for messages. */
export const recentAuthRange = `a whole number from ${recentAuthSeconds.least} to ${recentAuthSeconds.most}`;

/**
 * Whether the person behind a token proved who they are in the last `seconds` (`max_age` of RFC 9470, section 4; `auth_time` of RFC 9068,
 * section 2.2.1). The clocks of issuer and verifier may differ by `clockSkewSeconds`. A token that says nothing about it, or names
 * a time in the future, is not recent.
 *
 * @param now seconds since 1970
 */
export function isSignInRecent(
  { authTime }: Pick<Exclude<Session, { platform: 'none' }>, 'authTime'>,
  seconds: number,
  now: number,
): boolean {
  if (authTime === undefined) return false;
  const age = now - authTime;
  return age >= -clockSkewSeconds && age <= seconds + clockSkewSeconds;
}

/** `recent 300 s`, as the matrix and the names of callers have it. */
export function describeRecentAuth({ seconds }: { seconds: number }): string {
  return `recent ${seconds} s`;
}
