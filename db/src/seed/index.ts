import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { subgraphs } from '@signet/schema/subgraphs';
import { sql, type Transaction } from 'kysely';
import { createDatabase } from '../database.ts';
import { hashPassword, type Pepper } from '../password-hash.ts';
import { ownerRole } from '../roles.ts';
import type { Database } from '../tables.ts';
import { createRandom, type SeedContext } from './seed-context.ts';
import { type SeedPasswordHash, seedTenant } from './seed-tenant.ts';
import { readSeededAccounts, type SeededAccounts, seedPassword } from './seeded-accounts.ts';
import { tenantPlans } from './tenants.ts';

export * from './seed-context.ts';
export type { SeedPasswordHash } from './seed-tenant.ts';
export { type SeededAccounts, seedPassword } from './seeded-accounts.ts';
export { tenantPlans } from './tenants.ts';

/** The seed may not run here. The message is a line for the developer. */
export class SeedError extends Error {
  override readonly name = 'SeedError';
}

/** The pepper that auth uses, or a function that hashes with it (in a worker thread, say: it takes 0.35 s of CPU). */
export type SeedOptions = (
  | { pepper: Pepper }
  | { hashPassword(password: string): Promise<SeedPasswordHash> }
) & {
  /** What is seeded is dated from here backwards. */
  now?: Date;
};

/**
 * Fills an empty, migrated database with the development tenants: the platform's rows, then those of each subgraph that has a
 * seed. In one transaction: all of it, or nothing. Does nothing where it ran before. Returns the accounts to show.
 *
 * @throws {SeedError} where there is other data
 */
export async function seedDevelopment(adminUrl: string, options: SeedOptions): Promise<SeededAccounts> {
  const seeds = await loadSeeds();
  return asOwner(adminUrl, async (trx) => {
    // Two launchers on one database: the second waits, then finds the marker.
    await sql`select pg_advisory_xact_lock(7304553147)`.execute(trx);
    const present = await readSeededAccounts(trx);
    if (present) return present;
    await assertEmpty(trx);
    // One hash for all accounts: 60 of them would take 20 s.
    const password = await hashSeedPassword(options);
    for (const plan of tenantPlans) {
      const context = await seedTenant(trx, plan, password, options.now ?? new Date());
      for (const seed of seeds) await seed({ ...context, random: createRandom(plan.slug) });
    }
    await analyze(trx);
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

type Seed = (context: SeedContext) => Promise<void>;

/** `subgraphs/<name>/seed/seed.ts`, where it is there, in the order of the registry. */
async function loadSeeds(): Promise<Seed[]> {
  const files = subgraphs
    .map(({ name }) => join(import.meta.dirname, '../../../subgraphs', name, 'seed/seed.ts'))
    .filter((file) => existsSync(file));
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(file).href)));
  return (modules as { seed: Seed }[]).map(({ seed }) => seed);
}

/** Runs `fn` in one transaction as the owner of all tables. The admin is a superuser or a member of the owner. */
async function asOwner<T>(adminUrl: string, fn: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  const db = createDatabase(adminUrl, {
    maxConnections: 1,
    applicationName: 'signet seed',
    // Covers waiting for another seed, and a slow machine.
    statementTimeoutMs: 30_000,
  });
  try {
    return await db.transaction().execute(async (trx) => {
      await assertMigrated(trx);
      await sql.raw(`set local role ${ownerRole}`).execute(trx);
      return await fn(trx);
    });
  } finally {
    await db.destroy();
  }
}

async function assertMigrated(trx: Transaction<Database>): Promise<void> {
  const { rows } = await sql<{ ready: boolean }>`
    select to_regclass('auth.development_seed') is not null and to_regclass('portal.support_note') is not null as ready
  `.execute(trx);
  if (!rows[0]?.ready) {
    throw new SeedError('The database is not migrated: run `npm run db -- migrate` before seeding.');
  }
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

/**
 * Until it has counted a table, PostgreSQL reads all rows of a tenant for a few ids. Autovacuum comes within a minute, and never to a table with
 * fewer than 50 rows.
 */
async function analyze(trx: Transaction<Database>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select oid::regclass::text as name from pg_class
    where relkind in ('r', 'p') and not relispartition and relowner = ${ownerRole}::regrole
  `.execute(trx);
  await sql.raw(`analyze ${rows.map(({ name }) => name).join(', ')}`).execute(trx);
}

async function hashSeedPassword(options: SeedOptions): Promise<SeedPasswordHash> {
  if ('hashPassword' in options) return await options.hashPassword(seedPassword);
  const { hash, pepperId } = hashPassword(seedPassword, options.pepper);
  return { passwordHash: hash, pepperId };
}
