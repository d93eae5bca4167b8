import { grantAuditing, normalizeTexts, revokeAuditing } from '@signet/db/migrations-support';
import type { Kysely } from 'kysely';

/** Texts that were written before all input was read in normal form C; and what staff change is in the audit log from here on. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await normalizeTexts(db, { table: 'catalog.category', columns: { name: 100 } });
  await normalizeTexts(db, { table: 'catalog.product', columns: { name: 200, description: 4000 } });
  await normalizeTexts(db, { table: 'catalog.product', columns: { sku: 64 }, unique: ['tenant_id'] });
  await grantAuditing(db, 'catalog');
}

/** The texts stay: nobody can tell which they were, and they look the same. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await revokeAuditing(db, 'catalog');
}
