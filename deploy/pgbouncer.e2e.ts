import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessRole, processRoles } from '@signet/db';
import { productSubgraphs } from '@signet/schema/subgraphs';
import { type GraphqlAnswer, postGraphql, reasonsOf, shortestOfThree } from '@signet/testing';
import { withClient } from '@signet/testing/database';
import { type PgBouncer, startPgBouncer } from '@signet/testing/pgbouncer';
import {
  type ReplicatedPostgres,
  startReplicatedPostgres,
  type TestReplica,
} from '@signet/testing/replicated-postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { platformCases } from '../launcher/src/platform-cases.test-support.ts';
import { askPatiently } from './ask-patiently.test-support.ts';
import { createLocalDeployment, type LocalDeployment } from './local-deployment.test-support.ts';
import { RunningProcess } from './running-process.test-support.ts';
import type { Process } from './services.test-support.ts';

const password = 'a bicycle made of glass';
const staffPassword = 'seven boats under a bridge';
const poolSize = 4;
/** The smoke test's customer is alone in their tenant. */
const customersOf = (tenant: string) => (tenant === 'main' ? 1 : 2);
type Person = { tenant: string; email: string; token: string };

/** Each process as docker-compose.yml has it, with a PgBouncer in transaction mode in front of the database, and a replica beside it. */
describe('behind PgBouncer in transaction mode, with a replica', () => {
  const passwords = Object.fromEntries(
    processRoles.map((role) => [role, randomBytes(12).toString('hex')]),
  ) as Record<ProcessRole, string>;
  let postgres: ReplicatedPostgres;
  let replica: TestReplica;
  let bouncer: PgBouncer;
  let deployment: LocalDeployment;
  const running = new Map<string, RunningProcess>();
  const tenants = ['main', 'second', 'third'];
  let customers: Person[];
  let staff: Person[];

  const urlOf = (name: string) => (running.get(name) as RunningProcess).url;
  const ask = (query: string, variables = {}, person: Partial<Person> = {}): Promise<GraphqlAnswer> =>
    postGraphql(
      `${urlOf('gateway-graph')}/graphql`,
      { query, variables },
      {
        ...(person.token && { token: person.token }),
        ...(person.tenant && { headers: { 'x-tenant': person.tenant } }),
      },
    );
  const signIn = async (field: 'login' | 'portalLogin', person: Omit<Person, 'token'>): Promise<Person> => {
    const input = { email: person.email, password: field === 'login' ? password : staffPassword };
    const login = `mutation ($input: LoginInput!) { answer: ${field}(input: $input) { accessToken } }`;
    const answer = await askPatiently(() => ask(login, { input }, person));
    expect(reasonsOf(answer)).toEqual([]);
    return { ...person, token: answer.body.data.answer.accessToken };
  };
  const command = (...args: string[]) =>
    RunningProcess.of({
      ...(deployment.processes.get('migrate') as Process),
      command: ['node', 'cli/bin/signet.mjs', 'db', ...args],
    });
  const startBatch = async (names: readonly string[]) => {
    for (const name of names) {
      const described = deployment.processes.get(name) as Process;
      running.set(
        name,
        RunningProcess.of({ ...described, environment: await throughPooler(described.environment) }),
      );
    }
    await Promise.all(names.map((name) => running.get(name)?.waitUntilReady()));
  };
  /** The roles of the processes reach the server through the pooler. Revocations and notifications go past it. */
  const throughPooler = async (environment: Record<string, string>) => {
    const changed = { ...environment };
    for (const name of ['DATABASE_URL', 'USER_DATABASE_URL', 'PORTAL_DATABASE_URL']) {
      const file = changed[`${name}_FILE`];
      if (!file) continue;
      delete changed[`${name}_FILE`];
      const url = (await readFile(file, 'utf8')).trim();
      changed[name] = bouncer.urlOf(url);
    }
    return changed;
  };

  beforeAll(async () => {
    postgres = await startReplicatedPostgres();
    const { adminUrl } = postgres.primary;
    replica = await postgres.addReplica();
    const query = <Row>(text: string, values?: unknown[]) =>
      withClient(adminUrl, async (client) => (await client.query(text, values)).rows as Row[]);
    deployment = await createLocalDeployment(
      {
        DEFAULT_TENANT_SELF_REGISTRATION: 'yes',
        STAFF_MFA: 'optional',
        LOG_LEVEL: 'warn',
        DATABASE_REPLICAS: replica.host,
        DATABASE_DIRECT_HOST: new URL(adminUrl).host,
      },
      async () => ({ adminUrl, passwords, query, drop: () => postgres.remove() }),
    );
    const settings = { default_pool_size: poolSize };
    bouncer = await startPgBouncer({ serverUrl: adminUrl, passwords, settings });
    const migrate = RunningProcess.of(deployment.processes.get('migrate') as Process);
    expect(await migrate.finish()).toMatchObject({ code: 0 });
    for (const slug of tenants.slice(1)) {
      await query('insert into auth.tenant (slug, name, self_registration) values ($1, $1, true)', [slug]);
    }
    const staffOf = (tenant: string) => ({ tenant, email: `staff-of-${tenant}@example.com` });
    await Promise.all(
      tenants.map(async (tenant) => {
        const { email } = staffOf(tenant);
        const args = [
          'create-staff',
          '--with-password',
          `--tenant=${tenant}`,
          '--full-name=S',
          `--email=${email}`,
        ];
        const { code, output } = await command(...args).finish(`${staffPassword}\n`);
        expect(code, output).toBe(0);
      }),
    );
    await startBatch(['auth-user', 'auth-portal']);
    await startBatch(productSubgraphs.map(({ name }) => name));
    await startBatch(['gateway-graph']);
    customers = await Promise.all(
      tenants.flatMap((tenant) =>
        Array.from({ length: customersOf(tenant) }, async (_, n) => {
          const person = { tenant, email: `customer-${n}-of-${tenant}@example.com` };
          const register = 'mutation ($input: RegisterInput!) { register(input: $input) { expiresIn } }';
          const input = { email: person.email, password };
          const answer = await askPatiently(() => ask(register, { input }, person));
          expect(reasonsOf(answer)).toEqual([]);
          return signIn('login', person);
        }),
      ),
    );
    staff = await Promise.all(tenants.map((tenant) => signIn('portalLogin', staffOf(tenant))));
  });
  afterAll(async () => {
    for (const process of running.values()) process.kill();
    await bouncer?.remove();
    await deployment?.remove();
  });

  it('serves what the smoke test asks for', async () => {
    const [customer, member] = [customers[0], staff[0]] as [Person, Person];
    const tokens = { user: customer, portal: member };
    for (const cases of platformCases.values()) {
      await cases.walk?.({
        ask: (query, as, variables) => ask(query, variables, tokens[as]),
        database: deployment.database,
        customer: customer.email,
      });
    }
    const answer = await ask(
      '{ portalMe { email } customers(first: 5) { edges { node { email } } totalCount } }',
      {},
      member,
    );
    expect(answer.body).toMatchObject({ data: { customers: { totalCount: customersOf('main') } } });
  });

  /** One question of each kind; what is wrong about its answer, or nothing. */
  const question = async (person: Person, isStaff: boolean): Promise<string | undefined> => {
    const answer = isStaff
      ? await ask('{ portalMe { email } customers(first: 20) { edges { node { email } } } }', {}, person)
      : await ask('{ me { email } mySessions { current } }', {}, person);
    const reasons = reasonsOf(answer);
    if (reasons.length > 0) return reasons.join();
    const { data } = answer.body;
    if (!isStaff) return data.me.email === person.email ? undefined : `${person.email} was ${data.me.email}`;
    const emails: string[] = data.customers.edges.map(({ node }: { node: { email: string } }) => node.email);
    const isRight =
      data.portalMe.email === person.email &&
      emails.length === customersOf(person.tenant) &&
      emails.every((email) => email.endsWith(`-of-${person.tenant}@example.com`));
    return isRight ? undefined : `${person.email} saw ${emails.join(' ')}`;
  };
  const askFor = async (ms: number): Promise<Map<string, number>> => {
    const seen = new Map<string, number>();
    const end = performance.now() + ms;
    const clients = [...customers, ...customers, ...staff].map(async (person) => {
      while (performance.now() < end) {
        const fault = (await question(person, staff.includes(person))) ?? 'right';
        seen.set(fault, (seen.get(fault) ?? 0) + 1);
      }
    });
    await Promise.all(clients);
    return seen;
  };

  it('shows nobody a row of another tenant, with fewer connections of the server than callers', async () => {
    const seen = await askFor(5000);
    expect([...seen.keys()]).toEqual(['right']);
    expect(seen.get('right')).toBeGreaterThan(50);
    const used = await deployment.database.query<{ usename: string; count: number }>(
      `select usename, count(*)::integer as count from pg_stat_activity
       where datname = current_database() and usename in ('signet_portal', 'signet_auth_user')
         and application_name not like '%wake' and query not ilike 'listen%' and query <> 'select 1'
       group by usename`,
    );
    expect(used).toHaveLength(2);
    for (const { count } of used) expect(count).toBeLessThanOrEqual(poolSize);
  });

  it('says once in each process that there is a pooler, and that no notification is lost', () => {
    for (const name of ['portal', 'auth-user']) {
      const { output } = running.get(name) as RunningProcess;
      const said = output.split('\n').filter((line) => line.includes('a pooler (PgBouncer'));
      const pools = said.map((line): unknown => JSON.parse(line).database);
      expect(pools, output).not.toEqual([]);
      // Each pool once.
      expect(pools, said.join('\n')).toEqual([...new Set(pools)]);
      expect(output).not.toMatch(/receives no NOTIFY|signing keys could not be read/);
    }
  });

  it('refuses a token within a second of its logout', async () => {
    const ms = await shortestOfThree(1000, async () => {
      const person = await signIn('login', customers[1] as Person);
      expect(reasonsOf(await ask('mutation { logout }', {}, person))).toEqual([]);
      const answeredAt = performance.now();
      await expect
        .poll(async () => reasonsOf(await ask('{ me { email } }', {}, person)), { interval: 20 })
        .toEqual(['auth.failure.revoked']);
      return performance.now() - answeredAt;
    });
    expect(ms).toBeLessThan(1000);
  });

  it('answers rightly or with a 503 while PgBouncer is started again, and as before soon after', async () => {
    const [seen] = await Promise.all([
      askFor(4000),
      sleep(1000).then(async () => {
        await bouncer.stop();
        await sleep(500);
        await bouncer.start();
      }),
    ]);
    for (const answer of seen.keys()) {
      expect(answer).toMatch(/^(right|(auth|service)\.unavailable(,(auth|service)\.unavailable)*)$/);
    }
    await expect.poll(async () => [...(await askFor(300)).keys()]).toEqual(['right']);
    for (const process of running.values()) expect(process.isRunning).toBe(true);
  });

  it('shows staff what they have just written, each time, while the replica answers reads, lags and is gone', async () => {
    const [member, customer] = [staff[1], customers[1]] as [Person, Person];
    const customerId = (await ask('{ me { id } }', {}, customer)).body.data.me.id;
    let count = 0;
    const writeAndRead = async () => {
      const input = { customerId, body: `note ${++count}` };
      const add = 'mutation ($input: AddSupportNoteInput!) { addSupportNote(input: $input) { id } }';
      expect(reasonsOf(await ask(add, { input }, member))).toEqual([]);
      const answer = await ask(
        '{ customers(first: 5) { edges { node { email supportNotes(first: 50) { edges { node { body } } } } } } }',
        {},
        member,
      );
      const nodes: { email: string; supportNotes: { edges: { node: { body: string } }[] } }[] =
        answer.body.data.customers.edges.map(({ node }: { node: object }) => node);
      const notes = nodes.find(({ email }) => email === customer.email)?.supportNotes.edges;
      expect(notes?.map(({ node }) => node.body)).toContain(input.body);
      expect(notes).toHaveLength(count);
    };
    const countReads = async () => {
      const [row] = await withClient(replica.adminUrl, async (client) => {
        const { rows } = await client.query(
          `select count(*)::integer as count from pg_stat_activity where application_name = 'signet-portal-replica'`,
        );
        return rows;
      });
      return row.count;
    };
    for (let round = 0; round < 12; round++) await writeAndRead();
    expect(await countReads()).toBeGreaterThan(0);
    await replica.pause();
    for (let round = 0; round < 12; round++) await writeAndRead();
    await replica.resume();
    for (let round = 0; round < 12; round++) await writeAndRead();
    await replica.stop();
    for (let round = 0; round < 12; round++) await writeAndRead();
    await expect
      .poll(() => running.get('portal')?.output)
      .toContain(`the replica ${replica.host} does not answer: reads go to the primary`);
  });

  it('refuses to migrate through it', async () => {
    const { adminUrl } = deployment.database;
    const migrate = deployment.processes.get('migrate') as Process;
    const { DATABASE_URL_FILE: _file, ...environment } = migrate.environment;
    const role = Object.assign(new URL(bouncer.urlOf(adminUrl)), {
      username: 'signet_portal',
      password: passwords.signet_portal,
    }).href;
    const outcome = await RunningProcess.of({
      ...migrate,
      environment: { ...environment, DATABASE_URL: role },
    }).finish();
    expect(outcome).toMatchObject({
      code: 1,
      output: expect.stringContaining('DATABASE_URL leads through a pooler'),
    });
  });
});
