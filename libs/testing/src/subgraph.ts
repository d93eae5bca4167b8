import { findCaller, type ProcessRole } from '@signet/db';
import type { StaffRole } from '@signet/schema/contract';
import { createLogger, type Logger } from '@signet/service';
import { type SubgraphConfig, subgraphConfigSchema } from '@signet/subgraph';
import type { SubgraphDefinition } from '@signet/subgraph/define';
import { tracingOff } from '@signet/telemetry/tracing';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { addStaff, addStaffSession, addUser } from './fixtures.ts';
import { createTestIssuer, type TestIssuer } from './issuer.ts';
import type { GraphqlAnswer } from './post-graphql.ts';
import type { SignedSender, SigningGateway } from './signing-gateway.ts';
import { createTestGateway, proofEnvironment } from './test-gateway.ts';

/** What a test changes for the subgraph that it starts. */
type TestSubgraphOptions = {
  /** Called with every SQL statement. */
  onQuery?: (sql: string) => void;
  /** Values for the subgraph's own settings, as in its environment. */
  settings?: Readonly<Record<string, string>>;
  /** Path of a file with further issuers. */
  issuersFile?: string;
};

/** Somebody with a row in the account table and a token. */
export type Caller = { id: string; token: string };

/** A subgraph that runs: real HTTP, signed requests, a real database, an issuer of its own, the tenants `demo` (default) and `globex`. */
export type TestSubgraph = {
  url: string;
  /** What the subgraph was started with. A replica takes the same. */
  config: SubgraphConfig;
  database: TestDatabase;
  issuer: TestIssuer;
  tenants: { demo: string; globex: string };
  /** A new customer. `claims` change the token. */
  addCustomer(options?: { tenantId?: string; claims?: Record<string, unknown> }): Promise<Caller>;
  /** A new member of staff with a session that lives. `claims` change the token. */
  addStaff(
    role: StaffRole,
    options?: { tenantId?: string; claims?: Record<string, unknown> },
  ): Promise<Caller>;
  /** As the gateway's entrance `graph`. */
  ask(
    query: string,
    variables?: Record<string, unknown>,
    caller?: Caller,
    context?: SignedSender['context'],
  ): Promise<GraphqlAnswer>;
  /** As another entrance. */
  gatewayOf(entrance: 'graph' | 'user' | 'portal'): SigningGateway;
  /** How many statements the subgraph sends for requests while `fn` runs; those that begin and end transactions too. */
  countStatements(fn: () => Promise<unknown>): Promise<number>;
  stop(): Promise<void>;
};

/**
 * Starts a subgraph as its process role. For one test file, in `beforeAll`; `stop` in `afterAll`. Errors that the subgraph logs
 * are printed: an answer says no more than `INTERNAL_SERVER_ERROR`.
 */
export async function startTestSubgraph(
  definition: SubgraphDefinition,
  { onQuery, settings = {}, issuersFile }: TestSubgraphOptions = {},
): Promise<TestSubgraph> {
  const { name } = definition;
  const [database, issuer] = await Promise.all([createTestDatabase(), createTestIssuer()]);
  const tenants = { demo: await database.addTenant('demo'), globex: await database.addTenant('globex') };
  let statements = 0;
  const config = {
    ...readOwnSettings(definition, settings),
    ...createConfig(name, database.urlOf(`signet_${name}` as ProcessRole), issuer),
    ISSUERS_FILE: issuersFile,
  };
  const server = await definition.start(config, createErrorLogger(name), {
    onQuery(sql) {
      // What the process does by itself, each minute for example, is no part of a request.
      if (findCaller() !== undefined) statements += 1;
      onQuery?.(sql);
    },
  });
  const url = `${server.url}/graphql`;
  const gatewayOf: TestSubgraph['gatewayOf'] = (entrance) => createTestGateway({ recipient: name, entrance });
  const gateway = gatewayOf('graph');
  return {
    url,
    config,
    database,
    issuer,
    tenants,
    async addCustomer({ tenantId = tenants.demo, claims = {} } = {}) {
      const { id: userId, email } = await addUser(database, tenantId);
      return { id: userId, token: await issuer.mintUserToken({ tenantId, userId, email, claims }) };
    },
    async addStaff(staffRole, { tenantId = tenants.demo, claims = {} } = {}) {
      const { id: staffId, email } = await addStaff(database, tenantId, staffRole);
      const sid = await addStaffSession(database, tenantId, staffId);
      const token = await issuer.mintPortalToken({
        tenantId,
        staffId,
        role: staffRole,
        email,
        claims: { sid, ...claims },
      });
      return { id: staffId, token };
    },
    gatewayOf,
    ask: (query, variables = {}, caller = undefined, context = {}) =>
      gateway.post(url, { query, variables }, { token: caller?.token, context }),
    async countStatements(fn) {
      const before = statements;
      await fn();
      return statements - before;
    },
    async stop() {
      await server.stop();
      await Promise.all([issuer.close(), database.drop()]);
    },
  };
}

/** What the subgraph's schema has beside what every subgraph's has. */
function readOwnSettings({ configSchema }: SubgraphDefinition, settings: Readonly<Record<string, string>>) {
  const own = Object.entries(configSchema.shape).filter(([name]) => !(name in subgraphConfigSchema.shape));
  return Object.fromEntries(
    own.map(([name, field]) => [name, (field as { parse(value: unknown): unknown }).parse(settings[name])]),
  );
}

/** Prints what failed in the subgraph under test, with its stack. Everything below an error is dropped. */
function createErrorLogger(name: string): Logger {
  return createLogger(name, 'error', {
    write(line) {
      const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string; stack?: string } };
      console.error(`The subgraph ${name} logged: ${msg ?? ''}\n${err?.stack ?? err?.message ?? ''}`);
    },
  });
}

function createConfig(name: string, databaseUrl: string, issuer: TestIssuer): SubgraphConfig {
  return {
    HOST: '127.0.0.1',
    PORT: 0,
    ALLOWED_HOSTS: [] as string[],
    LOG_LEVEL: 'silent' as const,
    NODE_ENV: 'test' as const,
    DATABASE_URL: databaseUrl,
    DEFAULT_TENANT: 'demo',
    ISSUER_URL: issuer.issuerUrl,
    USER_JWKS_URL: issuer.jwksUrls.user,
    PORTAL_JWKS_URL: issuer.jwksUrls.portal,
    JWKS_INSECURE: false,
    SHUTDOWN_DRAIN_MS: 0,
    ...tracingOff,
    REQUIRE_PROOF: true,
    ...proofEnvironment(name),
  };
}
