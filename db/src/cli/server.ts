import { findRunningPostgres, openDatabaseHome, startEmbeddedPostgres } from '../embedded/index.ts';
import type { ProcessRole } from '../roles.ts';
import type { CliConfig } from './config.ts';
import { CliError } from './errors.ts';

/** The database that a command works on, as its admin. */
export type CliServer = {
  adminUrl: string;
  /** Undefined where the operator gave none: the roles stay as they are. */
  rolePasswords: Record<ProcessRole, string> | undefined;
  pepperKey: Buffer | undefined;
  close(): Promise<void>;
};

/** DATABASE_URL's; without it the embedded one of SIGNET_HOME, which is started for the command unless it runs already. */
export async function openServer(config: CliConfig): Promise<CliServer> {
  const { DATABASE_URL: adminUrl, rolePasswords, PASSWORD_PEPPER: pepperKey } = config;
  if (adminUrl) return { adminUrl, rolePasswords, pepperKey, close: async () => {} };
  if (config.NODE_ENV === 'production') {
    throw new CliError('DATABASE_URL is not set: with NODE_ENV=production there is no embedded database.');
  }
  const home = await openDatabaseHome(config.SIGNET_HOME);
  const running = await findRunningPostgres(home.dataDir);
  const server = running
    ? { adminUrl: running, stop: async () => {} }
    : await startEmbeddedPostgres({ dataDir: home.dataDir, port: 0 });
  return {
    adminUrl: server.adminUrl,
    rolePasswords: home.rolePasswords,
    pepperKey: pepperKey ?? home.pepperKey,
    close: () => server.stop(),
  };
}
