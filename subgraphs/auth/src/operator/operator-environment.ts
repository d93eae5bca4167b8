import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { roleUrl } from '@signet/db';
import {
  DatabaseStartError,
  findRunningPostgres,
  openDatabaseHome,
  startEmbeddedPostgres,
} from '@signet/db/embedded';
import { proofPathsOf } from '@signet/proof';
import { jwksPathOf } from '@signet/schema/contract';
import { portOffsets, subgraphs } from '@signet/schema/subgraphs';
import { ConfigError, configFields, type Environment, loadConfig } from '@signet/service';
import { z } from 'zod';

export { signExpiredUserToken } from '../tokens/expired-user-token.ts';

/** The variables of an auth process, for a command that an operator runs beside it. */
export type OperatorEnvironment = {
  env: Environment;
  /** The platform of `npm start` on this machine. */
  local?: { home: string; adminUrl: string; isRunning: boolean; portBase: number };
  close(): Promise<void>;
};

const localSchema = z.object({
  PORT_BASE: configFields.port.default(4000),
  SIGNET_HOME: z.string().default('.signet'),
  DATABASE_URL: configFields.postgresUrl.optional(),
  NODE_ENV: z.string().optional(),
  DEFAULT_TENANT: z.string().default('demo'),
});

const authVariables =
  /^(AUTH_PLATFORMS|(USER|PORTAL)_(DATABASE_URL|KEY_ENCRYPTION_KEY|PRIVATE_KEY))(_FILE)?$/;

/**
 * The environment itself where it is that of an auth process. Else that of the local platform, made of what lies in
 * SIGNET_HOME; its database is started for the command unless it runs already.
 *
 * @throws {ConfigError} where there is neither.
 */
export async function openOperatorEnvironment(env: Environment): Promise<OperatorEnvironment> {
  if (Object.keys(env).some((name) => authVariables.test(name) && env[name])) {
    return { env, close: async () => {} };
  }
  const config = loadConfig(localSchema, env);
  if (config.NODE_ENV === 'production') {
    throw new ConfigError([
      'USER_DATABASE_URL, PORTAL_DATABASE_URL: neither is set; with NODE_ENV=production, give this command the variables of an auth process',
    ]);
  }
  return openLocalPlatform(env, config);
}

/** A text for a failure that the operator can remove; undefined for one of our own. */
export function explainOperatorFailure(error: unknown): string | undefined {
  if (error instanceof ConfigError) return error.faults.join('\n');
  return error instanceof DatabaseStartError ? error.message : undefined;
}

async function openLocalPlatform(
  env: Environment,
  config: z.output<typeof localSchema>,
): Promise<OperatorEnvironment> {
  const home = resolve(config.SIGNET_HOME);
  const readKey = (platform: string) => {
    const path = join(home, `${platform}-key-encryption-key`);
    if (!existsSync(path)) {
      throw new ConfigError([
        `SIGNET_HOME: there is no platform in ${home}; start one (npm start), or set the variables of an auth process`,
      ]);
    }
    return readFileSync(path, 'utf8').trim();
  };
  const keys = { USER_KEY_ENCRYPTION_KEY: readKey('user'), PORTAL_KEY_ENCRYPTION_KEY: readKey('portal') };
  const auditKey = await readFile(join(home, 'audit-key'), 'utf8').catch(() => undefined); // Not before the first start.
  const { dataDir, rolePasswords, pepperKeys } = await openDatabaseHome(home);
  const running = config.DATABASE_URL ?? (await findRunningPostgres(dataDir));
  const server = running ? undefined : await startEmbeddedPostgres({ dataDir, port: 0 });
  const adminUrl = running ?? (server as { adminUrl: string }).adminUrl;
  const port = config.PORT_BASE + portOf('auth');
  const proof = proofPathsOf(join(home, 'proof'), 'auth');
  return {
    env: {
      ...env,
      ...keys,
      AUTH_PLATFORMS: 'both',
      USER_DATABASE_URL: roleUrl(adminUrl, 'signet_auth_user', rolePasswords.signet_auth_user),
      PORTAL_DATABASE_URL: roleUrl(adminUrl, 'signet_auth_portal', rolePasswords.signet_auth_portal),
      REVOCATIONS_DATABASE_URL: roleUrl(adminUrl, 'signet_verifier', rolePasswords.signet_verifier),
      PASSWORD_PEPPER: pepperKeys.map((key) => key.toString('base64')).join('\n'),
      ...(auditKey && { AUDIT_KEY: auditKey.trim() }),
      PROOF_KEY_FILE: proof.keyFile,
      PROOF_PEERS_FILE: proof.peersFile,
      ISSUER_URL: env.ISSUER_URL || `http://localhost:${config.PORT_BASE + portOffsets.graph}`,
      USER_JWKS_URL: `http://127.0.0.1:${port}${jwksPathOf('user')}`,
      PORTAL_JWKS_URL: `http://127.0.0.1:${port}${jwksPathOf('portal')}`,
      DEFAULT_TENANT: config.DEFAULT_TENANT,
      PORT: String(port),
    },
    local: { home, adminUrl, isRunning: running !== undefined, portBase: config.PORT_BASE },
    close: async () => server?.stop(),
  };
}

function portOf(name: string): number {
  return subgraphs.find((subgraph) => subgraph.name === name)?.portOffset ?? 0;
}
