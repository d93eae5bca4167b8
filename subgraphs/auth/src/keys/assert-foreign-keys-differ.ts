import type { Platform } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import type { TrustedIssuer } from '@signet/session';
import type { PublicKey } from './key-ring.ts';

/**
 * As `assertDisjointKeys`, where another process holds the other platform. While that one can't be asked there is nothing to
 * compare: of two that start together, the later one sees the earlier one's keys.
 *
 * @throws {ConfigError}
 */
export async function assertForeignKeysDiffer(
  foreign: readonly TrustedIssuer[],
  own: readonly PublicKey[],
  variableOf: (platform: Platform) => string,
): Promise<void> {
  const kids = new Set(own.map(({ kid }) => kid));
  for (const { platform, keys } of foreign) {
    const jwks = await keys.readJwks();
    const shared = jwks?.keys.find(({ kid }) => kid !== undefined && kids.has(kid));
    if (shared) {
      throw new ConfigError([
        `${variableOf(platform)}: holds a key with which this process signs (${shared.kid}); the platforms must share none`,
      ]);
    }
  }
}
