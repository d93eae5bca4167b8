import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProcessRole, roleUrl } from '@signet/db';
import { openDatabaseHome, startEmbeddedPostgres } from '@signet/db/embedded';
import { seedPassword } from '@signet/db/seed';
import { proofPathsOf } from '@signet/proof';
import { jwksPathOf } from '@signet/schema/contract';
import { portOffsets, productSubgraphs, subgraphs, urlVariableOf } from '@signet/schema/subgraphs';
import pg from 'pg';
import { findFreePort, waitUntilReady } from '../support/start-auth.ts';
import { type PinnedProcess, startPinned } from './pinned-process.ts';

/** The demo shop as it is shipped, everything on: a gateway, and the subgraphs in a process beside it. */
export type Shop = {
  port: number;
  gateway: PinnedProcess;
  subgraphs: PinnedProcess;
  /** The database's superuser. */
  adminUrl: string;
  issuerUrl: string;
  jwksUrl: string;
  /** Of customers of one tenant who have orders. */
  tokens: readonly string[];
  stop(): Promise<void>;
};

const root = join(import.meta.dirname, '../..');
const customers = 10;

/** `more`: settings beyond the usual ones, for the platform's process and for the gateway's. */
export async function startShop(
  more: { platform?: NodeJS.ProcessEnv; gateway?: NodeJS.ProcessEnv } = {},
): Promise<Shop> {
  const home = mkdtempSync(join(tmpdir(), 'signet-bench-'));
  // As root, the database server runs as another user, who must pass through.
  chmodSync(home, 0o711);
  const stops: (() => unknown)[] = [() => rmSync(home, { recursive: true, force: true })];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    const database = await startEmbeddedPostgres({
      dataDir: join(home, 'database'),
      port: 0,
      durable: false,
    });
    stops.push(database.stop);
    const portBase = await findPortBase();
    const launched = startPinned([process.execPath, join(root, 'bench/support/platform-process.ts')], {
      core: 'any',
      env: {
        PORT_BASE: String(portBase),
        SIGNET_HOME: home,
        DATABASE_URL: database.adminUrl,
        SEED: 'development',
        LOG_LEVEL: 'warn',
        ...more.platform,
      },
    });
    stops.push(launched.stop);
    await waitUntilReady(`http://127.0.0.1:${portBase + portOffsets.user}`);
    const { rolePasswords } = await openDatabaseHome(home);
    const urlOf = (role: ProcessRole) => roleUrl(database.adminUrl, role, rolePasswords[role]);
    const port = await findFreePort();
    const gateway = startPinned([process.execPath, join(root, 'gateway/main.mjs')], {
      core: 'any',
      env: {
        ...gatewayEnv(portBase, home),
        USER_PORT: String(port),
        REVOCATIONS_DATABASE_URL: urlOf('signet_verifier'),
        ...more.gateway,
      },
    });
    stops.push(gateway.stop);
    await waitUntilReady(`http://127.0.0.1:${port}`);
    return {
      port,
      gateway,
      subgraphs: launched,
      adminUrl: database.adminUrl,
      issuerUrl: issuerUrlOf(portBase),
      jwksUrl: jwksUrlOf(portBase),
      tokens: await signIn(`http://127.0.0.1:${port}/graphql`, database.adminUrl),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Below the ports that Linux gives to connections, of which this run has many. */
async function findPortBase(): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const base = 20_000 + Math.floor(Math.random() * 400) * 30;
    const offsets = [
      portOffsets.graph,
      portOffsets.user,
      portOffsets.portal,
      ...subgraphs.map(({ portOffset }) => portOffset),
    ];
    const free = await Promise.all(offsets.map((offset) => isFree(base + offset)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no ports are free for the platform');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return isListening;
}

const issuerUrlOf = (portBase: number) => `http://localhost:${portBase + portOffsets.graph}`;
const subgraphUrl = (portBase: number, wanted: string) => {
  const offset = subgraphs.find(({ name }) => name === wanted)?.portOffset ?? 0;
  return `http://127.0.0.1:${portBase + offset}`;
};
const jwksUrlOf = (portBase: number) => subgraphUrl(portBase, 'auth') + jwksPathOf('user');

/** What the gateway of the customers' entrance is configured with, as in a container of its own. */
function gatewayEnv(portBase: number, home: string): Record<string, string> {
  const { keyFile, peersFile } = proofPathsOf(join(home, 'proof'), 'gateway-user');
  const auth = `${subgraphUrl(portBase, 'auth')}/graphql`;
  const urls = productSubgraphs.map(({ name }) => [
    urlVariableOf(name),
    `${subgraphUrl(portBase, name)}/graphql`,
  ]);
  return {
    ENTRANCES: 'user',
    LOG_LEVEL: 'info',
    ISSUER_URL: issuerUrlOf(portBase),
    USER_JWKS_URL: jwksUrlOf(portBase),
    PORTAL_JWKS_URL: subgraphUrl(portBase, 'auth') + jwksPathOf('portal'),
    AUTH_USER_URL: auth,
    AUTH_PORTAL_URL: auth,
    ...Object.fromEntries(urls),
    USER_PROOF_KEY_FILE: keyFile,
    PROOF_PEERS_FILE: peersFile,
  };
}

async function signIn(url: string, adminUrl: string): Promise<string[]> {
  const tokens: string[] = [];
  for (const email of await findCustomers(adminUrl)) {
    const query = 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }';
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-tenant': 'demo' },
      body: JSON.stringify({ query, variables: { input: { email, password: seedPassword } } }),
    });
    const { data, errors } = (await answer.json()) as {
      data?: { login?: { accessToken: string } };
      errors?: unknown;
    };
    if (!data?.login) throw new Error(`${email} can't sign in: ${JSON.stringify(errors)}`);
    tokens.push(data.login.accessToken);
  }
  return tokens;
}

async function findCustomers(adminUrl: string): Promise<string[]> {
  const client = new pg.Client(adminUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ email: string }>(
      `select u.email::text from auth.user u join auth.tenant t on t.id = u.tenant_id
       join orders.order o on o.user_id = u.id where t.slug = 'demo' and u.is_active
       group by u.email having count(*) >= 3 order by u.email limit $1`,
      [customers],
    );
    return rows.map(({ email }) => email);
  } finally {
    await client.end();
  }
}
