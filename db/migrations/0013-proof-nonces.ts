import { type Kysely, sql } from 'kysely';
import { createNonceTable, type NonceTable } from './support.ts';

/** The platform's recipients of signed requests. Other subgraphs get theirs by createSubgraphSchema. */
const nonceTables: readonly NonceTable[] = [
  { schema: 'auth', table: 'user_proof_nonce', role: 'signet_auth_user' },
  { schema: 'auth', table: 'portal_proof_nonce', role: 'signet_auth_portal' },
  { schema: 'portal', table: 'proof_nonce', role: 'signet_portal' },
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const nonceTable of nonceTables) await createNonceTable(db, nonceTable);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const { schema, table } of nonceTables) {
    await sql
      .raw(`drop function ${schema}.prune_${table}s(integer); drop table ${schema}.${table}`)
      .execute(db);
  }
}
