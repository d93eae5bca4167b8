import type { Database, SigningKeyTable } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { type Selectable, sql, type Transaction } from 'kysely';

export type SigningKeyRow = Pick<
  Selectable<SigningKeyTable>,
  'kid' | 'algorithm' | 'state' | 'sealed_private_key'
>;

/** Until the transaction ends, nobody else makes or changes keys of this platform. */
export async function lockSigningKeys(trx: Transaction<Database>, platform: Platform): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`signet signing keys ${platform}`}, 0))`.execute(
    trx,
  );
}

/** Keys that may sign or whose tokens may still live, oldest first. */
export function listSigningKeys(trx: Transaction<Database>, platform: Platform): Promise<SigningKeyRow[]> {
  return trx
    .selectFrom('auth.signing_key')
    .select(['kid', 'algorithm', 'state', 'sealed_private_key'])
    .where('platform', '=', platform)
    .where('state', '!=', 'retired')
    .orderBy('created_at')
    .execute();
}

/** The platform's first key: nobody can hold an older JWKS, so it signs at once. */
export async function insertFirstKey(
  trx: Transaction<Database>,
  key: Pick<SigningKeyRow, 'kid' | 'algorithm' | 'sealed_private_key'> & { platform: Platform },
): Promise<void> {
  await trx
    .insertInto('auth.signing_key')
    .values({ ...key, state: 'active', activated_at: new Date() })
    .execute();
}
