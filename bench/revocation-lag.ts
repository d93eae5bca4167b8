// How long after logout has answered is the access token refused everywhere? Auth, a gateway and a subgraph, each a process,
// under load. npm run bench -- bench/revocation-lag.ts [logouts]
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, inTenant } from '@signet/db';
import { createPepper } from '@signet/db/password-hash';
import bcrypt from 'bcryptjs';
import { percentile } from './support/measure.ts';
import { type AuthProcess, password, startAuthProcess } from './support/start-auth.ts';
import { startVerifiers } from './support/start-verifiers.ts';

const logouts = Number(process.argv[2] ?? 200);
const parallel = 4;
const loadClients = 8;
const maxP99Ms = 1000;
const email = 'lag@example.com';
const orders = '{ myOrders { edges { node { status } } } }';

const auth = await startAuthProcess();
try {
  await addCustomer(auth);
  const verifiers = await startVerifiers(auth);
  try {
    await run({ gateway: verifiers.gateway, orders: verifiers.orders });
  } finally {
    await verifiers.stop();
  }
} finally {
  await auth.stop();
}

async function run(urls: { gateway: string; orders: string }): Promise<void> {
  const load = startLoad(urls.gateway, await signIn());
  const tokens: string[] = [];
  while (tokens.length < logouts) tokens.push(await signIn());
  const lags: { gateway: number; orders: number }[] = [];
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let token = tokens.pop(); token; token = tokens.pop()) {
        for (const url of Object.values(urls)) await must(url, orders, token);
        await must(urls.gateway, 'mutation { logout }', token);
        const answeredAt = performance.now();
        const [gateway, subgraph] = await Promise.all([
          untilRefused(urls.gateway, token, answeredAt),
          untilRefused(urls.orders, token, answeredAt),
        ]);
        lags.push({ gateway, orders: subgraph });
      }
    }),
  );
  const requests = await load.stop();
  console.log(`${lags.length} logouts, ${parallel} at a time; ${requests} other requests a second meanwhile`);
  console.log('from the answer to logout until a refusal has arrived, in ms (p50, p99, max):');
  report(
    'at the gateway',
    lags.map(({ gateway }) => gateway),
  );
  report(
    'at orders',
    lags.map((lag) => lag.orders),
  );
  report(
    'everywhere',
    lags.map((lag) => Math.max(lag.gateway, lag.orders)),
  );
}

function report(name: string, lags: number[]): void {
  const p99 = percentile(lags, 0.99);
  const cells = [percentile(lags, 0.5), p99, Math.max(...lags)].map((value) => value.toFixed(0));
  console.log(`  ${name.padEnd(15)} ${cells.join(', ')}`);
  if (!(p99 < maxP99Ms)) process.exitCode = 1;
}

async function untilRefused(url: string, token: string, since: number): Promise<number> {
  for (;;) {
    const { reason } = await ask(url, orders, token);
    if (reason === 'auth.failure.revoked') return performance.now() - since;
    if (reason) throw new Error(reason);
    await sleep(2);
  }
}

/** Requests of a session that goes on, as many as the gateway answers. */
function startLoad(url: string, token: string): { stop(): Promise<number> } {
  let isStopped = false;
  let count = 0;
  const startedAt = performance.now();
  const clients = Array.from({ length: loadClients }, async () => {
    for (; !isStopped; count++) await must(url, orders, token);
  });
  return {
    async stop() {
      isStopped = true;
      await Promise.all(clients);
      return Math.round((1000 * count) / (performance.now() - startedAt));
    },
  };
}

async function signIn(): Promise<string> {
  const query = 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }';
  const data = await must(auth.url, query, undefined, { input: { email, password } });
  return (data as { login: { accessToken: string } }).login.accessToken;
}

async function must(url: string, query: string, token?: string, variables = {}): Promise<unknown> {
  const { data, reason } = await ask(url, query, token, variables);
  if (reason) throw new Error(`${query}: ${reason}`);
  return data;
}

async function ask(url: string, query: string, token?: string, variables = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as {
    data?: unknown;
    errors?: { message: string; extensions: { reason?: string } }[];
  };
  const [error] = errors ?? [];
  return { data, reason: error && (error.extensions.reason ?? error.message) };
}

/** Whose password is quickly compared: 200 sign-ins are no part of what is measured. */
async function addCustomer({ adminUrl, pepper }: AuthProcess): Promise<void> {
  const keyed = createHmac('sha256', pepper).update(password).digest('base64');
  const account = { password_hash: bcrypt.hashSync(keyed, 4), pepper_id: createPepper(pepper).id };
  const db = createDatabase(adminUrl);
  const { id } = await db.selectFrom('auth.tenant').select('id').executeTakeFirstOrThrow();
  await inTenant(db, id, (trx) =>
    trx
      .insertInto('auth.user')
      .values({ tenant_id: id, email, ...account })
      .execute(),
  );
  await db.destroy();
}
