import type { Kysely } from 'kysely';
import type { Database } from './tables.ts';

/** Where a recipient of signed requests keeps the nonces that it has seen. */
export type NonceTableName = Extract<keyof Database, `${string}proof_nonce`>;

export type NonceStore = {
  /** True for the first who comes with this nonce, at whichever replica; false for all others. Throws where nothing can be kept. */
  use(nonce: string, expiresAt: Date): Promise<boolean>;
};

export function createNonceStore(db: Kysely<Database>, table: NonceTableName): NonceStore {
  return {
    async use(nonce, expiresAt) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto(table)
        .values({ nonce, expires_at: expiresAt })
        // Without a target: to name the column would take the right to read it.
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },
  };
}
