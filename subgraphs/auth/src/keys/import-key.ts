import type { Database } from '@signet/db';
import type { Kysely } from 'kysely';
import { advanceKeys, type KeySettings, policyOf, storeKey } from './change-keys.ts';
import { signsFrom } from './key-plan.ts';
import { findKeyState, listSigningKeys, retireKey } from './signing-key.queries.ts';
import type { SigningKey } from './signing-key.ts';
import { withLockedKeys } from './with-locked-keys.ts';

/** `taken`: the key is, or was, one of these two platforms' already, and does not come back. */
export type KeyImport = { outcome: 'waits'; signsFrom: Date } | { outcome: 'taken' };

/** Publishes a key made elsewhere in place of the waiting one, which has never signed. A rotation lets it take over. */
export async function importKey(
  db: Kysely<Database>,
  settings: KeySettings,
  key: SigningKey,
): Promise<KeyImport> {
  try {
    return await withLockedKeys(db, settings, async (locked) => {
      if (await findKeyState(locked.trx, settings.platform, key.kid)) {
        return { outcome: 'taken' };
      }
      await advanceKeys(locked);
      const rows = await listSigningKeys(locked.trx, settings.platform);
      for (const { kid } of rows.filter(({ state }) => state === 'next')) {
        await retireKey(locked.trx, kid, locked.now);
      }
      await storeKey(locked, key, { state: 'next', imported: true });
      return { outcome: 'waits', signsFrom: signsFrom({ published_at: locked.now }, policyOf(settings)) };
    });
  } catch (error) {
    // unique_violation: the other platform's rows can't be seen from here, but a kid is unique in the table.
    if ((error as { code?: unknown }).code === '23505') {
      return { outcome: 'taken' };
    }
    throw error;
  }
}
