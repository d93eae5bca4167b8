import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProcessRole, roleUrl } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing';
import { inject } from 'vitest';
import { findFreePorts } from '../launcher/src/platform.test-support.ts';
import { readComposeFile } from './compose-file.test-support.ts';
import { makeSecrets, type SecretsFolder } from './secrets.test-support.ts';
import {
  mountsOf,
  type Process,
  portOf,
  portVariableOf,
  readProcesses,
  withSecretsFrom,
} from './services.test-support.ts';

export type LocalDeployment = {
  /** What compose would start, with hosts and ports of this machine and secrets from a temporary folder. */
  processes: Map<string, Process>;
  /** As the administrator; empty until `migrate` has run. */
  database: DeploymentDatabase;
  /** The proof keys of all of them. */
  proofFolder: string;
  remove(): Promise<void>;
};

/** A database to deploy on. Without passwords, its roles do not exist yet: `migrate` makes them with those of the secrets. */
export type DeploymentDatabase = Pick<TestDatabase, 'adminUrl' | 'query' | 'drop'> & {
  passwords?: Record<ProcessRole, string>;
};

/** A checkout of another version, and secrets that are there already. */
export type OtherVersion = { tree?: string; secrets?: SecretsFolder };

/** Everything that docker-compose.yml describes, ready to be started on loopback against the test server, or another. */
export async function createLocalDeployment(
  variables: Record<string, string>,
  createDatabase: () => Promise<DeploymentDatabase> = createEmptyDatabase,
  { tree, secrets: given }: OtherVersion = {},
): Promise<LocalDeployment> {
  const database = await createDatabase();
  const secrets = given ?? (await makeSecrets());
  await pointAtDatabase(secrets.folder, database);
  const described = readProcesses(readComposeFile(variables, tree), tree);
  const addresses = await findAddresses(described);
  const processes = described.map((process) => ({
    ...process,
    environment: withSecretsFrom(
      secrets.folder,
      moveToLoopback(process, addresses),
      mountsOf(process.service),
    ),
  }));
  return {
    processes: new Map(processes.map((process) => [process.name, process])),
    database,
    proofFolder: join(secrets.folder, 'proof'),
    remove: async () => void (await Promise.all([database.drop(), secrets.remove()])),
  };
}

/** `portal:4012` to a free port of loopback, for each service. */
async function findAddresses(processes: Process[]): Promise<Map<string, number>> {
  const ports = await findFreePorts(processes.length);
  return new Map(
    processes.map(({ name, environment }, index) => [`${name}:${portOf(environment)}`, ports[index] ?? 0]),
  );
}

function moveToLoopback({ name, environment }: Process, addresses: Map<string, number>) {
  const port = String(addresses.get(`${name}:${portOf(environment)}`));
  const moved = Object.entries(environment).map(([variable, value]) => {
    if (variable === 'HOST') return [variable, '127.0.0.1'];
    // Containers have an address each. What was chosen stands in the log.
    if (variable === 'METRICS_PORT') return [variable, '0'];
    if (variable === portVariableOf(environment)) return [variable, port];
    const url = /^http:\/\/([^/]+)(\/.*)$/.exec(value);
    const target = addresses.get(url?.[1] ?? '');
    return [variable, url && target ? `http://127.0.0.1:${target}${url[2]}` : value];
  });
  return Object.fromEntries(moved) as Record<string, string>;
}

/** The address of the server in place of the made one, and its passwords where it has some. */
async function pointAtDatabase(folder: string, { adminUrl, passwords }: DeploymentDatabase): Promise<void> {
  const write = (name: string, value: string) => writeFile(join(folder, name), value);
  await write('admin-database-url', adminUrl);
  for (const file of await readdir(folder)) {
    const [, name] = /^signet-(.+)-password$/.exec(file) ?? [];
    if (!name) continue;
    const role: ProcessRole = `signet_${name.replaceAll('-', '_')}`;
    const password = passwords?.[role] ?? (await readFile(join(folder, file), 'utf8')).trim();
    await write(file, password);
    await write(`${name}-database-url`, roleUrl(adminUrl, role, password));
  }
}

/**
 * On the test server, without any table: to migrate it is what is tested. The passwords are the run's: roles belong to the
 * whole server, and other test files sign in with them.
 */
async function createEmptyDatabase(): Promise<DeploymentDatabase> {
  const database = await createTestDatabase();
  const [{ names }] = await database.query(
    `select string_agg(quote_ident(nspname), ', ') as names from pg_namespace where nspowner = 'signet_owner'::regrole`,
  );
  await database.query(`drop schema ${names} cascade`);
  return { ...database, passwords: inject('testCluster').passwords };
}
