import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authConfigSchema } from '@signet/auth/settings';
import { operatorConfigSchema } from '@signet/db/operator/settings';
import { gatewayConfigSchema } from '@signet/gateway/config';
import { subgraphs } from '@signet/schema/subgraphs';
import { ConfigError, type Environment, findMistypedVariables, loadConfig } from '@signet/service';
import { withOwnSettings } from '@signet/subgraph/config';
import { ownSettings } from '@signet/subgraph/own-settings';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { allVariables } from './all-settings.ts';
import { launcherConfigSchema } from './config.ts';
import { loadProcessConfigs, readSettings, standInFor } from './process-settings.ts';

const schemas: Readonly<Record<string, z.ZodObject>> = {
  gateway: gatewayConfigSchema,
  ...Object.fromEntries(
    subgraphs.map(({ name }) => [
      name,
      name === 'auth' ? authConfigSchema : withOwnSettings(ownSettings.get(name)),
    ]),
  ),
};

/** `npm start` refuses these, because it sets them itself. */
const setByTheLauncher =
  /^(PORT|ENTRANCES|SUPERGRAPH_FILE|SUBGRAPH_URLS|PROOF|AUTH_PLATFORMS|AUDIT_KEY|PASSWORD_PEPPER|\w+_PORT|\w+_DATABASE_URL|\w+_URL|\w+_KEY_ENCRYPTION_KEY|(\w+_)?PROOF_\w+_FILE)$/;
const takenAnyway = ['ISSUER_URL', 'DATABASE_URL', 'MAIL_URL', 'USER_APP_URL', 'PORTAL_APP_URL'];

/** Settings of the launcher that mean something else to it than to the process of the same name. */
const launchersOwn: Readonly<Record<string, string>> = {
  HOST: 'subgraphs stay on loopback; the gateway gets it',
  DATABASE_URL: "the administrator's; each process gets its own role's",
  METRICS_HOST: 'one port shows the metrics of all processes',
};
/** What a process does not get, because only another one may have it. */
const notPassed: Readonly<Record<string, (process: string) => boolean>> = {
  // Subgraphs answer on loopback only.
  ALLOWED_HOSTS: (process) => process !== 'gateway',
  // The others read the keys where auth publishes them.
  USER_PUBLIC_KEYS: (process) => process !== 'auth',
  PORTAL_PUBLIC_KEYS: (process) => process !== 'auth',
};
/** What a setting needs beside it. */
const companions: Readonly<Record<string, Environment>> = {
  GRAPH_TRUSTED_DOCUMENTS: { GRAPH_TRUSTED_DOCUMENTS_FILES: 'x' },
  USER_TRUSTED_DOCUMENTS: { USER_TRUSTED_DOCUMENTS_FILES: 'x' },
  PORTAL_TRUSTED_DOCUMENTS: { PORTAL_TRUSTED_DOCUMENTS_FILES: 'x' },
  USER_PUBLIC_KEYS: { USER_PRIVATE_KEY: 'x' },
  PORTAL_PUBLIC_KEYS: { PORTAL_PRIVATE_KEY: 'x' },
  USER_PASSKEY_RP_ID: { USER_PASSKEY_ORIGINS: 'https://no' },
  PORTAL_PASSKEY_RP_ID: { PORTAL_PASSKEY_ORIGINS: 'https://no' },
};
/** The first that a field takes and that is not its default is the sample of the field. */
const samples = [
  'no',
  'yes',
  'off',
  'apollo',
  'production',
  'debug',
  'enforce',
  'public',
  'token',
  'ES256',
  'argon2id',
  'always_on',
  '0.5',
  '7',
  '120',
  '8',
  '2000000',
  'https://sample.example',
  '10.0.0.0/8',
  'sample.example=acme',
  'postgres://sample@db.example/x',
  '-----BEGIN SAMPLE-----',
  'sample.example',
  'sample',
  'failures',
  'smtp://127.0.0.1:2525',
  'Sample <sample@sample.example>',
  '*=90',
  'support',
];

function findSample(field: z.ZodType): string {
  const usual = JSON.stringify(field.safeParse(undefined).data);
  const found = samples.find((sample) => {
    const { success, data } = field.safeParse(sample);
    return success && JSON.stringify(data) !== usual;
  });
  if (found === undefined) throw new Error('add a sample that this field takes');
  return found;
}

function configure(env: Environment) {
  const { gateway, subgraphs: others } = loadProcessConfigs(
    standInFor(loadConfig(launcherConfigSchema, env)),
    env,
  );
  return { gateway, ...others } as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function faultsOf(run: () => unknown): readonly string[] {
  try {
    run();
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).faults;
  }
}

const settings = Object.entries(schemas).flatMap(([process, { shape }]) =>
  Object.entries(shape).map(([name, field]) => ({ process, name, field: field as z.ZodType })),
);
const isSetByTheLauncher = (name: string) => setByTheLauncher.test(name) && !takenAnyway.includes(name);

test.each(
  settings.filter(({ name, process }) => {
    const isOwn = name in launchersOwn && !(name === 'HOST' && process === 'gateway');
    return !isOwn && !notPassed[name]?.(process) && !isSetByTheLauncher(name);
  }),
)('$process: gets $name from the environment of npm start', ({ process, name, field }) => {
  const sample = findSample(field);
  const env = { ...companions[name], [name]: sample };
  expect(faultsOf(() => readSettings(env))).toEqual([]);
  expect(configure(env)[process]?.[name]).toEqual(field.parse(sample));
});

test.each([...new Set(settings.map(({ name }) => name).filter(isSetByTheLauncher))])(
  'npm start refuses %s, which it sets itself',
  (name) => {
    const [fault = '', ...others] = faultsOf(() => readSettings({ [name]: 'sample' }));
    expect(fault).toMatch(new RegExp(`^${name}: npm start sets this itself`));
    expect(others).toEqual([]);
    expect(faultsOf(() => readSettings({ [`${name}_FILE`]: 'sample' }))).toEqual([fault]);
  },
);

test('says what to use instead, and takes the value that it would set anyway', () => {
  expect(faultsOf(() => readSettings({ USER_DATABASE_URL: 'postgres://x', USER_PORT: '1' }))).toEqual([
    'USER_PORT: npm start sets this itself; use PORT_BASE',
    'USER_DATABASE_URL: npm start sets this itself; use DATABASE_URL',
  ]);
  expect(readSettings({ USER_PORT: '4001', PORT_BASE: '4000' })).toMatchObject({ PORT_BASE: 4000 });
});

test('reads a setting of a process from the file that X_FILE names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'process-settings-'));
  const path = join(folder, 'seconds');
  writeFileSync(path, '5\n');
  expect(configure({ USER_ACCESS_TOKEN_SECONDS_FILE: path }).auth).toMatchObject({
    USER_ACCESS_TOKEN_SECONDS: 5,
  });
  rmSync(folder, { recursive: true });
});

test('signs with a PEM key where one is given, and else with keys that SIGNET_HOME seals', () => {
  expect(configure({}).auth).toMatchObject({ USER_PRIVATE_KEY: undefined });
  expect(configure({}).auth?.USER_KEY_ENCRYPTION_KEY).toEqual([expect.any(Buffer)]);
  expect(configure({ USER_PRIVATE_KEY: 'pem' }).auth).toMatchObject({
    USER_PRIVATE_KEY: 'pem',
    USER_KEY_ENCRYPTION_KEY: undefined,
  });
});

test('links in mails to staff lead to the console, and to the usual port of a frontend where it is off', () => {
  const passkeys = ['http://localhost:4002', 'http://localhost:5174'];
  expect(configure({}).auth).toMatchObject({
    PORTAL_APP_URL: 'http://localhost:4002/console',
    PORTAL_PASSKEY_ORIGINS: passkeys,
  });
  expect(configure({ CONSOLE: 'no' }).auth).toMatchObject({
    PORTAL_APP_URL: 'http://localhost:5174',
    PORTAL_PASSKEY_ORIGINS: passkeys,
  });
  const own = configure({ PORTAL_APP_URL: 'https://desk.example' }).auth;
  expect(own).toMatchObject({
    PORTAL_APP_URL: 'https://desk.example',
    PORTAL_PASSKEY_ORIGINS: undefined,
  });
});

test('lets the usual ports of frontends call in development, and nobody with the production surface', () => {
  expect(configure({}).gateway?.CORS_ORIGINS).toEqual(
    expect.arrayContaining([4173, 5173, 5174].map((port) => `http://localhost:${port}`)),
  );
  expect(configure({ SURFACE: 'production' }).gateway?.CORS_ORIGINS).toEqual([]);
});

test('leads customers to the storefront where it is served, and lets its pages in', () => {
  const settingsOf = (env: Environment) => {
    const { gateway, auth, portal } = configure(env);
    // Staff who act as a customer are sent where the links of mails lead.
    expect(portal?.USER_APP_URL).toBe(auth?.USER_APP_URL);
    return [gateway?.USER_CORS_ORIGINS, auth?.USER_APP_URL, auth?.USER_PASSKEY_ORIGINS];
  };
  const own = ['http://localhost:4003', 'http://127.0.0.1:4003'];
  const isThere = existsSync(join(import.meta.dirname, '../../examples/storefront'));
  expect(settingsOf({})).toEqual(
    isThere
      ? [own, 'http://localhost:4003', [own[0], 'http://localhost:5173']]
      : [[], 'http://localhost:5173', undefined],
  );
  expect(settingsOf({ STOREFRONT: 'no' })).toEqual([[], 'http://localhost:5173', undefined]);
  expect(settingsOf({ SURFACE: 'production' })[0]).toEqual([]);
  expect(settingsOf({ HOST: '192.0.2.1' })[0]).toEqual([]);
  expect(settingsOf({ USER_APP_URL: 'https://shop.example' })[1]).toBe('https://shop.example');
});

test('reports the faults of all processes at once, each variable once, and typing errors', () => {
  const faults = faultsOf(() =>
    readSettings({
      PORT_BASE: 'many',
      USER_ACCES_TOKEN_SECONDS: '5',
      LIMIT_DEPTH: 'deep',
      THROTTLE_PAIR_FAILURES: '0',
      SHUTDOWN_DRAIN_MS: 'long',
      SIGNET_HUME: 'x',
    }),
  );
  expect(faults).toEqual([
    'USER_ACCES_TOKEN_SECONDS: is not a setting. Did you mean USER_ACCESS_TOKEN_SECONDS?',
    'SIGNET_HUME: is not a setting. Did you mean SIGNET_HOME?',
    'PORT_BASE: must be a port number, 0 to 65535',
    'SHUTDOWN_DRAIN_MS: must be milliseconds, 0 to 5000',
    'LIMIT_DEPTH: must be a whole number from 1',
    'THROTTLE_PAIR_FAILURES: must be a whole number from 1 to 999999999',
  ]);
});

function withoutFile(name: string): string {
  return name.replace(/(_FILES?)+$/, '');
}

test('takes no setting of one process for a mistyped one of another', () => {
  const all = Object.fromEntries(
    allVariables().flatMap((name) => [
      [name, 'x'],
      [`${name}_FILE`, 'x'],
    ]),
  );
  // Commands read parts of these schemas, so that no name of one may be like any other.
  const shapes = [...Object.values(schemas), launcherConfigSchema, operatorConfigSchema].map(
    ({ shape }) => shape,
  );
  for (const name of new Set(shapes.flatMap((shape) => Object.keys(shape)))) {
    // The lists of trusted documents, X_FILES, are beside X in one schema.
    const others = Object.keys(all).filter((other) => withoutFile(other) !== withoutFile(name));
    const env = Object.fromEntries(others.map((other) => [other, 'x']));
    expect([name, findMistypedVariables([name], env, [])]).toEqual([name, []]);
  }
  for (const [process, { shape }] of Object.entries({ ...schemas, launcher: launcherConfigSchema })) {
    expect([process, findMistypedVariables(Object.keys(shape), all)]).toEqual([process, []]);
  }
});

test('reports no variable of another program', () => {
  const foreign =
    `PATH HOME HOSTNAME HOSTTYPE LOGNAME USER USERNAME SHELL SHLVL TERM LANG LC_ALL LANGUAGE TZ PWD OLDPWD TMPDIR EDITOR
    DISPLAY MAIL MANPATH PAGER LS_COLORS COLORTERM TERM_PROGRAM SSH_AUTH_SOCK SSH_CLIENT SSH_CONNECTION XDG_RUNTIME_DIR XDG_SESSION_ID
    DBUS_SESSION_BUS_ADDRESS SUDO_USER SUDO_UID npm_config_user_agent npm_lifecycle_event npm_package_name INIT_CWD NODE NODE_PATH
    NODE_OPTIONS NODE_VERSION NODE_EXTRA_CA_CERTS NODE_NO_WARNINGS YARN_VERSION KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT
    KUBERNETES_PORT KUBERNETES_PORT_443_TCP_ADDR AUTH_USER_PORT
    AUTH_USER_SERVICE_PORT ORDERS_PORT ORDERS_SERVICE_HOST CATALOG_PORT CATALOG_PORT_4013_TCP DOCKER_HOST DOCKER_BUILDKIT DOCKER_CONFIG COMPOSE_PROJECT_NAME COMPOSE_FILE PGHOST
    PGPORT PGUSER PGPASSWORD PGDATABASE PGSSLMODE POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB MYSQL_HOST REDIS_URL MONGO_URL
    CI GITHUB_ACTIONS GITHUB_TOKEN GITHUB_WORKSPACE GITLAB_CI RUNNER_OS BUILD_NUMBER JAVA_HOME GOPATH GOROOT CARGO_HOME VIRTUAL_ENV
    PYTHONPATH AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_PROFILE GOOGLE_APPLICATION_CREDENTIALS AZURE_CLIENT_ID
    HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR DEBUG FORCE_COLOR NO_COLOR VITEST VITEST_POOL_ID
    VITEST_WORKER_ID TEST TURBO_HASH TURBO_TELEMETRY_DISABLED DYNO HEROKU_APP_NAME FLY_APP_NAME RAILWAY_ENVIRONMENT
    RENDER_SERVICE_ID VERCEL_ENV OTEL_SERVICE_NAME OTEL_EXPORTER_OTLP_ENDPOINT SENTRY_DSN BASE_URL API_URL APP_URL SERVER_PORT
    GATEWAY_URL ADMIN_URL USER_ID USER_AGENT CHROME_PATH CHROME_BIN BROWSER INVOCATION_ID JOURNAL_STREAM LISTEN_FDS`.split(
      /\s+/,
    );
  const env = Object.fromEntries(foreign.map((name) => [name, 'x']));
  expect(findMistypedVariables(allVariables(), env, ['LIMIT_', 'THROTTLE_', 'SIGNET_'])).toEqual([]);
});
