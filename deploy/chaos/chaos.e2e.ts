import { setTimeout as sleep } from 'node:timers/promises';
import { productSubgraphs } from '@signet/schema/subgraphs';
import { postGraphql } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { platformCases } from '../../launcher/src/platform-cases.test-support.ts';
import { askPatiently } from '../ask-patiently.test-support.ts';
import { createLocalDeployment, type LocalDeployment } from '../local-deployment.test-support.ts';
import { RunningProcess } from '../running-process.test-support.ts';
import type { Process } from '../services.test-support.ts';
import { createKillableDatabase, type KillableDatabase } from './killable-database.test-support.ts';
import { type Caller, type LoadPart, MixedLoad } from './mixed-load.test-support.ts';

const password = 'a bicycle made of glass';
const staffAccount = { email: 'otto@example.com', password: 'seven boats under a bridge' };
/** From the moment that what was killed is ready again. A machine with other work takes several seconds. */
const recoveryMs = 10_000;

/** Each process from its own main.ts, as docker-compose.yml has it, while one after the other is killed under load. */
describe('under load', () => {
  let database: KillableDatabase;
  let deployment: LocalDeployment;
  const load = new MixedLoad({ betweenMs: 250 }); // What fails here fails for seconds.
  /** What the subgraphs add to the load. */
  let parts: LoadPart[];
  let customers: Caller[];
  let staff: Caller;
  const running = new Map<string, RunningProcess>();
  const urlOf = (name: string) => (running.get(name) as RunningProcess).url;

  const start = (name: string, command?: string[]) => {
    const described = deployment.processes.get(name) as Process;
    return RunningProcess.of(command ? { ...described, command } : described);
  };
  const startServer = (name: string) => {
    const process = start(name);
    running.set(name, process);
    return process.waitUntilReady();
  };

  beforeAll(async () => {
    database = await createKillableDatabase();
    deployment = await createLocalDeployment(
      {
        DEFAULT_TENANT_SELF_REGISTRATION: 'yes',
        SHUTDOWN_DRAIN_MS: '300',
        LOG_LEVEL: 'warn',
        ...Object.assign({}, ...[...platformCases.values()].map(({ loadVariables }) => loadVariables)),
        STAFF_MFA: 'optional',
      },
      async () => database,
    );
    expect(await start('migrate').finish()).toMatchObject({ code: 0 });
    const createStaff = [
      'node',
      'cli/bin/signet.mjs',
      'db',
      'create-staff',
      '--with-password',
      '--tenant=main',
      '--full-name=Otto',
      '--email',
    ];
    const added = start('migrate', [...createStaff, staffAccount.email]);
    expect(await added.finish(`${staffAccount.password}\n`)).toMatchObject({ code: 0 });
    const servers = [...deployment.processes.keys()].filter(
      (name) => name !== 'migrate' && name !== 'gateway-graph',
    );
    await Promise.all(servers.map(startServer));
    customers = await Promise.all(['ada', 'bert', 'cleo'].map(register));
    staff = { email: staffAccount.email, token: await signInStaff(), url: urlOf('gateway-portal') };
    const created = [...platformCases.values()].map((cases) => cases.createLoad?.({ load, database }));
    parts = (await Promise.all(created)).filter((part) => part !== undefined);
    load.start(customers, staff, parts);
  });
  afterAll(async () => {
    load.abandon();
    for (const process of running.values()) process.kill();
    await Promise.all([...running.values()].map((process) => process.finish()));
    await deployment?.remove();
  });

  async function register(name: string): Promise<Caller> {
    const url = urlOf('gateway-user');
    const email = `${name}@example.com`;
    const { body } = await askPatiently(() =>
      postGraphql(`${url}/graphql`, {
        query: 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
        variables: { input: { email, password } },
      }),
    );
    return { email, token: body.data.register.accessToken, url };
  }

  async function signInStaff(): Promise<string> {
    const { body } = await askPatiently(() =>
      postGraphql(`${urlOf('gateway-portal')}/graphql`, {
        query: 'mutation ($input: LoginInput!) { portalLogin(input: $input) { accessToken } }',
        variables: { input: staffAccount },
      }),
    );
    return body.data.portalLogin.accessToken;
  }

  /** Waits until each caller has all that it asks for, and each step goes through at once. Returns how long that took. */
  async function waitUntilWhole(): Promise<number> {
    const startedAt = performance.now();
    const [customer] = customers as [Caller];
    for (;;) {
      const whole = await Promise.all([
        ...customers.map((each) => load.readOwn(each)),
        load.readCustomers(staff),
        // A step may be repeated until it goes through, if ever.
        ...parts
          .flatMap((part) => part.stepsOf(customer))
          .map((step) => Promise.race([step(), sleep(2 * recoveryMs, false)])),
      ]);
      const passed = performance.now() - startedAt;
      if (whole.every(Boolean)) return passed;
      if (passed > 2 * recoveryMs) throw new Error(`not whole after ${Math.round(passed)} ms: ${whole}`);
      await sleep(50);
    }
  }

  it.each([
    ...productSubgraphs.map(({ name }) => name),
    'auth-user',
    'auth-portal',
    'gateway-user',
    'gateway-portal',
  ])(
    '%s is killed and started again: all is whole within seconds, and nobody else was touched',
    async (name) => {
      const others = new Map([...running].filter(([other]) => other !== name));
      const victim = running.get(name) as RunningProcess;
      load.mayBeGone.add(victim.url);
      victim.kill();
      await victim.finish();
      await startServer(name);
      load.mayBeGone.delete(victim.url);
      expect(await waitUntilWhole()).toBeLessThan(recoveryMs);
      for (const other of others.values()) expect(other.isRunning).toBe(true);
      expect(load.wrong).toEqual([]);
    },
  );

  it('while a subgraph is away, everybody has the rest, and an error says what is missing', async () => {
    const [customer] = customers as [Caller];
    const ofPortal = { name: 'portal', check: () => checkWithoutPortal(staff) };
    for (const { name, check } of [ofPortal, ...parts.flatMap(({ whileAway }) => whileAway ?? [])]) {
      const away = running.get(name) as RunningProcess;
      away.kill();
      await away.finish();
      await check(customer).finally(() => startServer(name));
      expect(await waitUntilWhole()).toBeLessThan(recoveryMs);
      expect(load.wrong).toEqual([]);
    }
  });

  it('every connection to PostgreSQL is cut: nobody has to be started again', async () => {
    expect(await database.cutConnections()).toBeGreaterThan(5);
    expect(await waitUntilWhole()).toBeLessThan(recoveryMs);
    for (const process of running.values()) expect(process.isRunning).toBe(true);
    expect(load.wrong).toEqual([]);
  });

  it('PostgreSQL is killed and started again: nobody else has to be', async () => {
    await database.crash();
    expect(await waitUntilWhole()).toBeLessThan(recoveryMs);
    for (const process of running.values()) expect(process.isRunning).toBe(true);
    expect(load.wrong).toEqual([]);
  });

  it('the path to PostgreSQL swallows every byte for eight seconds: refusals are fast, and all is whole within seconds', async () => {
    const { path } = database;
    const [customer] = customers as [Caller];
    const readStatus = async (name: string) => {
      const answer = await fetch(`${urlOf(name)}/health/ready`);
      return [answer.status, ((await answer.json()) as { status: string }).status];
    };
    path.fault = 'swallow';
    await sleep(4000);
    expect(await readStatus('gateway-user')).toEqual([200, 'degraded']);
    const startedAt = performance.now();
    expect(await load.readOwn(customer)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    for (const name of ['auth-user', 'auth-portal', 'portal']) {
      expect(await readStatus(name)).toEqual([503, 'not ready']);
    }
    await sleep(Math.max(0, startedAt + 4000 - performance.now()));
    path.fault = 'none';
    // Eight processes connect anew at once, some hundred connections, on the cores of one machine: twice the time of one process,
    // whose 5 s silent-database.test.ts holds for each pool.
    await waitUntilWhole();
    expect(await signInStaff()).toEqual(expect.any(String));
    for (const name of ['auth-user', 'auth-portal', 'portal', 'gateway-user']) {
      await expect.poll(() => readStatus(name), { timeout: recoveryMs }).toEqual([200, 'ready']);
    }
    expect(load.wrong).toEqual([]);
  });

  it('revocations arrive again after all that', async () => {
    const guest = await register('dora');
    const { body } = await postGraphql(`${guest.url}/graphql`, { query: 'mutation { logout }' }, guest);
    expect(body.errors).toBeUndefined();
    await expect
      .poll(
        async () => (await postGraphql(`${guest.url}/graphql`, { query: '{ me { email } }' }, guest)).status,
        { interval: 20, timeout: 3000 },
      )
      .toBe(401);
  });

  it.each(['gateway-user', 'auth-user'])(
    '%s answers what it has begun before it ends on SIGTERM',
    async (name) => {
      // Each takes a worker a good while: they are under way when the signal comes.
      const asked = Array.from({ length: 3 }, () =>
        postGraphql(`${urlOf('gateway-user')}/graphql`, {
          query: 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }',
          variables: { input: { email: 'ada@example.com', password } },
        }),
      );
      await sleep(400);
      const process = running.get(name) as RunningProcess;
      load.mayBeGone.add(process.url);
      const ended = process.stop();
      const signedIn = { data: { login: { accessToken: expect.any(String) } } };
      expect((await Promise.all(asked)).map(({ body }) => body)).toEqual([signedIn, signedIn, signedIn]);
      expect(await ended).toMatchObject({ code: 0 });
      await startServer(name);
      load.mayBeGone.delete(process.url);
      expect(await waitUntilWhole()).toBeLessThan(recoveryMs);
      expect(load.wrong).toEqual([]);
    },
  );

  it('no data is lost, is there twice, or was shown to somebody else', async () => {
    await load.stop();
    expect(load.wrong).toEqual([]);
    for (const part of parts) await part.check();
    // A step of theirs was lost on its way, and went through when it was repeated.
    if (parts.length > 0) expect(load.counts.retried).toBeGreaterThan(0);
    // There was load, and there were faults.
    expect(load.counts.complete).toBeGreaterThan(300);
    expect(load.counts.unavailable + load.counts.partial).toBeGreaterThan(10);
    if (parts.length > 0) expect(load.counts.retried).toBeGreaterThan(0);
  });
});

async function checkWithoutPortal({ url, token, email }: Caller): Promise<void> {
  const query = '{ portalMe { email } customers(first: 1) { totalCount } }';
  const { status, body } = await postGraphql(`${url}/graphql`, { query }, { token });
  expect([status, body.data]).toEqual([200, { portalMe: { email }, customers: null }]);
  expect(body.errors).toEqual([
    {
      message: expect.any(String),
      path: ['customers'],
      extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'service.unavailable' },
    },
  ]);
}
