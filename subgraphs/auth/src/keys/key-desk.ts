import type { Platform } from '@signet/schema/contract';
import type { TrustedIssuer } from '@signet/session';
import { heldPlatforms, prefixOf, rotationSecondsOf } from '../platform-settings.ts';
import type { AuthConfig } from '../settings.ts';
import type { AdministeredKey } from './staff-keys.queries.ts';

export type PublishedKey = { kid: string; algorithm: string };

/** What a process knows of a platform's keys beside the database: nothing of it is secret, and it signs with none of it. */
export type KeyDesk = {
  /** The tenant whose staff administer what belongs to no tenant. */
  findOperatorTenant(): Promise<string | undefined>;
  /** The interval of rotation by this process's configuration; 0: by hand only. */
  rotationSecondsOf(platform: Platform): number;
  publicationSeconds: number;
  /**
   * The keys that the platform publishes, where they lie in files and not in the database. Another process's configuration is not known
   * here: its keys lie in files where its key set and the database have no key in common.
   */
  findKeysInFiles(
    platform: Platform,
    rows: readonly AdministeredKey[],
  ): Promise<readonly PublishedKey[] | undefined>;
};

export function createKeyDesk(
  config: AuthConfig,
  {
    issuers,
    publicationSeconds,
    findTenantId,
  }: {
    issuers: readonly TrustedIssuer[];
    publicationSeconds: number;
    findTenantId(slug: string): Promise<string | undefined>;
  },
): KeyDesk {
  return {
    findOperatorTenant: () => findTenantId(config.DEFAULT_TENANT),
    rotationSecondsOf: (platform) => rotationSecondsOf(config, platform),
    publicationSeconds,
    async findKeysInFiles(platform, rows) {
      const isHeld = heldPlatforms(config).includes(platform);
      if (isHeld && config[`${prefixOf(platform)}_PRIVATE_KEY`] === undefined) return undefined;
      const jwks = await issuers.find((issuer) => issuer.platform === platform)?.keys.readJwks();
      const published = (jwks?.keys ?? []).flatMap(({ kid, alg }) =>
        kid === undefined ? [] : [{ kid, algorithm: alg ?? '' }],
      );
      if (isHeld) return published;
      const stored = new Set(rows.map(({ kid }) => kid));
      return published.length > 0 && !published.some(({ kid }) => stored.has(kid)) ? published : undefined;
    },
  };
}
