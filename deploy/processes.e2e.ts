import { productSubgraphs } from '@signet/schema/subgraphs';
import { createTestGateway, postGraphql, shortestOfThree } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { platformCases } from '../launcher/src/platform-cases.test-support.ts';
import { createLocalDeployment, type LocalDeployment } from './local-deployment.test-support.ts';
import { RunningProcess } from './running-process.test-support.ts';
import type { Process } from './services.test-support.ts';

const customer = { email: 'carla@example.com', password: 'a bicycle made of glass' };
const staff = { email: 'otto@example.com', password: 'seven boats under a bridge' };

/** Each process from its own main.ts, with the environment that docker-compose.yml gives it, on a real PostgreSQL. */
describe('the processes of docker-compose.yml', () => {
  let deployment: LocalDeployment;
  const running = new Map<string, RunningProcess>();

  const start = (name: string, command?: string[]) => {
    const process = deployment.processes.get(name) as Process;
    return RunningProcess.of(command ? { ...process, command } : process);
  };
  const ask = (query: string, variables = {}, token?: string) =>
    postGraphql(`${running.get('gateway-graph')?.url}/graphql`, { query, variables }, token ? { token } : {});
  const signIn = async (field: 'login' | 'portalLogin', input: typeof customer): Promise<string> => {
    const { body } = await ask(
      `mutation ($input: LoginInput!) { answer: ${field}(input: $input) { accessToken } }`,
      {
        input,
      },
    );
    return body.data.answer.accessToken;
  };

  beforeAll(async () => {
    deployment = await createLocalDeployment({
      DEFAULT_TENANT_SELF_REGISTRATION: 'yes',
      // In production staff add a second factor at their first sign-in: auth's own tests walk that.
      STAFF_MFA: 'optional',
    });
  });
  afterAll(async () => {
    for (const process of running.values()) process.kill();
    await deployment.remove();
  });

  it('migrate makes roles, tables and the default tenant, and at the next start finds nothing to do', async () => {
    const first = await start('migrate').finish();
    expect(first).toMatchObject({ code: 0, output: expect.stringContaining('created tenant main') });
    const second = await start('migrate').finish();
    expect(second).toMatchObject({ code: 0, output: expect.stringContaining('up to date') });
    expect(await deployment.database.query('select slug, self_registration from auth.tenant')).toEqual([
      { slug: 'main', self_registration: true },
    ]);
  });

  it('migrate can add the first member of staff', async () => {
    const command = [
      'node',
      'cli/bin/signet.mjs',
      'db',
      'create-staff',
      '--with-password',
      '--tenant=main',
      '--full-name=Otto',
      '--email',
    ];
    const { code, output } = await start('migrate', [...command, staff.email]).finish(`${staff.password}\n`);
    expect([code, output]).toEqual([0, expect.stringContaining('(super_admin)')]);
  });

  it('become ready in the order of their dependencies', async () => {
    const servers = [...deployment.processes.keys()].filter((name) => name !== 'migrate');
    const batches = [
      servers.filter((name) => name.startsWith('auth-')),
      servers.filter(isSubgraph),
      servers.filter((name) => name.startsWith('gateway-')),
    ];
    for (const batch of batches) {
      for (const name of batch) running.set(name, start(name));
      await Promise.all(batch.map((name) => running.get(name)?.waitUntilReady()));
    }
    expect([...running.keys()].sort()).toEqual(servers.sort());
  });

  it('have the names of docker-compose.yml in their logs and metrics', async () => {
    for (const [name, process] of running) {
      const lines = process.output.split('\n').filter((line) => line.startsWith('{'));
      const logged = lines.map((line) => JSON.parse(line) as { name: string; msg: string; url?: string });
      expect([name, [...new Set(logged.map((line) => line.name))]]).toEqual([name, [name]]);
      const url = logged.find(({ msg }) => msg === 'metrics are shown')?.url ?? '';
      const metrics = await (await fetch(url)).text();
      const services = new Set([...metrics.matchAll(/service="([^"]+)"/g)].map(([, service]) => service));
      // `process`: what Node says of itself.
      expect([name, [...services].sort()]).toEqual([name, [name, 'process'].sort()]);
    }
  });

  it('answer queries over several subgraphs for a customer and for staff, each with keys of its own', async () => {
    await ask('mutation ($input: RegisterInput!) { register(input: $input) { expiresIn } }', {
      input: customer,
    });
    const [user, portal] = [await signIn('login', customer), await signIn('portalLogin', staff)];
    const mine = await ask('{ me { id email } mySessions { current } }', {}, user);
    expect(mine.body.data).toMatchObject({ me: { email: customer.email }, mySessions: [{}, {}] });
    const input = { customerId: mine.body.data.me.id, body: 'Called.' };
    const addNote = 'mutation ($input: AddSupportNoteInput!) { addSupportNote(input: $input) { id } }';
    expect((await ask(addNote, { input }, portal)).body.errors).toBeUndefined();
    const theirs = await ask(
      `{ portalMe { email } customers(first: 5) { edges { node {
           email emailVerified supportNotes(first: 5) { edges { node { body author { email } } } } } } } }`,
      {},
      portal,
    );
    const note = { body: 'Called.', author: { email: staff.email } };
    const node = { email: customer.email, emailVerified: false, supportNotes: { edges: [{ node: note }] } };
    expect(theirs.body).toEqual({
      data: { portalMe: { email: staff.email }, customers: { edges: [{ node }] } },
    });
    const tokens = { user, portal };
    for (const cases of platformCases.values()) {
      await cases.walk?.({
        ask: (query, as, variables) => ask(query, variables, tokens[as]),
        database: deployment.database,
        customer: customer.email,
      });
    }
  });

  it('refuse a customer at a field of the portal', async () => {
    const { body } = await ask('{ portalHealth }', {}, await signIn('login', customer));
    expect(body.errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN', reason: 'authz.platform.deny' });
  });

  it('have a door for customers and one for staff, which know nothing of each other', async () => {
    const [user, portal] = [await signIn('login', customer), await signIn('portalLogin', staff)];
    const at = (name: string, query: string, token: string) =>
      postGraphql(`${running.get(name)?.url}/graphql`, { query }, { token });
    expect((await at('gateway-user', '{ me { email } }', user)).body.data.me.email).toBe(customer.email);
    expect((await at('gateway-portal', '{ portalHealth }', portal)).body.data.portalHealth).toBe('ok');
    const signInThere = await postGraphql(`${running.get('gateway-portal')?.url}/graphql`, {
      query: 'mutation ($input: LoginInput!) { portalLogin(input: $input) { accessToken } }',
      variables: { input: staff },
    });
    expect(signInThere.body.data?.portalLogin.accessToken).toEqual(expect.any(String));
    const foreign = 'auth.failure.issuer_mismatch';
    for (const answer of [
      await at('gateway-user', '{ me { email } }', portal),
      await at('gateway-portal', '{ portalHealth }', user),
    ]) {
      expect([answer.status, answer.body.errors?.[0]?.extensions.reason]).toEqual([401, foreign]);
    }
    const hidden = await at('gateway-user', '{ portalHealth }', user);
    expect(hidden.body.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    // Each door reported it to the issuer of its own side, who alone may write there.
    const readReported = () =>
      deployment.database.query(
        `select platform, details ->> 'entrance' as entrance, details ->> 'place' as place from auth.audit_event
         where kind = 'authz.refused' and details ->> 'reason' = $1 order by platform`,
        [foreign],
      );
    await expect.poll(readReported, { timeout: 20_000 }).toEqual([
      { platform: 'portal', entrance: 'portal', place: 'token' },
      { platform: 'user', entrance: 'user', place: 'token' },
    ]);
  });

  it('refuse a token in every process within a second of its logout, known there or not', async () => {
    // A subgraph answers gateways only.
    const postTo = (name: string) =>
      isSubgraph(name)
        ? createTestGateway({ recipient: name, folder: deployment.proofFolder }).post
        : postGraphql;
    const at = (name: string, token: string) =>
      postTo(name)(`${running.get(name)?.url}/graphql`, { query: '{ __typename }' }, { token });
    const verifiers = ['gateway-user', 'gateway-graph', ...productSubgraphs.map(({ name }) => name)];
    for (const isKnown of [true, false]) {
      const ms = await shortestOfThree(1000, async () => {
        const token = await signIn('login', customer);
        if (isKnown)
          for (const name of verifiers) expect((await at(name, token)).body.errors).toBeUndefined();
        const { body } = await ask('mutation { logout }', {}, token);
        expect(body.errors).toBeUndefined();
        const answeredAt = performance.now();
        for (const name of verifiers) {
          await expect
            .poll(async () => (await at(name, token)).body.errors?.[0]?.extensions.reason, { interval: 10 })
            .toBe('auth.failure.revoked');
        }
        return performance.now() - answeredAt;
      });
      expect(ms).toBeLessThan(1000);
    }
  });

  it('show operators how far behind the revocations they are, and strangers nothing', async () => {
    const entrance = await fetch(`${running.get('gateway-portal')?.url}/health/ready`);
    expect(await entrance.json()).toEqual({ status: 'ready' });
    for (const name of ['auth-portal', ...productSubgraphs.map((each) => each.name)]) {
      const health = await fetch(`${running.get(name)?.url}/health/ready`);
      expect(await health.json()).toMatchObject({
        status: 'ready',
        measures: { revocations: { read: expect.any(Number) } },
      });
    }
  });

  it('keep serving tokens while auth is down: verifiers hold its keys', async () => {
    const token = await signIn('portalLogin', staff);
    for (const name of ['auth-user', 'auth-portal']) await running.get(name)?.stop();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask('{ customers(first: 1) { totalCount } }', {}, token)),
    );
    expect(answers.every(({ status, body }) => status === 200 && body.errors === undefined)).toBe(true);
    for (const name of ['auth-user', 'auth-portal']) {
      running.set(name, start(name));
      await running.get(name)?.waitUntilReady();
    }
  });

  it('keep their pages and the schema to themselves in production', async () => {
    const gateway = running.get('gateway-graph')?.url;
    const page = await fetch(`${gateway}/explorer`, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(404);
    const { body } = await ask('{ __schema { queryType { name } } }');
    expect(body.data ?? null).toBeNull();
  });

  it.each([
    'gateway-graph',
    'gateway-portal',
    'gateway-user',
    ...productSubgraphs.map(({ name }) => name).reverse(),
    'auth-portal',
    'auth-user',
  ])('%s ends with exit 0 within 5 s of SIGTERM', async (name) => {
    const ended = await running.get(name)?.stop();
    expect(ended).toMatchObject({ code: 0 });
    expect(ended?.seconds).toBeLessThan(5);
  });
});

function isSubgraph(name: string): boolean {
  return !name.startsWith('gateway-') && !name.startsWith('auth-');
}
