import type { AuthOptions } from '@signet/auth';
import { readProviders } from '@signet/auth/providers';
import type { SeededAccounts } from '@signet/db/seed';
import { startGateway, startPlanningWorker } from '@signet/gateway';
import { type SubgraphName, subgraphs } from '@signet/schema/subgraphs';
import {
  type Environment,
  hasProductionSurface,
  type Logger,
  openProcessMetrics,
  type RunningServer,
} from '@signet/service';
import { openRevocationFeed } from '@signet/session';
import { loadSubgraph, type SubgraphDefinition } from '@signet/subgraph/define';
import type { LauncherConfig } from './config.ts';
import type { PlatformDatabase } from './database.ts';
import type { Ports } from './ports.ts';
import { loadProcessConfigs } from './process-settings.ts';
import type { DevelopmentSecrets } from './secrets.ts';
import { startStorefront } from './storefront.ts';
import { isStorefrontServed, originsOfPort } from './storefront-setting.ts';

type ServersOptions = {
  env: Environment;
  config: LauncherConfig;
  ports: Ports;
  secrets: DevelopmentSecrets;
  database: PlatformDatabase;
  createLogger(name: string): Logger;
  subgraphOptions: { onQuery?: (sql: string) => void };
  auth: { env?: Environment } & Pick<AuthOptions, 'keyTiming' | 'passwordCost'>;
  gateway: { env?: Environment };
};

type StartedServers = {
  gatewayUrl: string;
  hasMailbox: boolean;
  hasConsole: boolean;
  hasExplorer: boolean;
  /** Undefined: the storefront is not served. */
  storefrontUrl: string | undefined;
  stop(): Promise<void>;
};

/**
 * Starts the subgraphs, then the gateway, each with the configuration that its own process would read from its
 * environment. Stops what runs already when one fails.
 */
export async function startServers(options: ServersOptions): Promise<StartedServers> {
  const { config, ports, database, createLogger, subgraphOptions } = options;
  const { env: _env, ...ownOptions } = options.auth;
  const definitions = new Map(
    await Promise.all(subgraphs.map(async ({ name }) => [name, await loadSubgraph(name)] as const)),
  );
  const configs = configureProcesses(options, definitions);
  const metrics = await openProcessMetrics(configs.gateway, {
    logger: createLogger('metrics'),
    portVariable: 'PORT_BASE',
  });
  const revocations = await openRevocationFeed(configs.gateway, createLogger('revocations'));
  // It loads the planner while the subgraphs start.
  const planningWorker = startPlanningWorker();
  const running: RunningServer[] = [];
  const stop = async () => {
    await running.pop()?.stop();
    await Promise.all(running.splice(0).map((server) => server.stop()));
    await revocations?.stop();
    await metrics?.stop();
  };
  const startOne = ([name, { start }]: [SubgraphName, SubgraphDefinition<unknown>]) => {
    const own = name === 'auth' ? ownOptions : subgraphOptions;
    return start(configs.subgraphs[name], createLogger(name), { ...own, revocations, metrics });
  };
  try {
    const started = await Promise.allSettled([...definitions].map(startOne));
    running.push(...started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
    const failed = started.find((outcome) => outcome.status === 'rejected');
    if (failed) {
      throw failed.reason;
    }
    if (isStorefrontServed(config)) {
      running.push(
        await startStorefront({
          port: ports.storefront,
          apiPort: ports.user,
          providers: await listProviders(configs.subgraphs.auth, config.DEFAULT_TENANT),
          logger: createLogger('storefront'),
        }),
      );
    }
    const gateway = await startGateway(configs.gateway, createLogger('gateway'), {
      accounts: database.accounts ? accountsForPages(database.accounts, config.DEFAULT_TENANT) : [],
      revocations,
      metrics,
      planningWorker,
    });
    running.push(gateway);
    const hasMailbox = configs.subgraphs.auth.MAIL_URL === 'mailbox:';
    const { CONSOLE: hasConsole, EXPLORER } = configs.gateway;
    return {
      gatewayUrl: `http://${nameOfHost(config.HOST)}:${ports.graph}`,
      hasMailbox,
      hasConsole,
      hasExplorer: EXPLORER ?? !hasProductionSurface(configs.gateway),
      storefrontUrl: isStorefrontServed(config) ? originsOfPort(ports.storefront)[0] : undefined,
      stop,
    };
  } catch (error) {
    await planningWorker.worker.terminate();
    await stop();
    throw error;
  }
}

function configureProcesses(
  { env, config, ports, database, secrets, auth, gateway }: ServersOptions,
  // biome-ignore lint/suspicious/noExplicitAny: each subgraph has a schema of its own.
  definitions: ReadonlyMap<SubgraphName, SubgraphDefinition<any>>,
) {
  const facts = {
    config,
    ports,
    databaseUrls: database.urls,
    secrets: { ...secrets, pepperKeys: secrets.database.pepperKeys },
  };
  const overrides = { ...(auth.env && { auth: auth.env }), ...(gateway.env && { gateway: gateway.env }) };
  return loadProcessConfigs(
    facts,
    env,
    overrides,
    (name) => (definitions.get(name) as SubgraphDefinition).configSchema,
  );
}

/** Where customers of the tenant that the pages are in can sign in. */
async function listProviders(config: Parameters<typeof readProviders>[0], tenant: string): Promise<string[]> {
  const providers = await readProviders(config, ['user']);
  return providers.filter((provider) => provider.tenant === tenant).map(({ name }) => name);
}

/** What a browser on this machine calls the address. */
function nameOfHost(host: string): string {
  return ['127.0.0.1', '0.0.0.0', '::', '::1'].includes(host) ? 'localhost' : host;
}

/** Those of the tenant that a page is in when it names none. */
function accountsForPages({ password, customers, staff }: SeededAccounts, defaultTenant: string) {
  return [
    ...customers
      .slice(0, 1)
      .map(({ email }) => ({ email, password, platform: 'user' as const, label: nameOf(email) })),
    ...staff
      .filter(({ tenant }) => tenant === defaultTenant)
      .map(({ email }) => ({ email, password, platform: 'portal' as const, label: nameOf(email) })),
  ];
}

/** `ada@example.com` is Ada on a button. */
function nameOf(email: string): string {
  const name = email.split('@', 1)[0] ?? email;
  return name.charAt(0).toUpperCase() + name.slice(1);
}
