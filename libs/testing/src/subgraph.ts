import type { ProcessRole } from '@signet/db';
import type { StaffRole } from '@signet/schema/contract';
import { createLogger, type Logger, type RunningServer } from '@signet/service';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { addStaff, addUser } from './fixtures.ts';
import { createTestIssuer, type TestIssuer } from './issuer.ts';
import type { GraphqlAnswer } from './post-graphql.ts';
import { createTestGateway, proofEnvironment, type SignedSender, type TestGateway } from './test-gateway.ts';

type Config = ReturnType<typeof createConfig>;
type Start = (
  config: Config,
  logger: Logger,
  options: { onQuery: (sql: string) => void },
) => Promise<RunningServer>;

/** Somebody with a row in the account table and a token. */
export type Caller = { id: string; token: string };

/** A subgraph that runs: real HTTP, signed requests, a real database, an issuer of its own, the tenants `demo` (default) and `globex`. */
export type TestSubgraph = {
  url: string;
  database: TestDatabase;
  issuer: TestIssuer;
  tenants: { demo: string; globex: string };
  /** A new customer. `claims` change the token. */
  addCustomer(options?: { tenantId?: string; claims?: Record<string, unknown> }): Promise<Caller>;
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
  gatewayOf(entrance: 'graph' | 'user' | 'portal'): TestGateway;
  /** How many statements the subgraph sends while `fn` runs; those that begin and end transactions too. */
  countStatements(fn: () => Promise<unknown>): Promise<number>;
  stop(): Promise<void>;
};

/** Starts a subgraph as its process role. For one test file, in `beforeAll`; `stop` in `afterAll`. */
export async function startTestSubgraph(role: ProcessRole, start: Start): Promise<TestSubgraph> {
  const [database, issuer] = await Promise.all([createTestDatabase(), createTestIssuer()]);
  const tenants = { demo: await database.addTenant('demo'), globex: await database.addTenant('globex') };
  let statements = 0;
  const name = role.replace('signet_', '');
  const server = await start(
    createConfig(name, database.urlOf(role), issuer),
    createLogger('test', 'silent'),
    {
      onQuery: () => {
        statements += 1;
      },
    },
  );
  const url = `${server.url}/graphql`;
  const gatewayOf: TestSubgraph['gatewayOf'] = (entrance) => createTestGateway({ recipient: name, entrance });
  const gateway = gatewayOf('graph');
  return {
    url,
    database,
    issuer,
    tenants,
    async addCustomer({ tenantId = tenants.demo, claims = {} } = {}) {
      const { id: userId, email } = await addUser(database, tenantId);
      return { id: userId, token: await issuer.mintUserToken({ tenantId, userId, email, claims }) };
    },
    async addStaff(staffRole, { tenantId = tenants.demo, claims = {} } = {}) {
      const { id: staffId, email } = await addStaff(database, tenantId, staffRole);
      const token = await issuer.mintPortalToken({ tenantId, staffId, role: staffRole, email, claims });
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

function createConfig(name: string, databaseUrl: string, issuer: TestIssuer) {
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
    REQUIRE_PROOF: true,
    ...proofEnvironment(name),
  };
}
