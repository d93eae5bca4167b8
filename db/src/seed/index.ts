import { sql, type Transaction } from 'kysely';
import { hashPassword, type Pepper } from '../password-hash.ts';
import type { Database } from '../tables.ts';
import { asOwner, SeedError } from './as-owner.ts';
import type { SeedPasswordHash } from './build-accounts.ts';
import { demo } from './data/demo.ts';
import { globex } from './data/globex.ts';
import { seedTenant } from './seed-tenant.ts';
import { readSeededAccounts, type SeededAccounts, seedPassword } from './seeded-accounts.ts';

export { SeedError } from './as-owner.ts';
export type { SeedPasswordHash } from './build-accounts.ts';
export { type SeededAccounts, seedPassword } from './seeded-accounts.ts';

/** The pepper that auth uses, or a function that hashes with it (in a worker thread, say: it takes 0.35 s of CPU). */
export type SeedOptions = (
  | { pepper: Pepper }
  | { hashPassword(password: string): Promise<SeedPasswordHash> }
) & {
  /** Orders are dated from here backwards. */
  now?: Date;
};

/**
 * Fills an empty, migrated database with the development tenants. In one transaction: all of it, or nothing. Does
 * nothing where it ran before. Returns the accounts to show.
 *
 * @throws {SeedError} where somebody's data is.
 */
export function seedDevelopment(adminUrl: string, options: SeedOptions): Promise<SeededAccounts> {
  return asOwner(adminUrl, async (trx) => {
    await lockSeed(trx);
    const present = await readSeededAccounts(trx);
    if (present) return present;
    await assertEmpty(trx);
    // One hash for all accounts: 60 of them would take 20 s.
    const password = await hashSeedPassword(options);
    for (const plan of [demo, globex]) {
      await seedTenant(trx, plan, password, options.now ?? new Date());
    }
    return (await readSeededAccounts(trx)) as SeededAccounts;
  });
}

/**
 * What seedDevelopment made here, at the latest start or long ago; undefined where it never ran.
 *
 * @throws {SeedError} where the database is not migrated.
 */
export function findSeededAccounts(adminUrl: string): Promise<SeededAccounts | undefined> {
  return asOwner(adminUrl, readSeededAccounts);
}

/**
 * Silent where seedDevelopment would run or has run.
 *
 * @throws {SeedError} where there are tenants that it did not make: a known password must never reach a real database.
 */
export function assertSeedable(adminUrl: string): Promise<void> {
  return asOwner(adminUrl, async (trx) => {
    if (!(await readSeededAccounts(trx))) await assertEmpty(trx);
  });
}

async function assertEmpty(trx: Transaction<Database>): Promise<void> {
  const tenants = await trx.selectFrom('auth.tenant').select('slug').orderBy('slug').limit(4).execute();
  if (tenants.length === 0) return;
  const slugs = tenants.map(({ slug }) => slug);
  const named = slugs.length > 3 ? `${slugs.slice(0, 3).join(', ')}, …` : slugs.join(', ');
  throw new SeedError(
    `The database has tenants already (${named}): only an empty one is seeded for development.`,
  );
}

/** Two launchers on one database: the second waits, then finds the marker. Ends with the transaction. */
async function lockSeed(trx: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(7304553147)`.execute(trx);
}

async function hashSeedPassword(options: SeedOptions): Promise<SeedPasswordHash> {
  if ('hashPassword' in options) return await options.hashPassword(seedPassword);
  const { hash, pepperId } = hashPassword(seedPassword, options.pepper);
  return { passwordHash: hash, pepperId };
}
