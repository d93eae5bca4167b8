import type { Platform } from '@signet/schema/contract';

/**
 * `unread`: nothing is known yet, so no token can be judged. `stale`: not read for so long that staff's tokens are no
 * longer believed; customers' hold until they expire.
 */
export type RevocationState = 'unread' | 'current' | 'stale';

/** What is revoked, answered from memory: a verifier asks on every request. */
export type RevocationSource = {
  isSessionRevoked(platform: Platform, sessionId: string): boolean;
  isKeyRevoked(platform: Platform, kid: string): boolean;
  state(): RevocationState;
  /** Calls `listener` for each signing key that becomes known as revoked. */
  onKeyRevoked(listener: (platform: Platform, kid: string) => void): void;
};

/** For a process that is not told of revocations: tests, and development without the feed. Logout then ends refresh only. */
export const nothingRevoked: RevocationSource = Object.freeze({
  isSessionRevoked: () => false,
  isKeyRevoked: () => false,
  state: () => 'current',
  onKeyRevoked: () => {},
});
