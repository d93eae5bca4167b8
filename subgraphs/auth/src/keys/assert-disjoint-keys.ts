import { ConfigError } from '@signet/service';
import type { SigningKey } from './signing-key.ts';

/**
 * A key in both sets would let a customer's token pass for one of staff.
 *
 * @throws {ConfigError}
 */
export function assertDisjointKeys(user: readonly SigningKey[], portal: readonly SigningKey[]): void {
  const kids = new Set(user.map(({ kid }) => kid));
  const shared = portal.find(({ kid }) => kids.has(kid));
  if (shared) {
    throw new ConfigError([
      `PORTAL_DATABASE_URL: the portal signs with a key of the users' platform (${shared.kid}); the two must share none`,
    ]);
  }
}
