import type { Database } from '@signet/db';
import type { Kysely } from 'kysely';
import { type KeySettings, withLockedKeys } from './change-keys.ts';
import { openSealed, sealPrivateKey } from './sealed-key.ts';
import { listSigningKeys, replaceSeal } from './signing-key.queries.ts';

/**
 * Seals the platform's keys under the first key-encryption key, in one transaction that excludes other changes of the keys. The keys
 * themselves stay, so processes go on signing; one that starts must have the new key-encryption key.
 *
 * @returns the kids of those that were sealed under another one.
 * @throws {ConfigError} where one opens with none of the key-encryption keys.
 */
export function resealSigningKeys(db: Kysely<Database>, settings: KeySettings): Promise<string[]> {
  return withLockedKeys(db, settings, async ({ trx }) => {
    const resealed: string[] = [];
    for (const row of await listSigningKeys(trx, settings.platform)) {
      const { content, keyIndex } = openSealed(row, settings);
      if (keyIndex === 0) continue;
      const label = { platform: settings.platform, kid: row.kid, algorithm: row.algorithm };
      await replaceSeal(trx, row.kid, sealPrivateKey(content, label, settings.keyEncryptionKeys[0]));
      resealed.push(row.kid);
    }
    return resealed;
  });
}
