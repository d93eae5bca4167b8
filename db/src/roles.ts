import { setTimeout as sleep } from 'node:timers/promises';
import { platforms } from '@signet/schema/contract';
import { productSubgraphs, type SubgraphName } from '@signet/schema/subgraphs';
import pg from 'pg';
import { assertPlainRole, findRoles, RoleError } from './plain-roles.ts';
import { createScramVerifier, matchesScramVerifier } from './scram.ts';

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
  for (const role of present.values()) assertPlainRole(role, ownerRole);
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
    if (error.code === '3D000' || error.code === '42501' || error.code === '28000') return connect(adminUrl);
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
