import { authConfigSchema } from '@signet/auth/settings';
import { type ProcessRole, processRoles } from '@signet/db';
import { type GatewayConfig, gatewayConfigSchema } from '@signet/gateway/config';
import { proofPathsOf } from '@signet/proof';
import { jwksPathOf } from '@signet/schema/contract';
import { productSubgraphs, type SubgraphName, subgraphs, urlVariableOf } from '@signet/schema/subgraphs';
import {
  ConfigError,
  type Environment,
  findMistypedVariables,
  hasProductionSurface,
  loadConfig,
} from '@signet/service';
import { withOwnSettings } from '@signet/subgraph/config';
import { ownSettings } from '@signet/subgraph/own-settings';
import type { z } from 'zod';
import { allVariables } from './all-settings.ts';
import { defaultCorsOrigins, type LauncherConfig, launcherConfigSchema } from './config.ts';
import { innerHost, type Ports, portsFrom } from './ports.ts';
import type { DevelopmentSecrets } from './secrets.ts';
import { isStorefrontServed, originsOfPort } from './storefront-setting.ts';

/** What the launcher knows when it configures the processes. */
export type PlatformFacts = {
  config: LauncherConfig;
  ports: Ports;
  databaseUrls: Readonly<Record<ProcessRole, string>>;
  secrets: Omit<DevelopmentSecrets, 'database'> & { pepperKeys: readonly Buffer[] };
};

export type ProcessConfigs = {
  // biome-ignore lint/suspicious/noExplicitAny: each subgraph starts with what its own schema read.
  subgraphs: Readonly<Record<SubgraphName, any>>;
  gateway: GatewayConfig;
};

type Overrides = { auth?: Environment; gateway?: Environment };

/** What the launcher adds to the settings that a process finds in the environment. */
type Derived = {
  /** Other values are refused. Undefined: this process does not get the variable, though another one does. */
  fixed: Environment;
  /** For variables that the environment leaves out. */
  defaults?: Environment;
};

/** Why a process listens and answers on loopback only, whatever HOST and ALLOWED_HOSTS say: only entrances are for others. */
const innerProcess = { HOST: innerHost, ALLOWED_HOSTS: undefined };

/** What to use in place of a variable that the launcher sets. */
const replacements: readonly [RegExp, string][] = [
  [/^PROOF$/, 'use REQUIRE_PROOF'],
  [/DATABASE_URL$/, 'use DATABASE_URL'],
  [/(^|_)PORT$/, 'use PORT_BASE'],
  [
    /^(SUPERGRAPH_FILE|SUBGRAPH_URLS)$/,
    'start the gateway alone to serve another supergraph (docs/any-supergraph.md)',
  ],
  [/PROOF|PEPPER|_KEY$/, 'the key is in SIGNET_HOME'],
];

/**
 * Reads the settings of `npm start` and checks those of every process, before anything is touched.
 *
 * @throws {ConfigError} with the faults of all of them.
 */
export function readSettings(env: Environment): LauncherConfig {
  const faults = new FaultList();
  faults.add(findMistypedVariables(allVariables(), env, ['LIMIT_', 'THROTTLE_', 'SIGNET_']));
  const config = faults.catch(() => loadConfig(launcherConfigSchema, env));
  // Whether a setting is right does not depend on what is only known later.
  const facts = standInFor(config ?? loadConfig(launcherConfigSchema, {}));
  faults.catch(() => loadProcessConfigs(facts, env));
  faults.throwIfAny();
  return config as LauncherConfig;
}

/**
 * Configures each process with what it would itself read from the environment, and with what the launcher decides.
 * `schemaOf` gives the schema of a subgraph. `overrides` wins over everything else.
 *
 * @throws {ConfigError} with the faults of all processes.
 */
export function loadProcessConfigs(
  facts: PlatformFacts,
  env: Environment,
  overrides: Overrides = {},
  schemaOf: (name: SubgraphName) => z.ZodObject = schemaOfSubgraph,
): ProcessConfigs {
  const faults = new FaultList();
  const load = <S extends z.ZodObject>(schema: S, derived: Derived, more: Environment = {}) => {
    faults.add(findRefused(derived, env));
    return faults.catch(() => ({
      ...loadConfig(schema, { ...passOn(schema, derived, env), ...more }),
      portVariable: 'PORT_BASE',
    }));
  };
  const gateway = load(gatewayConfigSchema, deriveForGateway(facts), overrides.gateway);
  const hasConsole = (gateway as GatewayConfig | undefined)?.CONSOLE ?? true;
  const configs = subgraphs.map(({ name }) => {
    const isAuth = name === 'auth';
    const derived = isAuth
      ? deriveForAuth(facts, env, hasConsole)
      : name === 'portal'
        ? deriveForPortal(facts)
        : deriveForSubgraph(facts, name);
    return [name, load(schemaOf(name), derived, isAuth ? overrides.auth : {})] as const;
  });
  faults.throwIfAny();
  return { subgraphs: Object.fromEntries(configs), gateway: gateway as GatewayConfig };
}

/** Every variable of the schema that the environment has, with those that the launcher decides. */
function passOn(schema: z.ZodObject, { fixed, defaults = {} }: Derived, env: Environment): Environment {
  const own = Object.keys(schema.shape)
    .filter((name) => !(name in fixed))
    .flatMap((name) =>
      isSet(name, env)
        ? [name, `${name}_FILE`].map((variable) => [variable, env[variable]])
        : [[name, defaults[name]]],
    );
  return { ...Object.fromEntries(own), ...fixed };
}

/** The faults of variables that would otherwise be ignored in silence. */
function findRefused({ fixed }: Derived, env: Environment): string[] {
  return Object.entries(fixed)
    .filter(([name, value]) => value !== undefined && !(name in launcherConfigSchema.shape))
    .filter(([name, value]) => isSet(name, env) && env[name]?.trim() !== value)
    .map(([name]) => {
      const replacement = replacements.find(([pattern]) => pattern.test(name))?.[1];
      return `${name}: npm start sets this itself${replacement ? `; ${replacement}` : ''}`;
    });
}

function isSet(name: string, env: Environment): boolean {
  return Boolean(env[name]?.trim() || env[`${name}_FILE`]?.trim());
}

function deriveForAll({ config, ports, databaseUrls }: PlatformFacts): Required<Derived> {
  const authUrl = `http://${innerHost}:${ports.subgraphs.auth}`;
  return {
    fixed: {
      NODE_ENV: config.NODE_ENV,
      SURFACE: config.SURFACE,
      LOG_LEVEL: config.LOG_LEVEL,
      // One port shows the metrics of all. The gateway's settings name it.
      METRICS_PORT: undefined,
      METRICS_HOST: undefined,
      DEFAULT_TENANT: config.DEFAULT_TENANT,
      USER_JWKS_URL: `${authUrl}${jwksPathOf('user')}`,
      PORTAL_JWKS_URL: `${authUrl}${jwksPathOf('portal')}`,
      // Only auth takes keys from the configuration. The others read them where auth publishes them.
      USER_PUBLIC_KEYS: undefined,
      PORTAL_PUBLIC_KEYS: undefined,
      REVOCATIONS_DATABASE_URL: databaseUrls.signet_verifier,
    },
    defaults: { ISSUER_URL: `http://localhost:${ports.graph}` },
  };
}

function deriveForSubgraph(facts: PlatformFacts, name: SubgraphName): Derived {
  const { fixed, defaults } = deriveForAll(facts);
  const { keyFile, peersFile } = proofPathsOf(facts.secrets.proofFolder, name);
  return {
    fixed: {
      ...fixed,
      ...innerProcess,
      PORT: String(facts.ports.subgraphs[name]),
      DATABASE_URL: facts.databaseUrls[`signet_${name}` as ProcessRole],
      // Each process gets the path of its own key file and of no other.
      PROOF_KEY_FILE: keyFile,
      PROOF_PEERS_FILE: peersFile,
    },
    defaults,
  };
}

/** Where customers' frontends are in development: portal's process sends staff there, who act as a customer. */
function deriveForPortal(facts: PlatformFacts): Derived {
  const { fixed, defaults } = deriveForSubgraph(facts, 'portal');
  const hasFrontend = !hasProductionSurface(facts.config);
  return { fixed, defaults: { ...defaults, ...(hasFrontend && { USER_APP_URL: customersOrigin(facts) }) } };
}

function deriveForAuth(facts: PlatformFacts, env: Environment, hasConsole: boolean): Derived {
  const { databaseUrls, secrets } = facts;
  const { fixed, defaults } = deriveForSubgraph(facts, 'auth');
  const { DATABASE_URL: _url, USER_PUBLIC_KEYS: _user, PORTAL_PUBLIC_KEYS: _portal, ...rest } = fixed;
  return {
    fixed: {
      ...rest,
      AUTH_PLATFORMS: 'both',
      USER_DATABASE_URL: databaseUrls.signet_auth_user,
      PORTAL_DATABASE_URL: databaseUrls.signet_auth_portal,
      PASSWORD_PEPPER: secrets.pepperKeys.map((key) => key.toString('base64')).join('\n'),
      AUDIT_KEY: secrets.auditKey,
      // The keys of a platform are in the database, sealed, or in PEM files: both is a fault.
      ...(!isSet('USER_PRIVATE_KEY', env) && { USER_KEY_ENCRYPTION_KEY: secrets.userKeyEncryptionKey }),
      ...(!isSet('PORTAL_PRIVATE_KEY', env) && { PORTAL_KEY_ENCRYPTION_KEY: secrets.portalKeyEncryptionKey }),
    },
    defaults: {
      ...defaults,
      ...(!hasProductionSurface(facts.config) && describeMail(facts, env, hasConsole)),
    },
  };
}

/** Where the development servers of frontends usually are. */
const frontends = { user: 'http://localhost:5173', portal: 'http://localhost:5174' };

/** Where links for customers lead to: the storefront where it is served. */
function customersOrigin({ config, ports }: PlatformFacts): string {
  const [storefront] = originsOfPort(ports.storefront);
  return isStorefrontServed(config) && storefront ? storefront : frontends.user;
}

/**
 * Nothing leaves: `/mailbox` shows what would have been sent. Links lead to the storefront and the console where these are on. Passkeys
 * work there and at a frontend of one's own.
 */
function describeMail(facts: PlatformFacts, env: Environment, hasConsole: boolean): Environment {
  const customers = customersOrigin(facts);
  const consoleOrigin = `http://localhost:${facts.ports.portal}`;
  return {
    MAIL_URL: 'mailbox:',
    MAIL_FROM: 'Signet <no-reply@localhost>',
    USER_APP_URL: customers,
    PORTAL_APP_URL: hasConsole ? `${consoleOrigin}/console` : frontends.portal,
    ...(customers !== frontends.user &&
      !isSet('USER_APP_URL', env) && { USER_PASSKEY_ORIGINS: `${customers},${frontends.user}` }),
    ...(!isSet('PORTAL_APP_URL', env) && { PORTAL_PASSKEY_ORIGINS: `${consoleOrigin},${frontends.portal}` }),
  };
}

function deriveForGateway(facts: PlatformFacts): Derived {
  const { config, ports, secrets } = facts;
  const { fixed, defaults } = deriveForAll(facts);
  const proofFiles = (entrance: string) => proofPathsOf(secrets.proofFolder, `gateway-${entrance}`);
  const urlOf = (name: SubgraphName) => `http://${innerHost}:${ports.subgraphs[name]}/graphql`;
  return {
    fixed: {
      ...fixed,
      HOST: config.HOST,
      // Many shells set it for other programs. Here each entrance has its own.
      PORT: undefined,
      ENTRANCES: 'graph,user,portal',
      // Empty: the platform's own, and its subgraphs.
      SUPERGRAPH_FILE: '',
      SUBGRAPH_URLS: '',
      PROOF: 'on',
      GRAPH_PORT: String(ports.graph),
      USER_PORT: String(ports.user),
      PORTAL_PORT: String(ports.portal),
      METRICS_PORT: String(ports.metrics),
      METRICS_HOST: config.METRICS_HOST,
      AUTH_USER_URL: urlOf('auth'),
      AUTH_PORTAL_URL: urlOf('auth'),
      ...Object.fromEntries(productSubgraphs.map(({ name }) => [urlVariableOf(name), urlOf(name)])),
      GRAPH_PROOF_KEY_FILE: proofFiles('graph').keyFile,
      USER_PROOF_KEY_FILE: proofFiles('user').keyFile,
      PORTAL_PROOF_KEY_FILE: proofFiles('portal').keyFile,
      PROOF_PEERS_FILE: proofFiles('graph').peersFile,
    },
    defaults: {
      ...defaults,
      CORS_ORIGINS: defaultCorsOrigins(config).join(','),
      ...(isStorefrontServed(config) && { USER_CORS_ORIGINS: originsOfPort(ports.storefront).join(',') }),
      LOG_REQUESTS: 'failures',
    },
  };
}

/** The schemas alone: a subgraph's definition would load its whole server. */
function schemaOfSubgraph(name: SubgraphName): z.ZodObject {
  return name === 'auth' ? authConfigSchema : withOwnSettings(ownSettings.get(name));
}

/** Facts in the right form, before there are a database and secrets. */
export function standInFor(config: LauncherConfig): PlatformFacts {
  const key = (byte: number) => Buffer.alloc(32, byte);
  const url = 'postgres://localhost/signet';
  return {
    config,
    ports: portsFrom(config.PORT_BASE),
    databaseUrls: Object.fromEntries(
      processRoles.map((role) => [role, url]),
    ) as PlatformFacts['databaseUrls'],
    secrets: {
      userKeyEncryptionKey: key(1).toString('base64'),
      portalKeyEncryptionKey: key(2).toString('base64'),
      auditKey: key(3).toString('base64'),
      pepperKeys: [key(4)],
      proofFolder: 'proof',
    },
  };
}

/** Faults of several processes. What one of them has said of a variable, no other says again. */
class FaultList {
  readonly #byVariable = new Map<string, string[]>();

  add(faults: readonly string[]): void {
    const added = Map.groupBy(faults, (fault) => fault.split(':', 1)[0] ?? fault);
    for (const [variable, texts] of added) {
      if (!this.#byVariable.has(variable)) this.#byVariable.set(variable, texts);
    }
  }

  /** What `fn` returns. Undefined where it throws a ConfigError, whose faults are added. */
  catch<T>(fn: () => T): T | undefined {
    try {
      return fn();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.add(error.faults);
      return undefined;
    }
  }

  throwIfAny(): void {
    if (this.#byVariable.size > 0) throw new ConfigError([...this.#byVariable.values()].flat());
  }
}
