import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type GraphqlAnswer, postGraphql } from '@signet/testing';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { platformCases } from '../launcher/src/platform-cases.test-support.ts';
import { startTestSmtp, type TestSmtp } from '../subgraphs/auth/src/testing/smtp.test-support.ts';
import { createKillableDatabase, type KillableDatabase } from './chaos/killable-database.test-support.ts';
import { type Caller, type LoadPart, MixedLoad } from './chaos/mixed-load.test-support.ts';
import { createLocalDeployment, type LocalDeployment } from './local-deployment.test-support.ts';
import { RunningProcess } from './running-process.test-support.ts';
import { makeSecrets, makeSecretsPath, type SecretsFolder } from './secrets.test-support.ts';
import { type Process, portOf } from './services.test-support.ts';
import { Balancer } from './upgrade/balancer.test-support.ts';
import {
  type Checkout,
  checkOutPreviousRelease,
  previousRelease,
} from './upgrade/previous-release.test-support.ts';

const password = 'a bicycle made of glass';
/** Of that password, by bcrypt. */
const hash = '$2b$10$EbsGV7iPs.SRx9/RrgCZgO44seBwdhiG3Yj1BLEVqVae6vHy.mKgm';
const staffAccount = { email: 'otto@example.com', password: 'seven boats under a bridge' };
type Version = 'old' | 'new';
type Challenged = { challenge: { id: string } };
type Tokens = { accessToken: string; refreshToken: string };

const release = await checkOutPreviousRelease();
const missing = `the commit of release ${previousRelease.version} (${previousRelease.commit}) is not in this repository: fetch its history (git fetch --unshallow)`;
if (!release && process.env.CI) throw new Error(`deploy/upgrade.e2e.ts: ${missing}`);

/**
 * The processes of the last release, each behind an address of its own, under load; the migrations of this version beside them; then this
 * version's processes, one after the other.
 */
describe.skipIf(!release)(
  release ? `an upgrade from ${previousRelease.version}` : `an upgrade: ${missing}`,
  () => {
    const { path: oldTree } = (release ?? {}) as Checkout;
    let secrets: SecretsFolder;
    let database: KillableDatabase;
    let smtp: TestSmtp;
    const deployments = new Map<Version, LocalDeployment>();
    const balancers = new Map<string, Balancer>();
    const running = new Map<string, RunningProcess>();
    /** Every one, so that none is left where a test fails in between. */
    const started: RunningProcess[] = [];
    const load = new MixedLoad();
    let parts: LoadPart[];
    let names: string[];

    const describedAs = (version: Version, name: string): Process => {
      const { processes } = deployments.get(version) as LocalDeployment;
      const described = processes.get(name) as Process;
      // Whom it asks, it asks by the address that all versions share.
      const environment = Object.fromEntries(
        Object.entries(described.environment).map(([variable, value]) => {
          const [, port, path] = /^http:\/\/127\.0\.0\.1:(\d+)(\/.*)$/.exec(value) ?? [];
          const target =
            port && [...processes.values()].find((each) => portOf(each.environment) === Number(port));
          const balancer = target && balancers.get(target.name);
          return [variable, balancer ? `http://127.0.0.1:${balancer.port}${path}` : value];
        }),
      );
      return { ...described, environment };
    };
    const treeOf = (version: Version) => (version === 'old' ? oldTree : undefined);
    const command = (version: Version, words?: string[]) => {
      const described = describedAs(version, 'migrate');
      return RunningProcess.of(words ? { ...described, command: words } : described, treeOf(version));
    };
    const start = async (version: Version, name: string) => {
      const described = describedAs(version, name);
      const process = RunningProcess.of(described, treeOf(version));
      running.set(`${version} ${name}`, process);
      started.push(process);
      await process.waitUntilReady();
      return portOf(described.environment);
    };
    const enter = async (version: Version, name: string) =>
      balancers.get(name)?.add(await start(version, name));
    const leave = async (version: Version, name: string) => {
      await balancers.get(name)?.remove(portOf(describedAs(version, name).environment));
      const process = running.get(`${version} ${name}`) as RunningProcess;
      const { code, output } = await process.stop();
      expect([code, output]).toEqual([0, expect.anything()]);
      running.delete(`${version} ${name}`);
    };
    const urlOf = (name: string) => `http://127.0.0.1:${balancers.get(name)?.port}`;
    /** Asks the customers' entrance. */
    const ask = (query: string, variables = {}, token?: string): Promise<GraphqlAnswer> =>
      postGraphql(`${urlOf('gateway-user')}/graphql`, { query, variables }, token ? { token } : {});
    const dataOf = ({ status, body }: GraphqlAnswer) => {
      if (status !== 200 || body.errors) throw new Error(JSON.stringify([status, body]));
      return body.data;
    };
    const signIn = async (name: string): Promise<Tokens & { email: string }> => {
      const email = `${name}@example.com`;
      const query =
        'mutation ($input: LoginInput!) { it: login(input: $input) { accessToken refreshToken } }';
      return { email, ...dataOf(await ask(query, { input: { email, password } })).it };
    };
    const refresh = async ({ refreshToken }: Tokens): Promise<Tokens> => {
      const query =
        'mutation ($input: RefreshInput) { it: refresh(input: $input) { accessToken refreshToken } }';
      return dataOf(await ask(query, { input: { refreshToken } })).it;
    };
    const addTotp = async (token: string): Promise<string> => {
      const { secret } = dataOf(await ask('mutation { it: beginTotp { secret } }', {}, token)).it;
      const confirm = 'mutation ($code: String!) { confirmTotp(code: $code) { recoveryCodes } }';
      dataOf(await ask(confirm, { code: codeOf(secret, -1) }, token));
      return secret;
    };
    const signInByTotp = async (email: string, secret: string, afterSteps: number): Promise<Tokens> => {
      const login = 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }';
      const { body } = await ask(login, { input: { email, password } });
      const refusal = body.errors?.[0]?.extensions as Partial<Challenged> | undefined;
      const complete =
        'mutation ($input: CompleteChallengeInput!) { it: completeChallenge(input: $input) { accessToken refreshToken } }';
      const input = { id: refusal?.challenge?.id, totp: codeOf(secret, afterSteps) };
      return dataOf(await ask(complete, { input })).it;
    };
    const askForReset = (email: string) =>
      ask('mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) }', {
        input: { email },
      });
    const resetsOf = (email: string) =>
      smtp.taken.filter(({ to, raw }) => to === email && /reset-password/.test(raw)).length;
    /** Nobody was refused anything, and nothing was lost. */
    const expectNothingWrong = async (more = 10) => {
      const { complete } = load.counts;
      await expect.poll(() => load.counts.complete).toBeGreaterThanOrEqual(complete + more);
      expect(load.wrong).toEqual([]);
      expect(load.counts).toMatchObject({ partial: 0, unavailable: 0, unreached: 0 });
    };

    beforeAll(async () => {
      smtp = await startTestSmtp();
      database = await createKillableDatabase();
      secrets = await makeSecrets(join(oldTree, 'deploy/make-secrets.mjs'));
      const variables = {
        DEFAULT_TENANT_SELF_REGISTRATION: 'yes',
        LOG_LEVEL: 'warn',
        SHUTDOWN_DRAIN_MS: '0',
        MAIL_URL: smtp.url,
        MAIL_FROM: 'Shop <no-reply@shop.example>',
        USER_APP_URL: 'https://shop.example/',
        PORTAL_APP_URL: 'https://desk.example/',
        STAFF_MFA: 'optional',
        ...Object.assign({}, ...[...platformCases.values()].map(({ loadVariables }) => loadVariables)),
      };
      const create = async () => database;
      deployments.set('old', await createLocalDeployment(variables, create, { tree: oldTree, secrets }));
      await promisify(execFile)(process.execPath, [makeSecretsPath, '--missing', secrets.folder]);
      deployments.set('new', await createLocalDeployment(variables, create, { secrets }));
      names = [...(deployments.get('old') as LocalDeployment).processes.keys()].filter(
        (name) => name !== 'migrate' && name !== 'gateway-graph',
      );
      for (const name of names) balancers.set(name, await Balancer.open());
      expect(await command('old').finish()).toMatchObject({ code: 0 });
      const createStaff = 'db create-staff --with-password --tenant=main --full-name=Otto --email'.split(' ');
      const added = command('old', ['node', 'cli/bin/signet.mjs', ...createStaff, staffAccount.email]);
      expect(await added.finish(`${staffAccount.password}\n`)).toMatchObject({ code: 0 });
      const file = join(secrets.folder, 'customers.jsonl');
      const lines = ['ada', 'bert', 'cleo', 'dora', 'eve'].map((name) =>
        JSON.stringify({ email: `${name}@example.com`, hash, emailVerified: true }),
      );
      await writeFile(file, lines.join('\n'));
      const imported = command('old', [
        'node',
        'cli/bin/signet.mjs',
        'db',
        'import-users',
        file,
        '--tenant=main',
      ]);
      expect(await imported.finish()).toMatchObject({ code: 0 });
      await Promise.all(names.map((name) => enter('old', name)));
    }, 240_000);
    afterAll(async () => {
      load.abandon();
      for (const process of started) process.kill();
      await Promise.all(started.map((process) => process.finish()));
      await Promise.all([...balancers.values()].map((balancer) => balancer.close()));
      await Promise.all([database?.drop(), smtp?.stop(), secrets?.remove(), release?.remove()]);
    });

    let early: Tokens & { email: string; secret: string };

    it('begins with data of the last release, and load', async () => {
      const registered = await Promise.all(['ada', 'bert', 'cleo'].map(signIn));
      const customers: Caller[] = registered.map(({ email, accessToken }) => ({
        email,
        token: accessToken,
        url: urlOf('gateway-user'),
      }));
      const login = 'mutation ($input: LoginInput!) { portalLogin(input: $input) { accessToken } }';
      const url = urlOf('gateway-portal');
      const { body } = await postGraphql(`${url}/graphql`, {
        query: login,
        variables: { input: staffAccount },
      });
      const staff = { email: staffAccount.email, token: body.data.portalLogin.accessToken, url };
      const dora = await signIn('dora');
      early = { ...dora, secret: await addTotp(dora.accessToken) };
      const created = [...platformCases.values()].map((cases) => cases.createLoad?.({ load, database }));
      parts = (await Promise.all(created)).filter((part) => part !== undefined);
      load.start(customers, staff, parts);
      await expectNothingWrong();
    });

    it("runs this version's migrations beside the old processes", async () => {
      const { code, output } = await command('new').finish();
      expect([code, output]).toEqual([0, expect.stringMatching(/migrated |up to date/)]);
      await expectNothingWrong();
      early = { ...early, ...(await refresh(early)) };
    });

    it('can be taken back after the first new process: the old one reads what that has written', async () => {
      smtp.judge = () => {
        throw Object.assign(new Error('try again later'), { responseCode: 451 });
      };
      // Waits in the outbox, as the old process wrote it.
      dataOf(await askForReset('ada@example.com'));
      await expect.poll(() => smtp.asked).toContain('ada@example.com');
      await enter('new', 'auth-user');
      await balancers.get('auth-user')?.remove(portOf(describedAs('old', 'auth-user').environment));
      await expectNothingWrong();
      // All that follows is the new process's: a refresh of an old session, an old sealed secret, new ones of each kind.
      early = { ...early, ...(await refresh(early)) };
      const again = await signInByTotp(early.email, early.secret, 0);
      const eve = await signIn('eve');
      const secret = await addTotp(eve.accessToken);
      dataOf(await askForReset('bert@example.com'));
      await expect.poll(() => smtp.asked).toContain('bert@example.com');
      balancers.get('auth-user')?.add(portOf(describedAs('old', 'auth-user').environment));
      await leave('new', 'auth-user');
      await refresh(again);
      const late = await signInByTotp(eve.email, secret, 0);
      expect(dataOf(await ask('{ me { email } }', {}, late.accessToken)).me.email).toBe('eve@example.com');
      smtp.judge = () => {};
      await expect.poll(() => [resetsOf('ada@example.com'), resetsOf('bert@example.com')]).toEqual([1, 1]);
      await expectNothingWrong();
    });

    it('replaces one process after the other, and nobody notices', async () => {
      smtp.judge = () => {
        throw Object.assign(new Error('try again later'), { responseCode: 451 });
      };
      dataOf(await askForReset('cleo@example.com'));
      await expect.poll(() => smtp.asked).toContain('cleo@example.com');
      // A subgraph that this version has no more stays as it is. Two start at a time: there is a core for each.
      const replaced = names.filter((name) => deployments.get('new')?.processes.has(name));
      while (replaced.length > 0) {
        const pair = replaced.splice(0, 2);
        await Promise.all(pair.map((name) => enter('new', name)));
        early = { ...early, ...(await refresh(early)) };
        for (const name of pair) await leave('old', name);
        expect(load.wrong).toEqual([]);
      }
      await expectNothingWrong();
      // The old process wrote it, the new one sends it.
      smtp.judge = () => {};
      await expect.poll(() => resetsOf('cleo@example.com')).toBe(1);
    }, 240_000);

    it('has the session end everywhere, every answer right, and the audit log whole', async () => {
      dataOf(await ask('mutation { logout }', {}, early.accessToken));
      await expect.poll(async () => (await ask('{ me { email } }', {}, early.accessToken)).status).toBe(401);
      await load.stop();
      await expectNothingWrong(0);
      expect(load.counts.complete).toBeGreaterThan(100);
      for (const part of parts) await part.check();
      const command = ['node', 'cli/bin/signet.mjs', 'audit', 'verify'];
      const verify = async () =>
        (await RunningProcess.of({ ...describedAs('new', 'auth-user'), command }).finish()).output;
      await expect
        .poll(verify, { interval: 1000 })
        .toMatch(/user: [1-9]\d* seals over \d+ rows, as they were sealed/);
    });
  },
);

function codeOf(secret: string, afterSteps: number): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({
    timestamp: Date.now() + afterSteps * 30_000,
  });
}
