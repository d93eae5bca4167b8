import type { Database } from '@signet/db';
import type { Kysely } from 'kysely';
import { type KeySettings, type LockedKeys, readTime } from './change-keys.ts';
import { createKeyOpener } from './open-keys.ts';
import { listSigningKeys, lockSigningKeys, raiseTokenSeconds, wakeSigners } from './signing-key.queries.ts';

/**
 * One operator's change of a platform's keys, in a transaction that nobody else's runs beside. Refused where the
 * key-encryption key is not the one in use: a key sealed with another would stop every auth process.
 *
 * @throws {ConfigError} for such a key-encryption key.
 */
export function withLockedKeys<T>(
  db: Kysely<Database>,
  settings: KeySettings,
  change: (locked: LockedKeys) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await lockSigningKeys(trx, settings.platform);
    await createKeyOpener(settings)(await listSigningKeys(trx, settings.platform));
    await raiseTokenSeconds(trx, settings.platform, settings.tokenSeconds);
    const result = await change({ trx, settings, now: await readTime(trx, settings) });
    await wakeSigners(trx);
    return result;
  });
}
