import { databaseErrorToReason } from '@signet/db';
import { ConfigError, createLogger, type Environment, type RunningServer } from '@signet/service';
import {
  createTestDatabase,
  createTestGateway,
  type GraphqlAnswer,
  type SigningGateway,
  type TestDatabase,
} from '@signet/testing';
import {
  type PasswordThreads,
  type PasswordWorkersOptions,
  startPasswordThreads,
} from '../passwords/password-workers.ts';
import { startAuth } from '../start.ts';
import type { AuthOptions } from '../start-platform.ts';
import { type TestAccount, testPasswordCost } from './accounts.test-support.ts';
import { proofNameOf, testConfig } from './config.test-support.ts';

type Sender = { token?: string; tenant?: string; device?: string; address?: string };
export type Tokens = { accessToken: string; refreshToken: string; expiresIn: number };

/** Auth as it runs: real HTTP, a real database with the tenants `demo` (default, open for registration) and `globex`. */
export type TestAuth = {
  url: string;
  database: TestDatabase;
  tenants: { demo: string; globex: string };
  /** The service's clock runs this far ahead: of the time, or of a moment at which it stands still (milliseconds since 1970). */
  clock: { aheadSeconds: number; stoppedAt?: number | undefined };
  /** SQL statements that were sent so far. */
  statements: string[];
  /** Platform and cost of the password comparisons so far. */
  compares: { platform: string; cost: number }[];
  /** What was logged as an error so far, a JSON line each. */
  errors: string[];
  /** The entrance `graph` of a gateway, which `ask` asks as. */
  gateway: SigningGateway;
  ask(query: string, variables?: Record<string, unknown>, sender?: Sender): Promise<GraphqlAnswer>;
  /** Tokens of a new session. */
  signIn(field: 'login' | 'portalLogin', account: TestAccount, sender?: Sender): Promise<Tokens>;
  /** The service alone: what it wrote can still be read. */
  stopServer(): Promise<void>;
  stop(): Promise<void>;
};

export async function startTestAuth(
  wanted: Environment | ((database: TestDatabase) => Environment) = {},
  options: AuthOptions = {},
): Promise<TestAuth> {
  const database = await createTestDatabase();
  const changes = typeof wanted === 'function' ? wanted(database) : wanted;
  const tenants = {
    demo: await database.addTenant('demo', { selfRegistration: true }),
    globex: await database.addTenant('globex'),
  };
  const clock: TestAuth['clock'] = { aheadSeconds: 0 };
  const statements: string[] = [];
  const compares: TestAuth['compares'] = [];
  const errors: string[] = [];
  const logger = createLogger('test', 'error', { write: (line) => errors.push(line) });
  const server = await startAuthPatiently(testConfig(database, changes), logger, {
    passwordCost: testPasswordCost,
    ...(changes.PASSWORD_PEPPER === undefined && { startPasswordThreads: shareThreads }),
    now: () => new Date((clock.stoppedAt ?? Date.now()) + clock.aheadSeconds * 1000),
    onQuery: (sql) => statements.push(sql),
    onCompare: (compare) => compares.push(compare),
    ...options,
  });
  const gateway = createTestGateway({ recipient: proofNameOf(changes.AUTH_PLATFORMS) });
  const ask: TestAuth['ask'] = (query, variables = {}, { token, tenant, device, address } = {}) => {
    const context = {
      ...(tenant && { tenant }),
      ...(device && { device }),
      ...(address && { clientAddress: address }),
    };
    return gateway.post(`${server.url}/graphql`, { query, variables }, { token, context });
  };
  return {
    url: server.url,
    database,
    tenants,
    clock,
    statements,
    compares,
    errors,
    gateway,
    ask,
    async signIn(field, { email, password }, sender) {
      const { body } = await ask(signInOperation(field), { input: { email, password } }, sender);
      return body.data[field];
    },
    stopServer: () => server.stop(),
    async stop() {
      await server.stop();
      await database.drop();
    },
  };
}

/** Starts auth again, as whoever supervises it would, where a busy machine gave it no connection to its database in time. */
export async function startAuthPatiently(...args: Parameters<typeof startAuth>): Promise<RunningServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startAuth(...args);
    } catch (error) {
      const faults = error instanceof ConfigError ? error.faults : [];
      const isUnreached =
        databaseErrorToReason(error) === 'unavailable' ||
        faults.some((fault) => fault.includes('does not answer'));
      if (attempt === 5 || !isUnreached) throw error;
    }
  }
}

export function signInOperation(field: 'login' | 'portalLogin'): string {
  return `mutation ($input: LoginInput!) { ${field}(input: $input) { accessToken refreshToken expiresIn } }`;
}

const sharedThreads = new Map<string, PasswordThreads>();

/** One set of threads for all servers of this test process that hash alike. They end with it. */
const shareThreads: PasswordWorkersOptions['startThreads'] = (options) => {
  const key = JSON.stringify(options);
  const threads = sharedThreads.get(key) ?? startPasswordThreads(options);
  sharedThreads.set(key, threads);
  return { run: (job) => threads.run(job), destroy: async () => {} };
};
