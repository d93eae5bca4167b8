import type { Database } from '@signet/db';
import type { Kysely } from 'kysely';
import { createKeyOpener, type KeySeal } from './open-keys.ts';
import { listSigningKeys } from './signing-key.queries.ts';
import type { SigningKey } from './signing-key.ts';

/** The key that signs at this moment. Changes nothing. */
export async function readActiveKey(db: Kysely<Database>, seal: KeySeal): Promise<SigningKey> {
  const rows = await listSigningKeys(db, seal.platform);
  const [active] = await createKeyOpener(seal)(rows.filter(({ state }) => state === 'active'));
  if (!active) {
    throw new Error(`No key signs for the platform '${seal.platform}' yet: start auth once.`);
  }
  return active.key;
}
