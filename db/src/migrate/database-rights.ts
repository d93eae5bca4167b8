import pg from 'pg';
import { ownerRole, processRoles } from '../roles.ts';

/** An advisory lock of this database: two that set its rights at the same time would collide. */
const lockId = 7_304_553_147;

/**
 * Who may enter a database: the process roles connect, the owner's members connect and make schemas, and nobody else does
 * anything (PostgreSQL lets everybody connect and make temporary tables). `client` is the admin's, on any database of
 * the server. An admin who does not own the database changes nothing; the server only warns.
 */
export async function restrictDatabase(client: pg.ClientBase, database: string): Promise<void> {
  const name = pg.escapeIdentifier(database);
  await client.query(`
    begin;
    select pg_advisory_xact_lock(${lockId});
    grant connect, create on database ${name} to ${ownerRole};
    grant connect on database ${name} to ${processRoles.join(', ')};
    revoke all on database ${name} from public;
    commit`);
}

/** Whether restrictDatabase and restrictPublicSchema would change nothing. Undefined: the owner's role is missing. */
export async function isRestricted(client: pg.ClientBase): Promise<boolean | undefined> {
  const { rows } = await client.query<{ isRestricted: boolean }>(
    `select has_database_privilege(owner.oid, d.oid, 'create') and has_database_privilege(owner.oid, d.oid, 'connect')
        and not exists (select from aclexplode(coalesce(datacl, acldefault('d', datdba))) where grantee = 0)
        and not exists (
          select from pg_namespace n, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) acl
          where nspname = 'public' and acl.grantee = 0
        )
        and (select bool_and(has_database_privilege(p.oid, d.oid, 'connect')) and count(*) = $2
             from pg_roles p where rolname = any($3)) as "isRestricted"
     from pg_database d, pg_roles owner where datname = current_database() and owner.rolname = $1`,
    [ownerRole, processRoles.length, [...processRoles]],
  );
  return rows[0]?.isRestricted;
}

/** Nothing of ours lies in the schema `public`, so nobody has business there. */
export async function restrictPublicSchema(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query(`select from pg_namespace where nspname = 'public'`);
  if (rows.length === 0) return;
  await client.query(`
    begin;
    select pg_advisory_xact_lock(${lockId});
    revoke all on schema public from public;
    commit`);
}
