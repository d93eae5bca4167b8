import { type Database, explainConnectionError, findMissingRoles, inTenant } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import { type Kysely, sql } from 'kysely';
import type { Account, PlatformTables } from './accounts/account.ts';
import type { PlatformIssuer } from './platform-issuer.ts';

/** 3F000 invalid_schema_name, 42P01 undefined_table, 42703 undefined_column */
const notMigratedStates = new Set(['3F000', '42P01', '42703']);

/** A database that cannot be used at start, as one line that names the variable; every other error unchanged. */
export function explainStartError(error: unknown, platform: Platform, databaseUrl: string): unknown {
  const variable = `${platform.toUpperCase()}_DATABASE_URL`;
  if (notMigratedStates.has(String((error as { code?: unknown }).code))) {
    return new ConfigError([`${variable}: that database is not up to date; run npm run db -- migrate`]);
  }
  const text = explainConnectionError(error, databaseUrl);
  return text ? new ConfigError([`${variable}: ${text.replace('DATABASE_URL', variable)}`]) : error;
}

/**
 * The passwords of the development seed are public: in production, no account may be active that has one.
 *
 * @throws {ConfigError}
 */
export async function assertNoSeededAccounts({
  db,
  tables,
  platform,
}: Pick<PlatformIssuer, 'db' | 'tables' | 'platform'>): Promise<void> {
  const tenants = await listTenantsWithSeededAccounts(db, tables);
  if (tenants.length > 0) {
    const kind = platform === 'user' ? 'customers' : 'staff';
    throw new ConfigError([
      `NODE_ENV: is production, but ${kind} of the development seed, whose password is public, are active in: ${tenants.join(', ')}; deactivate them`,
    ]);
  }
}

/**
 * Whether staff can have every role that this code knows: schema/contract may have got one after the last migration.
 *
 * @throws {ConfigError}
 */
export async function assertStaffRoles(db: Kysely<Database>): Promise<void> {
  const missing = await findMissingRoles(db);
  if (missing.length > 0) throw new ConfigError([`PORTAL_DATABASE_URL: ${describeMissingRoles(missing)}`]);
}

export function describeMissingRoles(roles: readonly string[]): string {
  return `that database does not take the staff role ${roles.join(', ')} of schema/contract/staff-roles.ts yet; run npm run db -- migrate`;
}

/** Slugs of the tenants in which an account of the development seed can sign in. */
async function listTenantsWithSeededAccounts(
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
