import { createDatabase, pruneAuditLog } from '@signet/db';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addCustomer } from '../../subgraphs/auth/src/testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../../subgraphs/auth/src/testing/auth.test-support.ts';
import { randomSecret } from '../../subgraphs/auth/src/testing/config.test-support.ts';
import { run as runSignet } from './run-command.test-support.ts';

const AUDIT_KEY = randomSecret();
let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth({ AUDIT_KEY });
  const customer = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
  await auth.signIn('login', customer);
  const isSealed = async () =>
    expect(await auth.database.query('select from auth.audit_pending')).toHaveLength(0);
  await vi.waitFor(isSealed, { timeout: 30_000 });
});
afterAll(() => auth.stop());

const asAuth = () => ({
  AUDIT_KEY,
  USER_DATABASE_URL: auth.database.urlOf('signet_auth_user'),
  PORTAL_DATABASE_URL: auth.database.urlOf('signet_auth_portal'),
});
const asAdmin = () => ({ AUDIT_KEY, DATABASE_URL: auth.database.adminUrl });

const run = (words: string, env: Record<string, string> = asAuth()) => runSignet(`audit ${words}`, { env });

describe('npm run audit -- verify', () => {
  it.each([
    ['the variables of an auth process', asAuth],
    ["an administrator's DATABASE_URL", asAdmin],
  ])('finds nothing wrong where nothing is, with %s, and gives the last seal', async (_title, env) => {
    const { code, out, err } = await run('verify', env());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^user: \d+ seals? over 4 rows, as they were sealed; the last is user:\d+:[0-9a-f]{64}$/m,
    );
    // A sign-in; and of each platform the key that signs (published, signs) and the one that waits.
    expect(out).toMatch(/^portal: \d+ seals? over 3 rows/m);
    const last = /user:\d+:[0-9a-f]{64}/.exec(out)?.[0];
    expect((await run(`verify --last-seal ${last}`, env())).code).toBe(0);
  });

  it('names what was cut off, on exit 1', async () => {
    const { code, err } = await run(`verify --last-seal user:99:${'ab'.repeat(32)}`);
    expect(code).toBe(1);
    expect(err).toMatch(/cut off: the log names user seal 99/);
  });

  it('says how many rows were pruned, and from which seal on the log is complete', async () => {
    await auth.database.query(
      `insert into auth.audit_event (tenant_id, kind, platform, happened_at)
       values ($1, 'auth.throttled', 'portal', now() - interval '200 days')`,
      [auth.tenants.demo],
    );
    const isSealed = async () =>
      expect(await auth.database.query('select from auth.audit_pending')).toHaveLength(0);
    await vi.waitFor(isSealed, { timeout: 30_000 });
    const db = createDatabase(auth.database.urlOf('signet_auth_portal'));
    const key = Buffer.from(AUDIT_KEY, 'base64');
    const job = pruneAuditLog({ platform: 'portal', key, retention: { 'auth.throttled': 180 } });
    expect(await job.prune(db, 10)).toBe(1);
    await db.destroy();
    const { code, out } = await run('verify');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^portal: \d+ seals over 4 rows, 1 of them pruned when their time was over, as they were sealed; complete from seal \d+ on/m,
    );
  });

  it('names a changed row, on exit 1', async () => {
    const kind = 'auth.login.success';
    const [{ id }] = await auth.database.query('select id from auth.audit_event where kind = $1', [kind]);
    await auth.database.query(`update auth.audit_event set kind = 'auth.logout' where id = $1`, [id]);
    const { code, err } = await run('verify');
    expect(code).toBe(1);
    expect(err).toMatch(new RegExp(`row ${id} of user seal \\d+ of \\S+ was changed`));
    await auth.database.query('update auth.audit_event set kind = $1 where id = $2', [kind, id]);
    expect((await run('verify')).code).toBe(0);
  });

  it('looks at its own platform only as a role of one, and refuses a role that sees less', async () => {
    const as = (role: 'signet_auth_user' | 'signet_portal') => ({
      AUDIT_KEY,
      DATABASE_URL: auth.database.urlOf(role),
    });
    const { code, out } = await run('verify', as('signet_auth_user'));
    expect(code).toBe(0);
    expect(out).not.toContain('portal:');
    const refused = await run('verify', as('signet_portal'));
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/^DATABASE_URL: this role does not see all rows/);
  });

  it.each([
    ['', /^Usage: signet audit/],
    ['seal', /^Unknown command 'seal'/],
    ['verify again', /^Too many arguments/],
    ['verify --last-seal user:1', /argument 'user:1' is invalid\. A seal is written like/],
    ['verify --all', /^Unknown option '--all'/],
  ])("refuses '%s' and says why, exit 2", async (words, fault) => {
    const { code, err } = await run(words);
    expect(code).toBe(2);
    expect(err).toMatch(fault);
  });

  it('names AUDIT_KEY where it is missing', async () => {
    const { code, err } = await run('verify', { ...asAuth(), AUDIT_KEY: '' });
    expect(code).toBe(1);
    expect(err).toMatch(/^AUDIT_KEY: is not set/);
  });
});
