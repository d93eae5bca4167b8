import type { AuthOptions } from '@signet/auth';
import { MigrationError, PoolerError, RoleError } from '@signet/db';
import { DatabaseStartError } from '@signet/db/embedded';
import {
  ConfigError,
  createLogger,
  type Environment,
  hasProductionSurface,
  openLogOutput,
} from '@signet/service';
import { formatBanner } from './banner.ts';
import { openPlatformDatabase } from './database.ts';
import { startPageBuilds } from './page-builds.ts';
import { assertPortsFree, innerHost, listenersOf, portsFrom } from './ports.ts';
import { readSettings } from './process-settings.ts';
import { openDevelopmentSecrets } from './secrets.ts';
import { isStorefrontServed } from './storefront-setting.ts';

/** How often a start that takes long says what it waits for. */
const progressMs = 5000;

/** A started platform: `stop` ends the gateway, the subgraphs and the database, in this order. */
export type RunningPlatform = { gatewayUrl: string; stop(): Promise<void> };

export type PlatformOptions = {
  print?: (text: string) => void;
  /** Called with every SQL statement of every subgraph; tests count them. */
  onQuery?: (sql: string) => void;
  /** For auth only: further variables, and what no variable sets. Measurements shorten intervals, tests lower the cost of passwords. */
  auth?: { env?: Environment } & Pick<AuthOptions, 'keyTiming' | 'passwordCost'>;
  /** For the gateway only: further variables. Tests put something between it and a subgraph. */
  gateway?: { env?: Environment };
};

/**
 * Starts everything on one machine: database, migrations, development seed, every subgraph and the gateway, each a real
 * HTTP server. What was started before a failure is stopped again.
 *
 * @throws {ConfigError} a line for each variable to change.
 */
export async function startPlatform(
  env: Environment,
  { print = console.log, onQuery, auth = {}, gateway = {} }: PlatformOptions = {},
): Promise<RunningPlatform> {
  const startedAt = performance.now();
  const config = readSettings(env);
  const ports = portsFrom(config.PORT_BASE);
  const stops: (() => Promise<void>)[] = [];
  let awaited = 'PostgreSQL, whose first start also makes and fills the database';
  const progress = setInterval(() => print(`Waiting for ${awaited} …`), progressMs);
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) {
      await stopOne();
    }
  };
  try {
    await assertPortsFree([
      ...listenersOf(ports, config.HOST),
      ...(isStorefrontServed(config) ? [{ host: innerHost, port: ports.storefront }] : []),
      ...(config.DATABASE_URL ? [] : [{ host: innerHost, port: ports.postgres }]),
    ]);
    // The servers' modules take as long to load as the database to start: do both at once.
    const serversLoaded = import('./servers.ts');
    serversLoaded.catch(() => {});
    const secrets = await openDevelopmentSecrets(config.SIGNET_HOME);
    const database = await openPlatformDatabase(config, secrets.database, ports.postgres);
    stops.push(database.stop);
    for (const warning of database.warnings) print(warning);
    awaited = 'the subgraphs and the gateway';
    const { startServers } = await serversLoaded;
    const output = openLogOutput();
    const servers = await startServers({
      env,
      config,
      ports,
      secrets,
      database,
      createLogger: (name) => createLogger(name, config.LOG_LEVEL, output),
      subgraphOptions: onQuery ? { onQuery } : {},
      auth,
      gateway,
    });
    stops.push(servers.stop);
    const pages = [
      ...(servers.hasConsole ? (['console'] as const) : []),
      ...(servers.hasExplorer ? (['explorer'] as const) : []),
      ...(servers.storefrontUrl ? (['storefront'] as const) : []),
    ];
    const stopBuilds = startPageBuilds(pages, createLogger('pages', config.LOG_LEVEL));
    stops.push(async () => stopBuilds());
    const seconds = (performance.now() - startedAt) / 1000;
    print(
      formatBanner({
        gatewayUrl: servers.gatewayUrl,
        location: database.location,
        accounts: database.accounts,
        isClosed: hasProductionSurface(config),
        hasMailbox: servers.hasMailbox,
        hasConsole: servers.hasConsole,
        storefrontUrl: servers.storefrontUrl,
        seconds,
      }),
    );
    return { gatewayUrl: servers.gatewayUrl, stop };
  } catch (error) {
    await stop();
    throw isForTheUser(error) ? new ConfigError([error.message]) : error;
  } finally {
    clearInterval(progress);
  }
}

/** Faults of the database whose text is written for who starts the platform. */
function isForTheUser(error: unknown): error is Error {
  return [DatabaseStartError, MigrationError, PoolerError, RoleError].some((type) => error instanceof type);
}
