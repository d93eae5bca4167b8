import type { Database } from '@signet/db';
import type { Kysely } from 'kysely';
import { advanceKeys, type KeySettings, type LockedKeys, policyOf } from './change-keys.ts';
import { signsFrom } from './key-plan.ts';
import {
  activateKey,
  findKeyState,
  insertKeyRevocation,
  listSigningKeys,
  retireKey,
  type SigningKeyRow,
} from './signing-key.queries.ts';
import { withLockedKeys } from './with-locked-keys.ts';

/** `signs`: the key that signs from now on, where the revoked one did; `early`: before every verifier has it. */
export type KeyRevocation =
  | { outcome: 'unknown' }
  | { outcome: 'revoked'; was: SigningKeyRow['state']; signs?: { kid: string; early: boolean } };

/**
 * From the commit on, no verifier takes a token of this key. If it is the one that signs, the waiting key takes over in the
 * same transaction. The revocation never expires: who holds the private half can write any token.
 */
export function revokeKey(db: Kysely<Database>, settings: KeySettings, kid: string): Promise<KeyRevocation> {
  return withLockedKeys(db, settings, async (locked) => {
    const was = await findKeyState(locked.trx, settings.platform, kid);
    if (was === undefined) {
      return { outcome: 'unknown' };
    }
    await insertKeyRevocation(locked.trx, settings.platform, kid);
    if (was !== 'retired') {
      await retireKey(locked.trx, kid, locked.now);
    }
    const signs = was === 'active' ? await replaceActiveKey(locked) : undefined;
    await advanceKeys(locked); // Makes the key that waits, where the one that did was revoked or signs now.
    return { outcome: 'revoked', was, ...(signs && { signs }) };
  });
}

async function replaceActiveKey(locked: LockedKeys): Promise<{ kid: string; early: boolean }> {
  const { trx, settings, now } = locked;
  const rows = await listSigningKeys(trx, settings.platform);
  const next = rows.find(({ state }) => state === 'next');
  if (next) {
    await activateKey(trx, next.kid, now);
    return { kid: next.kid, early: signsFrom(next, policyOf(settings)) > now };
  }
  const made = (await advanceKeys(locked)).find(({ state }) => state === 'active');
  if (!made) {
    throw new Error('No key was made in place of the revoked one.');
  }
  return { kid: made.kid, early: true };
}
