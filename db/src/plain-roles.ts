import type pg from 'pg';

/** A role has rights that it must not have. The message is a line for the operator. */
export class RoleError extends Error {
  override readonly name = 'RoleError';
}

export type RoleRow = { name: string; canLogin: boolean; powers: string[]; memberOf: string[] };

/** Those of the roles that exist, by name, with all that they have beyond what is granted to them by name. */
export async function findRoles(
  client: pg.ClientBase,
  names: readonly string[],
): Promise<Map<string, RoleRow>> {
  const { rows } = await client.query<RoleRow>(
    `select r.rolname as name, r.rolcanlogin as "canLogin",
       array_remove(array[
         case when r.rolsuper then 'SUPERUSER' end, case when r.rolbypassrls then 'BYPASSRLS' end,
         case when r.rolcreaterole then 'CREATEROLE' end, case when r.rolcreatedb then 'CREATEDB' end,
         case when r.rolreplication then 'REPLICATION' end
       ], null) as powers,
       array(select m.roleid::regrole::text from pg_auth_members m where m.member = r.oid order by 1) as "memberOf"
     from pg_roles r where r.rolname = any($1)`,
    [[...names]],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/**
 * SUPERUSER and BYPASSRLS switch row security off without a sign, the owner's too, as whom the published functions run;
 * the others and every membership are ways to more rights. As the owner, nobody signs in.
 *
 * @throws {RoleError} that names all that is too much.
 */
export function assertPlainRole({ name, canLogin, powers, memberOf }: RoleRow, ownerRole: string): void {
  const excess = [...powers, ...memberOf.map((role) => `membership in ${role}`)];
  if (name === ownerRole && canLogin) excess.push('LOGIN');
  if (excess.length === 0) return;
  throw new RoleError(
    `The role ${name} has ${excess.join(', ')}: take that from it, row security rests on it.`,
  );
}
