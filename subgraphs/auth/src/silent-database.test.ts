import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultyPath, openFaultyPath } from '@signet/testing';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { addCustomer, type TestAccount } from './testing/accounts.test-support.ts';
import { signInOperation, startTestAuth, type TestAuth } from './testing/auth.test-support.ts';

// What the path to PostgreSQL does to one of auth's pools at a time, while customers sign in.
let path: FaultyPath;
let auth: TestAuth;
let accounts: TestAccount[];
const loads: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  path = await openFaultyPath(inject('testCluster').adminUrl);
  auth = await startTestAuth(
    (database) => ({
      USER_DATABASE_URL: path.urlOf(database.urlOf('signet_auth_user')),
      PORTAL_DATABASE_URL: path.urlOf(database.urlOf('signet_auth_portal')),
    }),
    // Keys that are too old to sign soon after nobody reads them.
    { keyTiming: { staleSeconds: 2, pollSeconds: 0.5 } },
  );
  const { database, tenants } = auth;
  accounts = await Promise.all(
    Array.from({ length: 15 }, () => addCustomer(database, { tenantId: tenants.demo })),
  );
});
afterEach(async () => {
  path.fault = 'none';
  for (const load of loads.splice(0)) await load.stop();
});
afterAll(async () => {
  await auth.stop();
  await path.close();
});

type Outcome = { ms: number; reason: string | undefined };
/** Each account from an address of its own. */
async function signIn(_?: unknown, index = 0): Promise<Outcome> {
  const startedAt = performance.now();
  const { email, password } = accounts[index] as TestAccount;
  const { body } = await auth.ask(
    signInOperation('login'),
    { input: { email, password } },
    { address: `192.0.2.${index}` },
  );
  const reason = body.data?.login ? undefined : body.errors?.[0]?.extensions.reason;
  return { ms: performance.now() - startedAt, reason };
}
const signInTogether = (count: number) => Promise.all(Array.from({ length: count }, signIn));
const isReady = async () => (await fetch(`${auth.url}/health/ready`)).ok;

/** Milliseconds until sign-in succeeds and auth says that it is ready. */
async function timeRecovery(): Promise<number> {
  const startedAt = performance.now();
  while ((await signIn()).reason !== undefined || !(await isReady())) await sleep(50);
  return performance.now() - startedAt;
}

/** A sign-in among twelve on the whole path, which shows how busy the machine is: milliseconds, a few times over. */
async function measureBusyness(): Promise<number> {
  const outcomes = await signInTogether(12);
  return 4 * Math.max(...outcomes.map(({ ms }) => ms));
}

const pools = [
  { name: 'accounts', pool: 'signet-auth-user', stopsSignIn: true, stopsReadiness: true },
  { name: 'signing keys', pool: 'signet-auth-user-keys', stopsSignIn: true, stopsReadiness: true },
  { name: 'throttles', pool: 'signet-auth-user-throttle', stopsSignIn: true, stopsReadiness: false },
  { name: 'audit', pool: 'signet-auth-user-upkeep', stopsSignIn: false, stopsReadiness: false },
];

describe.each(pools)('the pool of $name', ({ pool, stopsSignIn, stopsReadiness }) => {
  const breakPath = (fault: FaultyPath['fault']) => {
    path.hasFault = (name) => name === pool;
    path.fault = fault;
  };

  it('falls silent: sign-in fails fast once that is known, and is back within 5 s of the return of the path', async () => {
    const busyMs = await measureBusyness();
    expect(await timeRecovery()).toBeLessThan(5000 + busyMs);
    breakPath('swallow');
    repeat(() => signInTogether(12));
    await sleep(5000);
    for (const { ms, reason } of await signInTogether(3)) {
      expect(reason).toBe(stopsSignIn ? 'auth.unavailable' : undefined);
      expect(ms).toBeLessThan(2000 + busyMs);
    }
    await expect.poll(isReady).toBe(!stopsReadiness);
    path.fault = 'none';
    expect(await timeRecovery()).toBeLessThan(5000 + busyMs);
  });

  it('is cut, reset, slowed and garbled under load: back within 5 s', async () => {
    const busyMs = await measureBusyness();
    repeat(() => signInTogether(5));
    for (const end of ['cut', 'reset'] as const) {
      path.end(end);
      expect(await timeRecovery()).toBeLessThan(5000 + busyMs);
    }
    for (const fault of [{ delayMs: 100 }, 'corrupt'] as const) {
      breakPath(fault);
      await sleep(700);
      path.fault = 'none';
      expect(await timeRecovery()).toBeLessThan(5000 + busyMs);
    }
  });
});

it('stops in time while its database is silent', async () => {
  path.hasFault = () => true;
  path.fault = 'swallow';
  const waiting = signInTogether(3).catch(() => {});
  await sleep(300);
  const startedAt = performance.now();
  await auth.stopServer();
  await waiting;
  expect(performance.now() - startedAt).toBeLessThan(9000);
  path.fault = 'none';
});

function repeat(run: () => Promise<unknown>) {
  let isStopped = false;
  const running = (async () => {
    while (!isStopped) {
      await run();
      await sleep(20);
    }
  })();
  loads.push({
    async stop() {
      isStopped = true;
      await running;
    },
  });
}
