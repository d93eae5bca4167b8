import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addCustomer, type TestAccount } from '../../subgraphs/auth/src/testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../../subgraphs/auth/src/testing/auth.test-support.ts';
import { randomSecret } from '../../subgraphs/auth/src/testing/config.test-support.ts';
import { run as runSignet } from './run-command.test-support.ts';

const secrets = { USER_KEY_ENCRYPTION_KEY: randomSecret(), PORTAL_KEY_ENCRYPTION_KEY: randomSecret() };
const timing = { publicationSeconds: 1 };

let auth: TestAuth;
let customer: TestAccount;
beforeAll(async () => {
  auth = await startTestAuth(secrets, { keyTiming: { ...timing, pollSeconds: 0.2 } });
  customer = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
});
afterAll(() => auth.stop());

function run(words: string, { input = '', env = {}, keyTiming = timing } = {}) {
  return runSignet(`keys ${words}`, {
    input,
    env: {
      USER_DATABASE_URL: auth.database.urlOf('signet_auth_user'),
      PORTAL_DATABASE_URL: auth.database.urlOf('signet_auth_portal'),
      ...secrets,
      ...env,
    },
    keyTiming,
  });
}

const kidOf = async (state: string, platform = 'user') => {
  const rows = await auth.database.query<{ kid: string }>(
    'select kid from auth.signing_key where state = $1 and platform = $2 order by retire_at desc',
    [state, platform],
  );
  return rows[0]?.kid ?? '';
};
const me = (token: string) => auth.ask('{ me { id } }', {}, { token });
const publicationIsOver = () => new Promise((resolve) => setTimeout(resolve, 1100));

describe('npm run keys', () => {
  it('lists the keys of both platforms, and nothing secret', async () => {
    const { code, out } = await run('list');
    expect(code).toBe(0);
    for (const platform of ['user', 'portal']) {
      expect(out).toContain(await kidOf('active', platform));
      expect(out).toContain(await kidOf('next', platform));
    }
    expect(out).not.toContain(secrets.USER_KEY_ENCRYPTION_KEY);
    expect(out).not.toMatch(/PRIVATE|postgres:|"d"/);
  });

  it('lists without the key-encryption key, and without the other platform', async () => {
    const env = { USER_KEY_ENCRYPTION_KEY: '', PORTAL_DATABASE_URL: '' };
    const { code, out } = await run('list', { env });
    expect(code).toBe(0);
    expect(out).toContain(await kidOf('active'));
  });

  it('rotates: a token from before holds, a new one comes from the new key', async () => {
    const [old, next] = [await kidOf('active'), await kidOf('next')];
    const before = await auth.signIn('login', customer);
    await publicationIsOver();
    const { code, out } = await run('rotate --platform user');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(`${next} signs from now on`) });
    expect(out).toMatch(`${old} stays until`);
    await vi.waitFor(async () => expect(await signingKid()).toBe(next), 30_000);
    expect((await me(before.accessToken)).body.errors).toBeUndefined();
  });

  it('refuses --now before the publication time is over and says what --emergency breaks', async () => {
    const active = await kidOf('active');
    // Longer than any machine takes for two commands.
    const early = { keyTiming: { publicationSeconds: 3600 } };
    const rotated = await run('rotate --platform user --emergency', early);
    expect(rotated.out).toMatch(/signs from now on[\s\S]*What breaks/);
    const { code, err } = await run('rotate --platform user --now', early);
    expect(code).toBe(1);
    expect(err).toMatch(/nothing was changed[\s\S]*What breaks/);
    expect(await kidOf('retiring')).toBe(active);
  });

  it('revokes the key that signs: its tokens are refused, whoever signs in or refreshes goes on', async () => {
    await publicationIsOver();
    const tokens = await auth.signIn('login', customer);
    const revoked = await kidOf('active');
    const { code, out } = await run(`revoke ${revoked} --platform user`);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('revoked for good') });
    await vi.waitFor(async () => {
      const { status, body } = await me(tokens.accessToken);
      expect(status).toBe(401);
      expect(body.errors?.[0]?.extensions.reason).toMatch(/^auth\.failure\.(unknown_key|revoked)$/);
    }, 5000);
    const { body } = await auth.ask(
      `mutation { refresh(input: { refreshToken: "${tokens.refreshToken}" }) { accessToken } }`,
    );
    expect((await me(body.data.refresh.accessToken)).body.errors).toBeUndefined();
  });

  it('imports a key from standard input, once, for one platform', async () => {
    const input = generateKeyPairSync('ed25519').privateKey.export({
      format: 'pem',
      type: 'pkcs8',
    }) as string;
    const { code, out } = await run('import - --platform portal', { input });
    expect(code).toBe(0);
    expect(out).toContain(await kidOf('next', 'portal'));
    for (const platform of ['user', 'portal']) {
      expect(await run(`import - --platform ${platform}`, { input })).toMatchObject({
        code: 1,
        err: expect.stringContaining('a key serves one platform, once'),
      });
    }
  });

  it.each([
    ['', 'Usage: signet keys'],
    ['turn', "Unknown command 'turn'."],
    ['rotat', "Unknown command 'rotat'. Did you mean rotate?"],
    ['rotate', 'Missing --platform <platform>. See: signet keys rotate --help'],
    ['rotate --platform staff', "argument 'staff' is invalid. Allowed choices are user, portal."],
    ['rotate --platform user --algorithm HS256', "argument 'HS256' is invalid. Allowed choices are EdDSA,"],
    ['rotate --platform user --now --emergency', 'Either --now or --emergency.'],
    ['revoke --platform user', "Missing required argument 'kid'."],
    ['list --now', "Unknown option '--now'."],
    ['list --platfrom user', "Unknown option '--platfrom'. Did you mean --platform?"],
    ['list again', 'Too many arguments'],
  ])('refuses the command line "%s" with one line, exit 2', async (words, fault) => {
    const { code, out, err } = await run(words);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(fault);
  });

  it.each([
    ['revoke nobody --platform user', 'user: there is no key nobody.'],
    [`revoke -${'x'.repeat(42)} --platform user`, `user: there is no key -${'x'.repeat(42)}.`],
    ['import /nowhere/key.pem --platform user', "/nowhere/key.pem: can't be read (ENOENT)"],
    ['import - --platform user', '-: must hold one private key'],
  ])('says what is wrong with "%s"', async (words, fault) => {
    const { code, err } = await run(words);
    expect(code).toBe(1);
    expect(err).toContain(fault);
  });

  it('changes nothing with another key-encryption key, and names it', async () => {
    const env = { USER_KEY_ENCRYPTION_KEY: randomSecret() };
    const { code, err } = await run('rotate --platform user --emergency', { env });
    expect(code).toBe(1);
    expect(err).toMatch(/^USER_KEY_ENCRYPTION_KEY: does not open/);
  });

  it('leaves keys in files to whoever wrote them, and revokes one where it must', async () => {
    const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const env = { USER_PRIVATE_KEY: key, USER_KEY_ENCRYPTION_KEY: '' };
    expect(await run('list --platform user', { env })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/signs/),
    });
    expect(await run('rotate --platform user', { env })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^USER_PRIVATE_KEY: is set/),
    });
    expect(await run('revoke some-kid --platform user', { env })).toMatchObject({ code: 0 });
    expect(
      await auth.database.query("select 1 from auth.revocation where subject = 'some-kid'"),
    ).toHaveLength(1);
  });
});

async function signingKid(): Promise<string> {
  const { accessToken } = await auth.signIn('login', customer);
  return JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString()).kid;
}
