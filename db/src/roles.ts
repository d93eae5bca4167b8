import { setTimeout as sleep } from 'node:timers/promises';
import { platforms } from '@signet/schema/contract';
import { productSubgraphs, type SubgraphName } from '@signet/schema/subgraphs';
import pg from 'pg';
import { refusePooler } from './pool/pooler.ts';
import { createScramVerifier, matchesScramVerifier } from './scram.ts';
import { refuseOlderServer } from './server-version.ts';

/** Owns every schema, table and function; nobody signs in as it. */
export const ownerRole = 'signet_owner';

export type ProcessRole = `signet_${string}`;

/** The role of a subgraph that serves every platform with one process. */
export function roleOf(subgraph: SubgraphName): ProcessRole {
  return `signet_${subgraph}`;
}

/** A role for each kind of process. They own nothing; what they may do is granted by the migrations. */
export const processRoles: readonly ProcessRole[] = [
  ...platforms.map((platform) => `signet_auth_${platform}` as const),
  ...productSubgraphs.map(({ name }) => roleOf(name)),
  // All that verify tokens, gateways too: it reads which sessions and keys are revoked.
  'signet_verifier',
];

/** Roles belong to the whole server, advisory locks to a database: everybody takes this one, in `postgres`. */
const lockId = 7_304_553_146;
/** unique_violation, duplicate_object, internal_error ("tuple concurrently updated"): somebody else was first. */
const raceStates = new Set(['23505', '42710', 'XX000', '40001', '40P01']);

/**
 * Creates the owner and the process roles, and sets their passwords. May be called again, and by several at once.
 * The admin is a superuser, or has CREATEROLE; then it becomes a member of the owner, so that it can migrate.
 */
export async function createRoles(adminUrl: string, passwords: Record<ProcessRole, string>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const client = await connectForLock(adminUrl);
    try {
      await refusePooler(client);
      await refuseOlderServer(client);
      return await createAll(client, passwords);
    } catch (error) {
      if (attempt === 8 || !raceStates.has((error as { code?: string }).code ?? '')) throw error;
      await client.query('rollback').catch(() => {});
      await sleep(20 * attempt);
    } finally {
      await client.end();
    }
  }
}

/**
 * The admin's URL with another user: where that process connects.
 *
 * @throws {RoleError} without a password
 */
export function roleUrl(adminUrl: string, role: ProcessRole, password: string | undefined): string {
  if (!password) throw new RoleError(`The role ${role} has no password.`);
  const url = new URL(adminUrl);
  // The setters leave `%` alone, readers decode it.
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent(password);
  return url.href;
}

async function createAll(client: pg.Client, passwords: Record<ProcessRole, string>): Promise<void> {
  await client.query('begin');
  await client.query(`select pg_advisory_xact_lock(${lockId})`);
  const present = await findRoles(client, [ownerRole, ...processRoles]);
  for (const role of present.values()) assertPlainRole(role);
  if (!present.has(ownerRole)) await client.query(`create role ${ownerRole} nologin`);
  if (!(await isSuperuser(client))) {
    await client.query(`grant ${ownerRole} to current_user with inherit true, set true`);
  }
  const verifiers = await readVerifiers(client);
  for (const role of processRoles) {
    const password = passwords[role];
    if (!password) throw new RoleError(`The role ${role} has no password.`);
    const stored = verifiers.get(role);
    if (stored && matchesScramVerifier(stored, password)) continue;
    const verifier = pg.escapeLiteral(createScramVerifier(password));
    await client.query(`${present.has(role) ? 'alter' : 'create'} role ${role} login password ${verifier}`);
  }
  await client.query('commit');
}

/** Only a superuser may read them. Where they cannot be read, the passwords are set anew. */
async function readVerifiers(client: pg.Client): Promise<Map<string, string>> {
  if (!(await isSuperuser(client))) return new Map();
  const { rows } = await client.query<{ rolname: string; rolpassword: string | null }>(
    'select rolname, rolpassword from pg_authid where rolname = any($1)',
    [[...processRoles]],
  );
  return new Map(rows.flatMap((row) => (row.rolpassword ? [[row.rolname, row.rolpassword] as const] : [])));
}

async function isSuperuser(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query('select rolsuper from pg_roles where rolname = current_user');
  return rows[0]?.rolsuper === true;
}

/** Into `postgres` if that is there and open to the admin, else into its own database. */
async function connectForLock(adminUrl: string): Promise<pg.Client> {
  const url = new URL(adminUrl);
  url.pathname = '/postgres';
  return await connect(url.href).catch((error: { code?: string }) => {
    // 08P01: a pooler that knows no such database.
    if (['3D000', '42501', '28000', '08P01'].includes(error.code ?? '')) return connect(adminUrl);
    throw error;
  });
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5000,
    application_name: 'signet roles',
  });
  client.on('error', () => {}); // A lost connection fails the statement that waits on it as well.
  await client.connect();
  return client;
}

/** A role has rights that it must not have. The message is a line for the operator. */
export class RoleError extends Error {
  override readonly name = 'RoleError';
}

type RoleRow = { name: string; canLogin: boolean; powers: string[]; memberOf: string[] };

/** Those of the roles that exist, by name, with all that they have beyond what is granted to them by name. */
async function findRoles(client: pg.ClientBase, names: readonly string[]): Promise<Map<string, RoleRow>> {
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
function assertPlainRole({ name, canLogin, powers, memberOf }: RoleRow): void {
  const excess = [...powers, ...memberOf.map((role) => `membership in ${role}`)];
  if (name === ownerRole && canLogin) excess.push('LOGIN');
  if (excess.length === 0) return;
  throw new RoleError(
    `The role ${name} has ${excess.join(', ')}: take that from it, row security rests on it.`,
  );
}
