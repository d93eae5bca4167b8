import type { Kysely } from 'kysely';
import type { Database } from './tables.ts';

const slugForm = /^[a-z0-9][a-z0-9-]{0,62}$/;
const maxKnownTenants = 10_000;

/**
 * Finds a tenant's id by its slug. A slug never changes its id and tenants are never deleted, so a found one is kept;
 * an unknown one is asked for anew each time.
 */
export function createTenantDirectory(db: Kysely<Database>): (slug: string) => Promise<string | undefined> {
  const known = new Map<string, string>();
  return async (slug) => {
    if (!slugForm.test(slug)) {
      return undefined;
    }
    const id = known.get(slug) ?? (await findTenantId(db, slug));
    if (id !== undefined && known.size < maxKnownTenants) {
      known.set(slug, id);
    }
    return id;
  };
}

async function findTenantId(db: Kysely<Database>, slug: string): Promise<string | undefined> {
  const row = await db.selectFrom('auth.tenant').select('id').where('slug', '=', slug).executeTakeFirst();
  return row?.id;
}
