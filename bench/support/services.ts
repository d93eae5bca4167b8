import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { createDatabase, inTenant } from '@signet/db';
import { issuerOf } from '@signet/schema/contract';
import { calculateJwkThumbprint } from 'jose';
import { sql } from 'kysely';

/** A service account of customers with one Ed25519 key. */
export type BenchService = { id: string; credential: string; kid: string; privateKey: KeyObject };

/** Writes accounts as staff's auth process does, past its checks. */
export async function addServices(adminUrl: string, count: number): Promise<BenchService[]> {
  const db = createDatabase(adminUrl);
  const { id: tenantId } = await db.selectFrom('auth.tenant').select('id').executeTakeFirstOrThrow();
  const services = await inTenant(db, tenantId, async (trx) => {
    const staff = await trx.selectFrom('auth.portal_user').select('id').executeTakeFirstOrThrow();
    const made: BenchService[] = [];
    for (let at = 0; at < count; at += 1) {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const jwk = publicKey.export({ format: 'jwk' });
      const kid = await calculateJwkThumbprint(jwk as never);
      const { rows } = await sql<{ id: string; credential: string }>`
        with account as (
          insert into auth.user_service_account (tenant_id, name, scopes, created_by)
          values (${tenantId}, ${`${randomUUID()}`}, '{profile:read}', ${staff.id}) returning id
        )
        insert into auth.user_service_credential (tenant_id, account_id, kind, kid, public_jwk, created_by)
        select ${tenantId}, id, 'key', ${kid}, ${JSON.stringify(jwk)}::jsonb, ${staff.id} from account
        returning account_id as id, id as credential`.execute(trx);
      const [row] = rows;
      if (row) made.push({ ...row, kid, privateKey });
    }
    return made;
  });
  await db.destroy();
  return services;
}

/** A client assertion of the service, good for four minutes. */
export function assertService(
  { id, kid, privateKey }: Pick<BenchService, 'id' | 'kid' | 'privateKey'>,
  issuerUrl: string,
): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: id, sub: id, aud: issuerOf(issuerUrl, 'user'), jti: randomUUID(), exp: now + 240 };
  const text = `${encode({ alg: 'EdDSA', kid })}.${encode(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
