import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { explainConnectionError } from '../database-errors.ts';
import {
  DatabaseStartError,
  findRunningPostgres,
  openDatabaseHome,
  startEmbeddedPostgres,
} from '../embedded/index.ts';
import { MigrationError } from '../migrate/migrate.ts';
import { PoolerError } from '../pool/pool-errors.ts';
import { type ProcessRole, processRoles, RoleError } from '../roles.ts';
import { SeedError } from '../seed/index.ts';
import { ServerVersionError } from '../server-version.ts';
import { operatorConfigSchema, passwordVariable } from './operator-settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A failure that the operator can remove. Its text is all that is shown. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}

export type OperatorConfig = Readonly<
  Omit<z.output<typeof operatorConfigSchema>, 'STAFF_PASSWORD'> & {
    /** All of them or none. */
    rolePasswords: Record<ProcessRole, string> | undefined;
    staffPassword: string | undefined;
  }
>;

/** The database that an operator's command works on, as its admin. */
export type OperatorDatabase = {
  adminUrl: string;
  /** Undefined where the operator gave none: the roles stay as they are. */
  rolePasswords: Record<ProcessRole, string> | undefined;
  /** The one that goes into new hashes. */
  pepperKey: Buffer | undefined;
  close(): Promise<void>;
};

/**
 * Reads the environment. The value of a variable X may also stand in the file that X_FILE names.
 *
 * @throws {OperatorError} one for all faults, a line each.
 */
export function readOperatorConfig(env: Environment): OperatorConfig {
  const faults: string[] = [];
  const values = Object.fromEntries(
    Object.keys(operatorConfigSchema.shape).map((name) => [name, readVariable(name, env, faults)]),
  );
  const result = operatorConfigSchema.safeParse(values);
  for (const issue of result.error?.issues ?? []) faults.push(`${issue.path.join('.')} ${issue.message}`);
  const rolePasswords = readRolePasswords(values, faults);
  if (!result.success || faults.length > 0) throw new OperatorError(faults.join('\n'));
  const { STAFF_PASSWORD: staffPassword, ...config } = result.data;
  return Object.freeze({ ...config, rolePasswords, staffPassword });
}

/** DATABASE_URL's; without it the embedded one of SIGNET_HOME, which is started for the command unless it runs already. */
export async function openOperatorDatabase(config: OperatorConfig): Promise<OperatorDatabase> {
  const { DATABASE_URL: adminUrl, rolePasswords, PASSWORD_PEPPER: pepperKeys } = config;
  const pepperKey = pepperKeys?.[0];
  if (adminUrl) return { adminUrl, rolePasswords, pepperKey, close: async () => {} };
  if (config.NODE_ENV === 'production') {
    throw new OperatorError(
      'DATABASE_URL is not set: with NODE_ENV=production there is no embedded database.',
    );
  }
  const home = await openDatabaseHome(config.SIGNET_HOME);
  const running = await findRunningPostgres(home.dataDir);
  const server = running
    ? { adminUrl: running, stop: async () => {} }
    : await startEmbeddedPostgres({ dataDir: home.dataDir, port: 0 });
  return {
    adminUrl: server.adminUrl,
    rolePasswords: home.rolePasswords,
    pepperKey: pepperKey ?? home.pepperKeys[0],
    close: () => server.stop(),
  };
}

/** A line for a failure that the operator can remove; for one of our own, all there is to find it. */
export function explainFailure(error: unknown, adminUrl: string | undefined): string {
  const isExpected = [
    OperatorError,
    DatabaseStartError,
    MigrationError,
    PoolerError,
    RoleError,
    SeedError,
    ServerVersionError,
  ].some((type) => error instanceof type);
  if (isExpected) return (error as Error).message;
  const connection = adminUrl && URL.canParse(adminUrl) ? explainConnectionError(error, adminUrl) : undefined;
  if (connection) return connection;
  const { code, message } = error as { code?: unknown; message?: string };
  // A refusal of the server's, such as 42501 (insufficient_privilege).
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) {
    const advice =
      code === '42501'
        ? ' The user of DATABASE_URL must be a superuser, or own the database and have CREATEROLE (and have made the roles that are there).'
        : '';
    return `The database refused: ${message} (${code}).${advice}`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function readRolePasswords(values: Environment, faults: string[]): Record<ProcessRole, string> | undefined {
  const missing = processRoles.filter((role) => values[passwordVariable(role)] === undefined);
  if (missing.length === processRoles.length) return undefined;
  faults.push(
    ...missing
      .map(passwordVariable)
      .filter((name) => !faults.some((fault) => fault.startsWith(`${name}_FILE `)))
      .map((name) => `${name} is not set, though other roles' passwords are`),
  );
  return Object.fromEntries(
    processRoles.map((role) => [role, values[passwordVariable(role)] ?? '']),
  ) as Record<ProcessRole, string>;
}

function readVariable(name: string, env: Environment, faults: string[]): string | undefined {
  const path = env[`${name}_FILE`];
  // A secret on the command line or in the environment of a shell stays in its history: this one comes from a file or stdin.
  if (!path) return name === 'STAFF_PASSWORD' ? undefined : env[name] || undefined;
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '') || undefined;
  } catch (error) {
    faults.push(`${name}_FILE names a file that cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}
