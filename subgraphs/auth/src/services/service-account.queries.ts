import type { JsonWebKey } from 'node:crypto';
import { type Database, defineQuery } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';

/** A credential that was not revoked, as its row has it. */
export type CredentialRow = { id: string /** Of tokens. */; sid: string } & (
  | { kind: 'key'; kid: string; jwk: JsonWebKey }
  | { kind: 'jwks'; jwksUrl: string }
  | { kind: 'secret' /** SHA-256 in hex. */; secretHash: string }
);

export type ServiceAccountRow = {
  tenantId: string;
  scopes: string[];
  /** CIDRs; everywhere where there are none. */
  networks: string[];
  expiresAt: Date | null;
  credentials: CredentialRow[];
};

/** An active account of any tenant, with the credentials that it may use now. */
export async function findServiceAccount(
  db: Kysely<Database>,
  platform: Platform,
  id: string,
): Promise<ServiceAccountRow | undefined> {
  const { rows } = await sql<ServiceAccountRow>`
    select tenant_id as "tenantId", scopes, networks, expires_at as "expiresAt", credentials
    from ${sql.id('auth', `find_${platform}_service_account`)}(${id})`.execute(db);
  return rows[0];
}

type NotedAssertions = { hashes: readonly Buffer[]; ends: readonly Date[] };

/**
 * The statement that notes assertions as used, all in one.
 *
 * @returns the hashes of those that were new, in hex.
 */
export function createAssertionInsert(db: Kysely<Database>, platform: Platform) {
  const insert = defineQuery<NotedAssertions, { hash: Buffer }>(
    (_db, value) => sql<{ hash: Buffer }>`
      insert into ${sql.id('auth', `${platform}_client_assertion`)} (assertion_hash, expires_at)
      select * from unnest(${value('hashes')}::bytea[], ${value('ends')}::timestamptz[])
      on conflict do nothing
      returning assertion_hash as hash`,
  );
  return async (assertions: readonly { hash: Buffer; expiresAt: Date }[]): Promise<ReadonlySet<string>> => {
    const rows = await insert(db, {
      hashes: assertions.map(({ hash }) => hash),
      ends: assertions.map(({ expiresAt }) => expiresAt),
    });
    return new Set(rows.map(({ hash }) => hash.toString('hex')));
  };
}

/** From the commit on, no process takes the token. */
export async function revokeServiceToken(
  trx: Kysely<Database>,
  platform: Platform,
  { tokenId, expiresAt }: { tokenId: string; expiresAt: Date },
): Promise<void> {
  await sql`select ${sql.id('auth', `revoke_${platform}_service_token`)}(${tokenId}, ${expiresAt})`.execute(
    trx,
  );
}
