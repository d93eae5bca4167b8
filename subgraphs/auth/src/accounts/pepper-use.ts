import { type Database, inTenant } from '@signet/db';
import { type Kysely, sql } from 'kysely';
import type { Account, PlatformTables } from './account.ts';

/** How many accounts of all tenants have a hash of each pepper, by its id. Reads every account: not for each request. */
export async function countPeppers(
  db: Kysely<Database>,
  tables: PlatformTables<Account>,
): Promise<ReadonlyMap<string, number>> {
  const tenants = await db.selectFrom('auth.tenant').select('id').execute();
  const counts = new Map<string, number>();
  for (const { id } of tenants) {
    // An administrator passes row security: the condition tells the tenants apart for them too.
    const { rows } = await inTenant(db, id, (trx) =>
      sql<{ pepper_id: string; accounts: string }>`
        select pepper_id, count(*) as accounts from ${tables.account} where tenant_id = ${id} group by pepper_id
      `.execute(trx),
    );
    for (const { pepper_id, accounts } of rows) {
      counts.set(pepper_id, (counts.get(pepper_id) ?? 0) + Number(accounts));
    }
  }
  return counts;
}
