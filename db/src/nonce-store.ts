import type { Kysely } from 'kysely';
import type { Database, ProofNonceTable } from './tables.ts';

/** Where a recipient of signed requests keeps the nonces that it has seen: `portal.proof_nonce`, `auth.user_proof_nonce`. */
export type NonceTableName = `${string}.proof_nonce` | `${string}_proof_nonce`;

export type NonceStore = {
  /** True for the first who comes with this nonce, at whichever replica; false for all others. Throws where nothing can be kept. */
  use(nonce: string, expiresAt: Date): Promise<boolean>;
};

export function createNonceStore(db: Kysely<Database>, table: NonceTableName): NonceStore {
  return {
    async use(nonce, expiresAt) {
      const { numInsertedOrUpdatedRows } = await db
        .withTables<Record<NonceTableName, ProofNonceTable>>()
        .insertInto(table)
        .values({ nonce, expires_at: expiresAt })
        // Without a target: to name the column would take the right to read it.
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },
  };
}
