import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GraphqlAnswer, postGraphql } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestSmtp, type TestSmtp } from '../../subgraphs/auth/src/testing/smtp.test-support.ts';
import {
  createHome,
  findFreePortBase,
  type StartedProcess,
  seedPassword,
  startSignet,
} from './platform.test-support.ts';

const signIn = `mutation ($input: LoginInput!) { it: login(input: $input) { accessToken refreshToken } }`;
const signInStaff = signIn.replace('login', 'portalLogin');
const refresh = `mutation ($input: RefreshInput!) { it: refresh(input: $input) { accessToken } }`;
const addNote = 'mutation ($input: AddSupportNoteInput!) { addSupportNote(input: $input) { id } }';
const readNotes = `query ($id: ID!, $after: String) { customer(id: $id) {
  supportNotes(first: 50, after: $after) { edges { node { body } } pageInfo { hasNextPage endCursor } } } }`;
const askForReset = (field: string, email: string) => `mutation { ${field}(input: { email: "${email}" }) }`;

type Tokens = { accessToken: string; refreshToken: string };

/** A backup of `npm start` while it works; then it is lost, and comes back from the file. */
describe('a platform that was lost and restored', () => {
  let folder: Awaited<ReturnType<typeof createHome>>;
  let portBase: number;
  let smtp: TestSmtp;
  let platform: StartedProcess;
  const homeOf = (name: string) => join(folder.path, name);
  const variables = (home: string) => ({ PORT_BASE: String(portBase), SIGNET_HOME: homeOf(home) });

  const start = async (home: string) => {
    platform = startSignet(['start'], {
      ...variables(home),
      MAIL_URL: smtp.url,
      MAIL_FROM: 'Shop <no-reply@shop.example>',
      USER_APP_URL: 'https://shop.example/',
      PORTAL_APP_URL: 'https://desk.example/',
      STAFF_MFA: 'optional',
    });
    await platform.waitFor('Signet is ready');
  };
  const stop = async () => {
    platform.child.kill('SIGTERM');
    expect(await platform.exit()).toMatchObject({ code: 0 });
  };
  /** Runs a command of the operator beside it. */
  const signet = async (home: string, ...args: string[]) => {
    const command = startSignet(args, variables(home));
    const { code } = await command.exit();
    return { code, output: command.output() };
  };
  const ask = (query: string, given = {}, token?: string): Promise<GraphqlAnswer> =>
    postGraphql(`http://127.0.0.1:${portBase}/graphql`, { query, variables: given }, token ? { token } : {});
  const open = async (query: string, email: string): Promise<Tokens> =>
    (await ask(query, { input: { email, password: seedPassword } })).body.data.it;
  const reasonOf = ({ body }: GraphqlAnswer) => body.errors?.[0]?.extensions.reason;

  /** What was answered with success, in this order. */
  const written: string[] = [];
  let before: number;
  let staff: Tokens;
  let ada: Tokens;
  let customerId: string;
  /** Of the log that was lost. */
  let lastSeal: string;

  beforeAll(async () => {
    folder = await createHome();
    portBase = await findFreePortBase();
    smtp = await startTestSmtp();
    smtp.judge = () => {
      throw Object.assign(new Error('try again later'), { responseCode: 451 });
    };
    await writeFile(join(folder.path, 'passphrase'), 'long enough for a backup');
    await start('first');
  });
  afterAll(async () => {
    platform?.child.kill('SIGKILL');
    await platform?.exit();
    await smtp?.stop();
    // The database ends with its parent.
    const lock = join(homeOf('second'), 'postgres', 'postmaster.pid');
    await vi.waitFor(() => expect(existsSync(lock)).toBe(false), 10_000);
    await folder?.remove();
  });

  it('is backed up under load', async () => {
    [ada, staff] = [await open(signIn, 'ada@example.com'), await open(signInStaff, 'support@example.com')];
    customerId = (await ask('{ me { id } }', {}, ada.accessToken)).body.data.me.id;
    expect((await ask(askForReset('requestPasswordReset', 'ada@example.com'))).body.data).toEqual({
      requestPasswordReset: true,
    });
    await expect.poll(() => smtp.asked).toContain('ada@example.com');
    let isDone = false;
    const writers = [1, 2].map(async (writer) => {
      for (let count = 1; !isDone; count += 1) {
        const body = `note ${writer}.${count}`;
        const { body: answer } = await ask(addNote, { input: { customerId, body } }, staff.accessToken);
        if (answer.data?.addSupportNote) written.push(body);
        else if (reasonOf({ body: answer } as GraphqlAnswer) !== 'auth.throttled')
          throw new Error(JSON.stringify(answer));
        await sleep(5);
      }
    });
    await expect.poll(() => written.length).toBeGreaterThan(20);
    before = written.length;
    const backup = signet('first', 'backup', homeOf('file'), '--passphrase-file', homeOf('passphrase'));
    expect(await backup).toEqual({ code: 0, output: expect.stringMatching(/^\S+: [\d.]+ MB, of 20/) });
    isDone = true;
    await Promise.all(writers);
    expect(written.length).toBeGreaterThan(before);
  });

  it('goes on, and is lost', async () => {
    // Each of these would come back to life.
    expect((await ask('mutation { logout }', {}, ada.accessToken)).body.data).toEqual({ logout: true });
    smtp.judge = () => {};
    // The longer the backup took, the later the mail is tried again.
    await expect
      .poll(() => smtp.taken.map(({ to }) => to), { timeout: 180_000 })
      .toEqual(['ada@example.com']);
    await stop();
    const { output } = await signet('first', 'audit', 'verify');
    lastSeal = /the last is (user:\d+:[0-9a-f]{64})/.exec(output)?.[1] ?? output;
    await rm(homeOf('first'), { recursive: true });
  });

  it('comes back with its data and secrets', async () => {
    const { code, output } = await signet(
      'second',
      'restore',
      homeOf('file'),
      '--passphrase-file',
      homeOf('passphrase'),
    );
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(
        /user: ended [1-9]\d* sessions and [1-9]\d* links.*; revoked 2 signing keys; held back 1 mails/,
      ),
    ]);
    await start('second');
    staff = { ...staff, ...(await open(signInStaff, 'support@example.com')) };
    const found: string[] = [];
    for (let after: string | null = null; ; ) {
      const { body } = await ask(readNotes, { id: customerId, after }, staff.accessToken);
      const { edges, pageInfo } = body.data.customer.supportNotes;
      found.push(...edges.map(({ node }: { node: { body: string } }) => node.body));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    // All that was answered before the backup began, and nothing that was never asked for.
    expect(found).toEqual(expect.arrayContaining(written.slice(0, before)));
    expect(written).toEqual(expect.arrayContaining(found.filter((body) => body.startsWith('note '))));
  });

  it('takes no token and no session of before', async () => {
    const old = await ask('{ me { id } }', {}, ada.accessToken);
    expect([old.status, reasonOf(old)]).toEqual([
      401,
      expect.stringMatching(/^auth\.failure\.(revoked|unknown_key)$/),
    ]);
    const renewed = await ask(refresh, { input: { refreshToken: ada.refreshToken } });
    expect(reasonOf(renewed)).toBe('auth.failure.revoked');
  });

  it('sends no mail twice, and lets the operator send what was held back', async () => {
    const { output } = await signet('second', 'mail', 'status');
    expect(output).toContain('not sent again after a restore');
    // A mail from afterwards goes out, past the one that was held back.
    await ask(askForReset('requestPortalPasswordReset', 'support@example.com'));
    await expect.poll(() => smtp.taken.map(({ to }) => to)).toContain('support@example.com');
    expect(smtp.taken.filter(({ to }) => to === 'ada@example.com')).toHaveLength(1);
    expect((await signet('second', 'mail', 'retry', '--all')).output).toContain('1 mail');
    await expect.poll(() => smtp.taken.filter(({ to }) => to === 'ada@example.com')).toHaveLength(2);
  });

  it('has a whole audit log, and knows that the end of the lost one is missing', async () => {
    const verify = async () => (await signet('second', 'audit', 'verify')).output;
    await expect
      .poll(verify, { interval: 1000 })
      .toMatch(/^user: \d+ seals over \d+ rows, as they were sealed.*\nportal: .* as they were sealed/);
    const { code, output } = await signet('second', 'audit', 'verify', '--last-seal', lastSeal);
    expect([code, output]).toEqual([1, expect.stringMatching(/user: .* wrong:/)]);
  });

  it('passes the smoke walk', async () => {
    const smoke = startSignet(['smoke'], {
      ...variables('second'),
      STAFF_MFA: 'optional',
    });
    const { code } = await smoke.exit();
    expect([code, smoke.output()]).toEqual([0, expect.stringContaining('All of it holds')]);
    await stop();
  });
});
