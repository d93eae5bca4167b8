import type { Database } from '@signet/db';
import type { Transaction } from 'kysely';

/** By which name a tenant is known. */
export async function getTenantSlug(trx: Transaction<Database>, tenantId: string): Promise<string> {
  const { slug } = await trx
    .selectFrom('auth.tenant')
    .select('slug')
    .where('id', '=', tenantId)
    .executeTakeFirstOrThrow();
  return slug;
}
