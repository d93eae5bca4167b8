import type { AuthOptions } from '@signet/auth';
import type { ProcessRole } from '@signet/db';
import type { SeededAccounts } from '@signet/db/seed';
import { gatewayConfigSchema, startGateway } from '@signet/gateway';
import { proofPathsOf } from '@signet/proof';
import { jwksPathOf } from '@signet/schema/contract';
import { productSubgraphs, type SubgraphName, subgraphs, urlVariableOf } from '@signet/schema/subgraphs';
import { type Environment, type Logger, loadConfig, type RunningServer } from '@signet/service';
import { openRevocationFeed } from '@signet/session';
import { loadSubgraph } from '@signet/subgraph/define';
import { corsOriginsOf, type LauncherConfig } from './config.ts';
import type { PlatformDatabase } from './database.ts';
import { innerHost, type Ports } from './ports.ts';
import type { DevelopmentSecrets } from './secrets.ts';

type ServersOptions = {
  config: LauncherConfig;
  ports: Ports;
  secrets: DevelopmentSecrets;
  database: PlatformDatabase;
  createLogger(name: string): Logger;
  subgraphOptions: { onQuery?: (sql: string) => void };
  auth: { env?: Environment; keyTiming?: AuthOptions['keyTiming'] };
  gateway: { env: Environment };
};

const portVariable = 'PORT_BASE';

/**
 * Starts the subgraphs, then the gateway, each with the configuration that its own process would read from its
 * environment. Stops what runs already when one fails.
 */
export async function startServers(
  options: ServersOptions,
): Promise<{ gatewayUrl: string; stop(): Promise<void> }> {
  const { config, ports, database, createLogger, subgraphOptions } = options;
  const authUrl = `http://${innerHost}:${ports.subgraphs.auth}`;
  const common = {
    HOST: innerHost,
    NODE_ENV: config.NODE_ENV,
    SURFACE: config.SURFACE,
    DEFAULT_TENANT: config.DEFAULT_TENANT,
    ISSUER_URL: `http://localhost:${ports.graph}`,
    USER_JWKS_URL: `${authUrl}${jwksPathOf('user')}`,
    PORTAL_JWKS_URL: `${authUrl}${jwksPathOf('portal')}`,
    REVOCATIONS_DATABASE_URL: database.urls.signet_verifier,
    REQUIRE_PROOF: config.REQUIRE_PROOF,
  };
  const revocations = await openRevocationFeed(common, createLogger('revocations'));
  const running: RunningServer[] = [];
  const stop = async () => {
    await running.pop()?.stop();
    await Promise.all(running.splice(0).map((server) => server.stop()));
    await revocations?.stop();
  };
  const startOne = async (name: SubgraphName) => {
    const { configSchema, start } = await loadSubgraph(name);
    const derived = name === 'auth' ? authVariables(options) : productVariables(options, name);
    const config = load(configSchema, { ...common, ...proofFilesOf(options, name), ...derived });
    const { keyTiming } = options.auth;
    const own = name === 'auth' ? keyTiming && { keyTiming } : subgraphOptions;
    return start(config, createLogger(name), { ...own, revocations });
  };
  try {
    const started = await Promise.allSettled(subgraphs.map(({ name }) => startOne(name)));
    running.push(...started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
    const failed = started.find((outcome) => outcome.status === 'rejected');
    if (failed) {
      throw failed.reason;
    }
    const gateway = await startGateway(gatewayConfig(options, common), createLogger('gateway'), {
      accounts: database.accounts ? accountsForPages(database.accounts, config.DEFAULT_TENANT) : [],
      revocations,
    });
    running.push(gateway);
    return { gatewayUrl: `http://${nameOfHost(config.HOST)}:${ports.graph}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a browser on this machine calls the address. */
function nameOfHost(host: string): string {
  return ['127.0.0.1', '0.0.0.0', '::', '::1'].includes(host) ? 'localhost' : host;
}

function load<S extends Parameters<typeof loadConfig>[0]>(schema: S, env: Environment) {
  return { ...loadConfig(schema, env), portVariable };
}

/** Each server gets the path of its own key file and of no other. */
function proofFilesOf({ secrets }: ServersOptions, name: string) {
  const { keyFile, peersFile } = proofPathsOf(secrets.proofFolder, name);
  return { PROOF_KEY_FILE: keyFile, PROOF_PEERS_FILE: peersFile };
}

function productVariables({ ports, database }: ServersOptions, name: SubgraphName): Environment {
  return {
    PORT: String(ports.subgraphs[name]),
    DATABASE_URL: database.urls[`signet_${name}` as ProcessRole],
  };
}

function authVariables({ ports, secrets, database, auth }: ServersOptions): Environment {
  return {
    PORT: String(ports.subgraphs.auth),
    AUTH_PLATFORMS: 'both',
    USER_DATABASE_URL: database.urls.signet_auth_user,
    PORTAL_DATABASE_URL: database.urls.signet_auth_portal,
    PASSWORD_PEPPER: secrets.database.pepperKey.toString('base64'),
    USER_KEY_ENCRYPTION_KEY: secrets.userKeyEncryptionKey,
    PORTAL_KEY_ENCRYPTION_KEY: secrets.portalKeyEncryptionKey,
    AUDIT_KEY: secrets.auditKey,
    ...auth.env,
  };
}

function gatewayConfig(options: ServersOptions, common: Environment) {
  const { config, ports } = options;
  const proofFiles = (entrance: string) => proofFilesOf(options, `gateway-${entrance}`);
  const urlOf = (name: SubgraphName) => `http://${innerHost}:${ports.subgraphs[name]}/graphql`;
  return load(gatewayConfigSchema, {
    ...common,
    HOST: config.HOST,
    ALLOWED_HOSTS: config.ALLOWED_HOSTS.join(','),
    CORS_ORIGINS: corsOriginsOf(config).join(','),
    GRAPH_CORS_ORIGINS: config.GRAPH_CORS_ORIGINS,
    USER_CORS_ORIGINS: config.USER_CORS_ORIGINS,
    PORTAL_CORS_ORIGINS: config.PORTAL_CORS_ORIGINS,
    ENTRANCES: 'graph,user,portal',
    GRAPH_PORT: String(ports.graph),
    USER_PORT: String(ports.user),
    PORTAL_PORT: String(ports.portal),
    ACCESS_DRY_RUN: config.ACCESS_DRY_RUN,
    MAX_IN_FLIGHT: config.MAX_IN_FLIGHT,
    REQUEST_TIMEOUT_MS: config.REQUEST_TIMEOUT_MS,
    AUTH_USER_URL: urlOf('auth'),
    AUTH_PORTAL_URL: urlOf('auth'),
    ...Object.fromEntries(productSubgraphs.map(({ name }) => [urlVariableOf(name), urlOf(name)])),
    GRAPH_PROOF_KEY_FILE: proofFiles('graph').PROOF_KEY_FILE,
    USER_PROOF_KEY_FILE: proofFiles('user').PROOF_KEY_FILE,
    PORTAL_PROOF_KEY_FILE: proofFiles('portal').PROOF_KEY_FILE,
    PROOF_PEERS_FILE: proofFiles('graph').PROOF_PEERS_FILE,
    ...options.gateway.env,
  });
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
