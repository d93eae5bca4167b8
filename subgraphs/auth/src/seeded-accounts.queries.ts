import { type Database, inTenant } from '@signet/db';
import { type Kysely, sql } from 'kysely';
import type { Account } from './accounts/account.ts';
import type { PlatformTables } from './accounts/platform-tables.ts';

/** Slugs of the tenants in which an account of the development seed can sign in. */
export async function listTenantsWithSeededAccounts(
  db: Kysely<Database>,
  tables: PlatformTables<Account>,
): Promise<string[]> {
  const tenants = await db
    .selectFrom('auth.development_seed as seed')
    .innerJoin('auth.tenant as tenant', 'tenant.id', 'seed.tenant_id')
    .select(['tenant.id', 'tenant.slug'])
    .orderBy('tenant.slug')
    .execute();
  const slugs: string[] = [];
  for (const { id, slug } of tenants) {
    if (await inTenant(db, id, (trx) => hasSeededAccount(trx, tables))) {
      slugs.push(slug);
    }
  }
  return slugs;
}

async function hasSeededAccount(trx: Kysely<Database>, tables: PlatformTables<Account>): Promise<boolean> {
  const { rows } = await sql`
    select 1 from ${tables.account} where is_seeded and is_active limit 1
  `.execute(trx);
  return rows.length > 0;
}
