import { ConfigError } from '@signet/service';
import type { KeyRing } from './key-ring.ts';

/**
 * A key in both sets would let a customer's token pass for one of staff.
 *
 * @throws {ConfigError}
 */
export function assertDisjointKeys(user: KeyRing | undefined, portal: KeyRing | undefined): void {
  const kids = new Set(user?.listPublished().map(({ kid }) => kid));
  const shared = portal?.listPublished().find(({ kid }) => kids.has(kid));
  if (shared) {
    throw new ConfigError([
      `${portal?.variable}: the portal uses a key of the users' platform (${shared.kid}); the two must share none`,
    ]);
  }
}
