import { type Database, inTenant } from '@signet/db';
import { createPepper, noPepperId } from '@signet/db/password-hash';
import type { Platform } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';

/** Where a row names the pepper that it depends on. */
const tables = {
  user: ['auth.user', 'auth.user_totp', 'auth.user_recovery_code', 'auth.user_registration'],
  portal: ['auth.portal_user', 'auth.portal_totp', 'auth.portal_recovery_code'],
} as const satisfies Record<Platform, readonly string[]>;

/** Under this id `countPeppers` counts mails from before they named their pepper: any could be the one. */
export const unnamedPepper = 'unnamed';

/**
 * How many rows of all tenants depend on each pepper, by its id: passwords, those of unfinished registrations too, authenticator apps,
 * recovery codes, and mails that wait or were given up. Imported passwords, which have none, are not counted. Reads every account: not for
 * each request.
 */
export async function countPeppers(
  db: Kysely<Database>,
  platform: Platform,
): Promise<ReadonlyMap<string, number>> {
  const tenants = await db.selectFrom('auth.tenant').select('id').execute();
  const counts = new Map<string, number>();
  for (const { id } of tenants) {
    const rows = await inTenant(db, id, async (trx) => {
      // An administrator would pass row security, and count each account for every tenant.
      await sql.raw(`set local role signet_auth_${platform}`).execute(trx);
      const selects = tables[platform].map((table) => sql`select pepper_id from ${sql.table(table)}`);
      // What was sent is wiped, and what is kept is shown in development only.
      selects.push(sql`
        select coalesce(pepper_id, ${unnamedPepper}) from ${sql.table(`auth.${platform}_mail`)} where state in ('queued', 'dead')`);
      return sql<{ pepper_id: string; uses: string }>`
        select pepper_id, count(*) as uses from (${sql.join(selects, sql` union all `)}) as used
        where pepper_id <> ${noPepperId} group by pepper_id
      `.execute(trx);
    });
    for (const { pepper_id, uses } of rows.rows) {
      counts.set(pepper_id, (counts.get(pepper_id) ?? 0) + Number(uses));
    }
  }
  return counts;
}

/** How many rows depend on a pepper that is not among these, and on one that is not the first. */
export async function findPepperFaults(
  db: Kysely<Database>,
  platform: Platform,
  peppers: readonly Uint8Array[],
): Promise<{ lost: number; lostIds: string[]; earlier: number }> {
  const ids = peppers.map((key) => createPepper(key).id);
  const counts = [...(await countPeppers(db, platform))].filter(([id]) => id !== unnamedPepper);
  const sum = (found: typeof counts) => found.reduce((total, [, uses]) => total + uses, 0);
  const lost = counts.filter(([id]) => !ids.includes(id));
  const earlier = counts.filter(([id]) => ids.indexOf(id) > 0);
  return { lost: sum(lost), lostIds: lost.map(([id]) => id), earlier: sum(earlier) };
}
