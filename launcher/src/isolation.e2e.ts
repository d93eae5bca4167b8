import { openOperatorEnvironment, signExpiredUserToken } from '@signet/auth/operator';
import { productSubgraphs, urlVariableOf } from '@signet/schema/subgraphs';
import { configFields, createLogger } from '@signet/service';
import { seededPasswordCost } from '@signet/testing/seeded-database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.test-support.ts';
import {
  type Ask,
  claimsOf,
  type Doors,
  findCustomers,
  listAsks,
  maxTries,
  outage,
  refreshByCookie,
  retryAfterMs,
  type SignedIn,
  signIn,
  storeForHash,
} from './isolation-callers.test-support.ts';
import { createSeededHome, findFreePortBase, type HomeOnServer } from './platform.test-support.ts';
import { portsFrom } from './ports.ts';
import { type RunningPlatform, startPlatform } from './start-platform.ts';

const rounds = 3;
const parallel = 200;
/** Some hundred requests, one after the other: no machine is so busy. */
const patienceMs = 400_000;

const customersPerTenant = { demo: 5, globex: 3 };
const staffOf = { demo: ['support', 'operations', 'admin'], globex: ['support', 'admin'] };

let home: HomeOnServer;
/** In front of every subgraph but auth. */
const proxies: FaultyProxy[] = [];
let platform: RunningPlatform;
let doors: Doors;
let callers: SignedIn[];
let asks: Ask[];
/** Of every cookie that was ever set. */
let ownerOfCookie: Map<string, string>;
let alone: Map<string, Answer>;

beforeAll(async () => {
  home = await createSeededHome();
  const portBase = await findFreePortBase();
  const ports = portsFrom(portBase).subgraphs;
  const gatewayEnv: Record<string, string> = {};
  for (const { name } of productSubgraphs) {
    const proxy = await startFaultyProxy(ports[name] as number);
    proxies.push(proxy);
    gatewayEnv[urlVariableOf(name)] = `${proxy.url}/graphql`;
  }
  const env = { PORT_BASE: String(portBase), ...home.variables, LOG_LEVEL: 'silent' };
  platform = await startPlatform(
    // What is measured here is whose answer comes, not when: nothing may be refused for the load.
    { ...env, MAX_IN_FLIGHT: '10000', REQUEST_TIMEOUT_MS: '60000' },
    { print: () => {}, gateway: { env: gatewayEnv }, auth: { passwordCost: seededPasswordCost } },
  );
  const at = (offset: number) => `http://localhost:${portBase + offset}`;
  doors = { graph: at(0), user: at(1), portal: at(2) };
  callers = await signInEverybody(doors);
  ownerOfCookie = new Map(callers.map(({ cookie, name }) => [cookie, name]));
  const customer = callers.find(({ platform: of }) => of === 'user') as SignedIn;
  await send(storeForHash(doors, customer));
  asks = await listAsks(doors, callers, {
    expired: await readExpiredToken(env),
    altered: `${customer.token.slice(0, -8)}AAAAAAAA`,
    malformed: 'nonsense',
  });
  alone = new Map();
  for (const ask of asks) alone.set(ask.name, await send(ask));
}, patienceMs);
afterAll(async () => {
  await platform?.stop();
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await home?.remove();
});

describe('what each caller gets alone', () => {
  test(
    'is the same each time',
    async () => {
      for (const ask of asks) expect([ask.name, await send(ask)]).toEqual([ask.name, alone.get(ask.name)]);
    },
    patienceMs,
  );

  test('is their own data, the refusals and the faults that are mixed below', () => {
    expect(new Set(asks.map(({ name }) => name)).size).toBe(asks.length);
    const statuses = new Map(Map.groupBy(alone.values(), ({ status }) => status));
    expect([...statuses.keys()].sort()).toEqual([200, 400, 401, 403]);
    for (const { name, email } of callers.filter(({ platform: of }) => of === 'user')) {
      const { me } = JSON.parse(alone.get(`${name}: mine`)?.body ?? '').data;
      expect([name, me.email]).toEqual([name, email]);
      expect(alone.get(`${name}: mine by hash`)).toEqual(alone.get(`${name}: mine`));
    }
    // No two people get the same answer to the same question.
    const mine = [...alone].filter(([name]) => name.endsWith(': mine') && !name.startsWith('nobody'));
    expect(new Set(mine.map(([, { body }]) => body)).size).toBe(8);
    // What is refused before anything is fetched meets no fault.
    const isFetched = (name: string) => alone.get(name.replace(/, \w+$/, ''))?.status === 200;
    const broken = [...alone].filter(
      ([name]) => /, (closed|garbled|html|cut)$/.test(name) && isFetched(name),
    );
    expect(broken.length).toBeGreaterThanOrEqual(
      callers.filter(({ platform: of }) => of === 'portal').length,
    );
    for (const [, { body }] of broken) expect(body).toMatch(outage);
  });
});

test(
  `${parallel} at once get what each of them gets alone`,
  async () => {
    const wrong: unknown[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const chosen = shuffle(
        Array.from({ length: Math.max(parallel, asks.length) }, (_, i) => asks[i % asks.length] as Ask),
      );
      // Some go before they have their answer: what was theirs must not fall to anybody else.
      const leavers = shuffle([...asks])
        .slice(0, 20)
        .map(leave);
      const [answers, refreshed] = await Promise.all([
        Promise.all(chosen.map(sendUntilServed)),
        Promise.all(callers.map((caller) => refreshByCookie(doors, caller))),
      ]);
      expectOwnCookies(refreshed);
      await Promise.all(leavers);
      for (const [index, answer] of answers.entries()) {
        const { name } = chosen[index] as Ask;
        const expected = alone.get(name);
        if (JSON.stringify(answer) !== JSON.stringify(expected))
          wrong.push({ round, name, answer, expected });
      }
    }
    expect(wrong).toEqual([]);
  },
  patienceMs,
);

/** Each gets tokens of their own session, and a cookie that nobody else got before. The next round sends that one. */
function expectOwnCookies(refreshed: Awaited<ReturnType<typeof refreshByCookie>>[]): void {
  for (const [index, caller] of callers.entries()) {
    const { cookie, ...session } = refreshed[index] as (typeof refreshed)[number];
    expect([caller.name, session]).toEqual([caller.name, claimsOf(caller.token)]);
    // Within a minute, the same one may come again (docs/decisions/0007-refresh-in-browsers.md).
    expect([caller.name, ownerOfCookie.get(cookie) ?? caller.name]).toEqual([caller.name, caller.name]);
    ownerOfCookie.set(cookie, caller.name);
    caller.cookie = cookie;
  }
}

type Answer = { status: number; headers: Record<string, string>; body: string };

async function send({ url, headers, body }: Ask): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  // Each request has an id of its own, which its errors name as well.
  const { date: _, 'x-request-id': id = '', ...kept } = Object.fromEntries(response.headers);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  return { status: response.status, headers: kept, body: text.replaceAll(id, '') };
}

/**
 * A busy machine has no time for some, and says so. That is nobody's data: it is asked again, as a client would, where it
 * is not what this request gets alone.
 */
async function sendUntilServed(ask: Ask): Promise<Answer> {
  const isServed = ({ body }: Answer) => !outage.test(body) || body === alone.get(ask.name)?.body;
  let answer = await send(ask);
  for (let tries = 1; tries < maxTries && !isServed(answer); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
    answer = await send(ask);
  }
  return answer;
}

async function leave({ url, headers, body }: Ask): Promise<void> {
  const signal = AbortSignal.timeout(20 + Math.floor(Math.random() * 300));
  await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal })
    .then((response) => response.text())
    .catch(() => {});
}

/** Signed with the keys of the platform that runs in SIGNET_HOME. */
async function readExpiredToken(env: Record<string, string>): Promise<string> {
  const { env: auth, close } = await openOperatorEnvironment(env);
  try {
    return await signExpiredUserToken({
      databaseUrl: auth.USER_DATABASE_URL as string,
      keyEncryptionKeys: configFields.keys256.parse(auth.USER_KEY_ENCRYPTION_KEY),
      issuerUrl: auth.ISSUER_URL as string,
      logger: createLogger('expired-token', 'fatal'),
    });
  } finally {
    await close();
  }
}

function shuffle<T>(items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}

/** Customers, and staff of each role. One after the other: each compares a password. */
async function signInEverybody(doors: Doors): Promise<SignedIn[]> {
  const callers: SignedIn[] = [];
  for (const tenant of ['demo', 'globex'] as const) {
    const platform = 'portal';
    for (const name of staffOf[tenant]) {
      callers.push(await signIn(doors, { email: `${name}@example.com`, platform, tenant }));
    }
    const customers = await findCustomers(doors, callers.at(-1) as SignedIn);
    for (const email of customers.slice(0, customersPerTenant[tenant])) {
      callers.push(await signIn(doors, { email, platform: 'user', tenant }));
    }
  }
  return callers;
}
