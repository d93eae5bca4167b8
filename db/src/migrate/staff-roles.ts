import { staffRoles } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';
import { MigrationError } from './migration-owners.ts';

const checkViolation = '23514';

/** The columns that hold a role of staff. Each has a check constraint `<table>_role_check` that lists what it takes. */
const roleTables = ['portal_user', 'portal_invitation'] as const;

/**
 * The roles of schema/contract/staff-roles.ts that this database does not take yet, each once. Every database role may ask. A table that is
 * not there is left out.
 */
export async function findMissingRoles<T>(
  db: Kysely<T>,
  roles: readonly string[] = staffRoles,
): Promise<string[]> {
  const tables = await readAllowedRoles(db);
  return roles.filter((role) => tables.some(({ allowed }) => !allowed.includes(role)));
}

/** The roles that members may still have in this database, and schema/contract/staff-roles.ts has not (any more). */
export async function findForeignRoles<T>(db: Kysely<T>): Promise<string[]> {
  const tables = await readAllowedRoles(db);
  const known: readonly string[] = staffRoles;
  return [...new Set(tables.flatMap(({ allowed }) => allowed))].filter((role) => !known.includes(role));
}

/**
 * Lets the database hold every role of schema/contract/staff-roles.ts, as the last step of a run of migrations: the list there is the only
 * one. What a constraint allows already it goes on allowing, since processes of the last release may still write a role that is gone, and
 * members may hold it. Returns what was added, nothing where all was in order.
 */
export async function allowStaffRoles<T>(
  trx: Kysely<T>,
  roles: readonly string[] = staffRoles,
): Promise<string[]> {
  const added = new Set<string>();
  for (const { table, allowed } of await readAllowedRoles(trx)) {
    const missing = roles.filter((role) => !allowed.includes(role));
    if (missing.length === 0) continue;
    const name = sql.id(`${table}_role_check`);
    const list = sql.join([...allowed, ...missing].map((role) => sql.lit(role)));
    await sql`
      alter table ${sql.id('auth', table)}
        drop constraint if exists ${name},
        add constraint ${name} check (role in (${list}))`
      .execute(trx)
      .catch((error: unknown) => fail(error, table));
    for (const role of missing) added.add(role);
  }
  return [...added];
}

/** Nobody can guess what a role in a row is good for, where neither the constraint nor the contract has it. */
function fail(error: unknown, table: string): never {
  if ((error as { code?: unknown }).code !== checkViolation) throw error;
  throw new MigrationError(
    `rows of auth.${table} have a role that neither its constraint ${table}_role_check nor schema/contract/staff-roles.ts has: add it to the contract, or give them another one`,
    { cause: error },
  );
}

/** A constraint of another form is replaced as one that allows nothing would be. */
async function readAllowedRoles<T>(db: Kysely<T>): Promise<{ table: string; allowed: string[] }[]> {
  const { rows } = await sql<{ table: string; rule: string | null }>`
    select c.relname as table, pg_get_constraintdef(k.oid) as rule
    from pg_class c
    left join pg_constraint k on k.conrelid = c.oid and k.contype = 'c' and k.conname = c.relname || '_role_check'
    where c.relnamespace = to_regnamespace('auth') and c.relname = any(${[...roleTables]})
    order by c.relname desc`.execute(db);
  return rows.map(({ table, rule }) => ({
    table,
    allowed: [...(rule ?? '').matchAll(/'(\w+)'/g)].map(([, role = '']) => role),
  }));
}
