import { setTimeout as sleep } from 'node:timers/promises';
import { postGraphql } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalDeployment, type LocalDeployment } from '../local-deployment.test-support.ts';
import { RunningProcess } from '../running-process.test-support.ts';
import type { Process } from '../services.test-support.ts';
import { createKillableDatabase, type KillableDatabase } from './killable-database.test-support.ts';
import { type Caller, MixedLoad, type Product } from './mixed-load.test-support.ts';

const password = 'a bicycle made of glass';
const staffAccount = { email: 'otto@example.com', password: 'seven boats under a bridge' };
const shelves = 100_000;
/** From the moment that what was killed is ready again. */
const recoveryMs = 5000;

/** Each process from its own main.ts, as docker-compose.yml has it, while one after the other is killed under load. */
describe('under load', () => {
  let database: KillableDatabase;
  let deployment: LocalDeployment;
  let load: MixedLoad;
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
      { DEFAULT_TENANT_SELF_REGISTRATION: 'yes', SHUTDOWN_DRAIN_MS: '300', LOG_LEVEL: 'warn' },
      async () => database,
    );
    expect(await start('migrate').finish()).toMatchObject({ code: 0 });
    const createStaff = [
      'node',
      'cli/bin/signet.mjs',
      'db',
      'create-staff',
      '--tenant=main',
      '--full-name=Otto',
      '--email',
    ];
    const created = start('migrate', [...createStaff, staffAccount.email]);
    expect(await created.finish(`${staffAccount.password}\n`)).toMatchObject({ code: 0 });
    const servers = [...deployment.processes.keys()].filter(
      (name) => name !== 'migrate' && name !== 'gateway-graph',
    );
    await Promise.all(servers.map(startServer));
    customers = await Promise.all(['ada', 'bert', 'cleo'].map(register));
    staff = { email: staffAccount.email, token: await signInStaff(), url: urlOf('gateway-portal') };
    load = new MixedLoad(await addProducts());
    load.start(customers, staff);
  });
  afterAll(async () => {
    load?.abandon();
    for (const process of running.values()) process.kill();
    await Promise.all([...running.values()].map((process) => process.finish()));
    await deployment?.remove();
  });

  async function register(name: string): Promise<Caller> {
    const url = urlOf('gateway-user');
    const email = `${name}@example.com`;
    const { body } = await postGraphql(`${url}/graphql`, {
      query: 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
      variables: { input: { email, password } },
    });
    return { email, token: body.data.register.accessToken, url };
  }

  async function signInStaff(): Promise<string> {
    const { body } = await postGraphql(`${urlOf('gateway-portal')}/graphql`, {
      query: 'mutation ($input: LoginInput!) { portalLogin(input: $input) { accessToken } }',
      variables: { input: staffAccount },
    });
    return body.data.portalLogin.accessToken;
  }

  function addProducts(): Promise<Product[]> {
    return database.query<Product>(
      `with category as (
         insert into catalog.category (tenant_id, slug, name) select id, 'lamps', 'Lamps' from auth.tenant
         returning tenant_id, id
       ), product as (
         insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency)
         select tenant_id, id, 'lamp-' || number, 'Lamp ' || number, 100, 'EUR' from category, generate_series(1, 3) number
         returning tenant_id, id, name
       ), stock as (
         insert into inventory.stock (tenant_id, product_id, on_hand) select tenant_id, id, $1 from product
       )
       select id, name from product`,
      [shelves],
    );
  }

  /** Until each caller has all that it asks for, and an order goes through at once; how long that takes. */
  async function waitUntilWhole(): Promise<number> {
    const startedAt = performance.now();
    const [customer] = customers as [Caller];
    for (;;) {
      const whole = await Promise.all([
        ...customers.map((each) => load.readOwn(each)),
        load.readCustomers(staff),
        // An order is sent until it goes through, if ever.
        Promise.race([load.order(customer), sleep(2 * recoveryMs, false)]),
      ]);
      const passed = performance.now() - startedAt;
      if (whole.every(Boolean)) return passed;
      if (passed > 2 * recoveryMs) throw new Error(`not whole after ${Math.round(passed)} ms: ${whole}`);
      await sleep(50);
    }
  }

  it.each([
    'catalog',
    'inventory',
    'orders',
    'portal',
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
    90_000,
  );

  it('while catalog is away, everybody has the rest, and is told what is missing', async () => {
    const catalog = running.get('catalog') as RunningProcess;
    catalog.kill();
    await catalog.finish();
    const [customer] = customers as [Caller];
    const query = '{ me { email } myOrders(first: 1) { edges { node { id items { product { name } } } } } }';
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => postGraphql(`${customer.url}/graphql`, { query }, customer)),
    ).finally(() => startServer('catalog'));
    for (const { status, body } of answers) {
      const [{ node }] = body.data.myOrders.edges;
      expect([status, body.data.me.email, node.id]).toEqual([200, customer.email, expect.any(String)]);
      expect(node.items[0]).toEqual({ product: null });
      expect(body.errors).toEqual([
        {
          message: expect.any(String),
          path: ['myOrders', 'edges'],
          extensions: { code: 'SERVICE_UNAVAILABLE', reason: 'service.unavailable' },
        },
      ]);
    }
    expect(await waitUntilWhole()).toBeLessThan(recoveryMs);
    expect(load.wrong).toEqual([]);
  }, 90_000);

  it('every connection to PostgreSQL is cut: nobody has to be started again', async () => {
    expect(await database.cutConnections()).toBeGreaterThan(5);
    expect(await waitUntilWhole()).toBeLessThan(recoveryMs);
    for (const process of running.values()) expect(process.isRunning).toBe(true);
    expect(load.wrong).toEqual([]);
  }, 90_000);

  it('PostgreSQL is killed and started again: nobody else has to be', async () => {
    await database.crash();
    expect(await waitUntilWhole()).toBeLessThan(recoveryMs);
    for (const process of running.values()) expect(process.isRunning).toBe(true);
    expect(load.wrong).toEqual([]);
  }, 90_000);

  it('those who listen for revocations hear again after all that', async () => {
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
      await sleep(100);
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
    90_000,
  );

  it('no order is lost or there twice, the stock adds up, and nobody was shown an order of others', async () => {
    await load.stop();
    expect(load.wrong).toEqual([]);
    const rows = await database.query<{ id: string; key: string; email: string }>(
      `select o.id, k.key, u.email::text from orders.order o join auth.user u on u.id = o.user_id
       left join orders.idempotency_key k on k.order_id = o.id`,
    );
    const told = load.orders.map(({ id, key, email }) => ({ id, key, email }));
    const byKey = (a: { key: string }, b: { key: string }) => a.key.localeCompare(b.key);
    expect(rows.sort(byKey)).toEqual(told.sort(byKey));
    for (const [email, ids] of load.shown) {
      const own = new Set(rows.filter((row) => row.email === email).map(({ id }) => id));
      expect([...ids].filter((id) => !own.has(id))).toEqual([]);
    }
    const stock = await database.query<{ product_id: string; reserved: number; on_hand: number }>(
      'select product_id, reserved, on_hand from inventory.stock',
    );
    for (const { product_id, reserved, on_hand } of stock) {
      const ordered = load.orders.filter(({ productId }) => productId === product_id);
      expect([on_hand, reserved]).toEqual([
        shelves,
        ordered.reduce((sum, { quantity }) => sum + quantity, 0),
      ]);
    }
    // There was load, and there were faults.
    expect(load.counts.complete).toBeGreaterThan(300);
    expect(load.counts.unavailable + load.counts.partial).toBeGreaterThan(10);
    expect(load.counts.retriedOrders).toBeGreaterThan(0);
  });
});
