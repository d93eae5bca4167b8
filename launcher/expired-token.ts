import { signExpiredUserToken } from '@signet/auth';
import { roleUrl } from '@signet/db';
import { findRunningPostgres } from '@signet/db/embedded';
import { createLogger, loadConfig } from '@signet/service';
import { launcherConfigSchema } from './src/config.ts';
import { portsFrom } from './src/ports.ts';
import { openDevelopmentSecrets } from './src/secrets.ts';

/** Prints an access token of the running local platform that has expired. For `npm run smoke`. */
const config = loadConfig(launcherConfigSchema, process.env);
const secrets = await openDevelopmentSecrets(config.SIGNET_HOME);
const adminUrl = config.DATABASE_URL ?? (await findRunningPostgres(secrets.database.dataDir));
if (!adminUrl) {
  console.error(`SIGNET_HOME: no platform runs on ${secrets.database.dataDir}`);
  process.exit(1);
}
console.log(
  await signExpiredUserToken({
    databaseUrl: roleUrl(adminUrl, 'signet_auth_user', secrets.database.rolePasswords.signet_auth_user),
    keyEncryptionKey: Buffer.from(secrets.userKeyEncryptionKey, 'base64'),
    issuerUrl: `http://localhost:${portsFrom(config.PORT_BASE).graph}`,
    logger: createLogger('expired-token', 'fatal'),
  }),
);
