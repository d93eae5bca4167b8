import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultyPath, openFaultyPath } from '@signet/testing';
import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { addCustomer, type TestAccount } from './testing/accounts.test-support.ts';
import { signInOperation, startTestAuth, type TestAuth } from './testing/auth.test-support.ts';

// What the path to PostgreSQL does to one of auth's pools at a time, while customers sign in. Most of it is waiting: each pool has an auth
// of its own, and all are tried at the same time.

/** Fails with what is waited for, before the test or its hook does at their limit without a place. */
async function bounded<T>(what: string, wait: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(100_000);
  const limit = new Promise<never>((_resolve, reject) => {
    late.addEventListener('abort', () => reject(new Error(`no end within 100 s: ${what}`)));
  });
  return Promise.race([wait, limit]);
}

/** An auth that reaches PostgreSQL by a path that can have faults, and customers to sign in. */
class Scene {
  path!: FaultyPath;
  auth!: TestAuth;
  #accounts: TestAccount[] = [];
  readonly #loads: { stop(): Promise<void> }[] = [];

  async open(): Promise<void> {
    this.path = await openFaultyPath(inject('testCluster').adminUrl);
    this.auth = await startTestAuth(
      (database) => ({
        USER_DATABASE_URL: this.path.urlOf(database.urlOf('signet_auth_user')),
        PORTAL_DATABASE_URL: this.path.urlOf(database.urlOf('signet_auth_portal')),
      }),
      // Keys that are too old to sign soon after nobody reads them.
      { keyTiming: { staleSeconds: 2, pollSeconds: 0.5 } },
    );
    const { database, tenants } = this.auth;
    this.#accounts = await Promise.all(
      Array.from({ length: 15 }, () => addCustomer(database, { tenantId: tenants.demo })),
    );
  }

  async close(): Promise<void> {
    await this.endFault();
    await bounded('the end of auth and its database', this.auth.stop());
    await this.path.close();
  }

  /** Ends the load too. */
  async endFault(): Promise<void> {
    this.path.fault = 'none';
    for (const load of this.#loads.splice(0)) await load.stop();
  }

  /** Each account from an address of its own. */
  async #signIn(index: number): Promise<{ ms: number; reason: string | undefined }> {
    const startedAt = performance.now();
    const { email, password } = this.#accounts[index] as TestAccount;
    const { body } = await this.auth.ask(
      signInOperation('login'),
      { input: { email, password } },
      { address: `192.0.2.${index}` },
    );
    const reason = body.data?.login ? undefined : body.errors?.[0]?.extensions.reason;
    return { ms: performance.now() - startedAt, reason };
  }

  signInTogether(count: number) {
    return Promise.all(Array.from({ length: count }, (_, index) => this.#signIn(index)));
  }

  async isReady(): Promise<boolean> {
    return (await bounded('a readiness check', fetch(`${this.auth.url}/health/ready`))).ok;
  }

  /** Milliseconds until sign-in succeeds and auth says that it is ready. */
  async timeRecovery(): Promise<number> {
    const startedAt = performance.now();
    while ((await this.#signIn(0)).reason !== undefined || !(await this.isReady())) await sleep(50);
    return performance.now() - startedAt;
  }

  /** A sign-in among twelve on the whole path, which shows how busy the machine is: milliseconds, a few times over. */
  async measureBusyness(): Promise<number> {
    const outcomes = await this.signInTogether(12);
    return 4 * Math.max(...outcomes.map(({ ms }) => ms));
  }

  /** Some customers sign in at the same time, again and again. */
  load(count: number): void {
    let isStopped = false;
    const running = (async () => {
      while (!isStopped) {
        await this.signInTogether(count);
        await sleep(500);
      }
    })();
    this.#loads.push({
      async stop() {
        isStopped = true;
        await running;
      },
    });
  }
}

const pools = [
  { name: 'accounts', pool: 'signet-auth-user', stopsSignIn: true, stopsReadiness: true },
  { name: 'signing keys', pool: 'signet-auth-user-keys', stopsSignIn: true, stopsReadiness: true },
  { name: 'throttles', pool: 'signet-auth-user-throttle', stopsSignIn: true, stopsReadiness: false },
  { name: 'audit', pool: 'signet-auth-user-upkeep', stopsSignIn: false, stopsReadiness: false },
];

describe.concurrent.each(pools)('the pool of $name', ({ pool, stopsSignIn, stopsReadiness }) => {
  const scene = new Scene();
  beforeAll(() => scene.open());
  afterAll(() => scene.close());
  const breakPath = (fault: FaultyPath['fault']) => {
    scene.path.hasFault = (name) => name === pool;
    scene.path.fault = fault;
  };

  it('falls silent: sign-in fails fast once that is known, and is back within 5 s of the return of the path', {
    concurrent: false,
  }, async ({ expect, onTestFinished }) => {
    onTestFinished(() => scene.endFault());
    const busyMs = await scene.measureBusyness();
    expect(await scene.timeRecovery()).toBeLessThan(5000 + busyMs);
    breakPath('swallow');
    scene.load(12);
    await sleep(5000);
    for (const { ms, reason } of await scene.signInTogether(3)) {
      expect(reason).toBe(stopsSignIn ? 'auth.unavailable' : undefined);
      expect(ms).toBeLessThan(2000 + busyMs);
    }
    await expect.poll(() => scene.isReady()).toBe(!stopsReadiness);
    scene.path.fault = 'none';
    expect(await scene.timeRecovery()).toBeLessThan(5000 + busyMs);
  });

  it('is cut, reset, slowed and garbled under load: back within 5 s', { concurrent: false }, async ({
    expect,
    onTestFinished,
  }) => {
    onTestFinished(() => scene.endFault());
    const busyMs = await scene.measureBusyness();
    scene.load(5);
    for (const end of ['cut', 'reset'] as const) {
      scene.path.end(end);
      expect(await scene.timeRecovery()).toBeLessThan(5000 + busyMs);
    }
    for (const fault of [{ delayMs: 100 }, 'corrupt'] as const) {
      breakPath(fault);
      await sleep(700);
      scene.path.fault = 'none';
      expect(await scene.timeRecovery()).toBeLessThan(5000 + busyMs);
    }
  });
});

describe.concurrent('all pools', () => {
  const scene = new Scene();
  beforeAll(() => scene.open());
  afterAll(() => scene.close());

  it('stops in time while its database is silent', async ({ expect }) => {
    scene.path.hasFault = () => true;
    scene.path.fault = 'swallow';
    const waiting = scene.signInTogether(3).catch(() => {});
    await sleep(300);
    const startedAt = performance.now();
    await scene.auth.stopServer();
    await waiting;
    expect(performance.now() - startedAt).toBeLessThan(9000);
  });
});
