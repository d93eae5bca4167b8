import { type Database, findForeignRoles, findMissingRoles, readInTenant } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { clockSkewSeconds } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';
import { portalTables, userTables } from '../accounts/account.ts';
import { assertNoSeededAccounts, describeMissingRoles } from '../start-checks.ts';
import { type Finding, ok, wrong } from './finding.ts';

const worthSayingSeconds = 2;

/** The role under which auth works must be bound by row security, and must not reach the other platform. */
export async function checkRole(db: Kysely<Database>, platform: Platform): Promise<Finding> {
  const subject = `${platform} database`;
  const foreign = platform === 'user' ? 'auth.portal_session' : 'auth.user_session';
  const { rows } = await sql<{ name: string; unbound: boolean; owner: boolean; foreign: boolean }>`
    select rolname as name, rolsuper or rolbypassrls as unbound,
      pg_has_role(current_user, 'signet_owner', 'member') as owner,
      has_any_column_privilege(${foreign}, 'select') as foreign
    from pg_roles where rolname = current_user
  `.execute(db);
  const role = rows[0];
  const variable = `${platform.toUpperCase()}_DATABASE_URL`;
  const advice = `Set ${variable} to the role signet_auth_${platform}.`;
  if (role?.unbound) {
    return wrong(subject, `row security does not bind the role ${role.name}`, advice);
  }
  if (role?.owner || role?.foreign) {
    return wrong(subject, `the role ${role.name} has rights that this platform must not have`, advice);
  }
  return ok(subject, `up to date, and the role ${role?.name} has its own platform's rights only`);
}

/** Tokens carry this machine's time, and keys retire by the database's. */
export async function checkClock(db: Kysely<Database>, platform: Platform): Promise<Finding> {
  const before = Date.now();
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
  const here = (before + Date.now()) / 2;
  const seconds = Math.abs((rows[0]?.now.getTime() ?? 0) - here) / 1000;
  const text = `this machine and the ${platform} database are ${seconds.toFixed(1)} s apart`;
  return seconds > worthSayingSeconds
    ? wrong('clock', text, `Set both by NTP: verifiers refuse what is more than ${clockSkewSeconds} s off.`)
    : ok('clock', text);
}

/** Whether staff can have each role of schema/contract, without which auth refuses to start, and whether anybody has another one. */
export async function checkStaffRoles(db: Kysely<Database>): Promise<Finding[]> {
  const missing = await findMissingRoles(db);
  if (missing.length > 0)
    return [wrong('staff roles', describeMissingRoles(missing), 'Or restart npm start.')];
  const foreign = await findForeignRoles(db);
  const held = foreign.length > 0 ? await listHolders(db, foreign) : [];
  if (held.length === 0) return [];
  return [
    wrong(
      'staff roles',
      `schema/contract/staff-roles.ts does not have roles that staff have: ${held.join(', ')}. They can't sign in, and no list of staff with them is shown`,
      'Put the role back, or give its members another one: changeStaffRole, by a super_admin.',
    ),
  ];
}

/** `auditor in demo` */
async function listHolders(db: Kysely<Database>, roles: readonly string[]): Promise<string[]> {
  const tenants = await db.selectFrom('auth.tenant').select(['id', 'slug']).orderBy('slug').execute();
  const found: string[] = [];
  for (const { id, slug } of tenants) {
    const { rows } = await readInTenant(db, id, (trx) =>
      sql<{ role: string }>`
        select distinct role from auth.portal_user where role = any(${roles}::text[]) order by role`.execute(
        trx,
      ),
    );
    found.push(...rows.map(({ role }) => `${role} in ${slug}`));
  }
  return found;
}

/** Only in production do accounts with a public password matter. */
export async function checkSeededAccounts(db: Kysely<Database>, platform: Platform): Promise<Finding> {
  const subject = `${platform} accounts`;
  const check =
    platform === 'user'
      ? assertNoSeededAccounts({ db, platform, tables: userTables })
      : assertNoSeededAccounts({ db, platform, tables: portalTables });
  return check.then(
    () => ok(subject, 'none of the development seed is active'),
    (error: { faults?: readonly string[] }) => {
      if (!error.faults) throw error;
      return wrong(
        subject,
        error.faults.join('; '),
        'Deactivate them, or use a database that was never seeded.',
      );
    },
  );
}
