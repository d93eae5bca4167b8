import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diagnose } from '@signet/auth/operator/doctor';
import { createPepper } from '@signet/db/password-hash';
import { createRunFolder } from '@signet/testing/run-folder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember } from '../../subgraphs/auth/src/testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../../subgraphs/auth/src/testing/auth.test-support.ts';
import { randomSecret } from '../../subgraphs/auth/src/testing/config.test-support.ts';
import { run as runSignet } from './run-command.test-support.ts';

const secrets = {
  PASSWORD_PEPPER: randomSecret(),
  USER_KEY_ENCRYPTION_KEY: randomSecret(),
  PORTAL_KEY_ENCRYPTION_KEY: randomSecret(),
  AUDIT_KEY: randomSecret(),
};
const idOf = (pepper: string) => createPepper(Buffer.from(pepper, 'base64')).id;

let auth: TestAuth;
let folder: string;
beforeAll(async () => {
  [auth, folder] = await Promise.all([startTestAuth(secrets), createRunFolder()]);
});
afterAll(async () => {
  await auth.stop();
  await rm(folder, { recursive: true, force: true });
});

const asAuth = () => ({
  USER_DATABASE_URL: auth.database.urlOf('signet_auth_user'),
  PORTAL_DATABASE_URL: auth.database.urlOf('signet_auth_portal'),
});
const asAdmin = () => ({ DATABASE_URL: auth.database.adminUrl });
const read = async (file: string) => (await readFile(file, 'utf8')).trim().split('\n');
const writeSecret = async (name: string, ...keys: string[]) => {
  const file = join(folder, name);
  await writeFile(file, `${keys.join('\n')}\n`, { mode: 0o600 });
  return file;
};
const run = (words: string, env: Record<string, string>) => runSignet(`keys ${words}`, { env });
/** No command prints a key. */
const expectNoKeys = (texts: readonly string[], keys: readonly string[]) => {
  for (const key of keys) expect(texts.join('\n')).not.toContain(key.replace(/=+$/, ''));
};

describe('npm run keys -- pepper', () => {
  it.each([
    ['the variables of an auth process', asAuth],
    ["an administrator's DATABASE_URL", asAdmin],
  ])('rotates in steps and keeps a pepper that something needs, with %s', async (_title, environment) => {
    const old = secrets.PASSWORD_PEPPER;
    const file = await writeSecret('pepper', old);
    const env = { ...environment(), PASSWORD_PEPPER_FILE: file };
    const told: string[] = [];
    const step = async (words: string, code = 0) => {
      const outcome = await run(`pepper ${words}`, env);
      told.push(outcome.out, outcome.err);
      expect({ code: outcome.code, err: code === 0 ? outcome.err : '' }).toEqual({ code, err: '' });
      return outcome.out + outcome.err;
    };
    for (const add of [addCustomer, addStaffMember]) {
      const account = await add(auth.database, { tenantId: auth.tenants.globex });
      const table = add === addCustomer ? 'auth.user' : 'auth.portal_user';
      await auth.database.query(`update ${table} set pepper_id = $2 where id = $1`, [account.id, idOf(old)]);
    }
    expect(await step('switch', 1)).toBe('There is one key only: make the next one first (rotate).\n');

    expect(await step('rotate')).toMatch(/in use\n.*accepted\nGive it to every process/);
    const [first, next = ''] = await read(file);
    expect(first).toBe(old);
    expect(Buffer.from(next, 'base64')).toHaveLength(32);
    expect((await stat(file)).mode & 0o777).toBe(0o600);

    await step('switch');
    expect(await read(file)).toEqual([next, old]);
    expect(await step('status')).toMatch(
      new RegExp(`${idOf(next)}  in use +0 .*\n.*${idOf(old)}  accepted +[1-9]`),
    );
    expect(await step(`drop ${idOf(old)}`, 1)).toMatch(/^Nothing was changed: \d+ passwords.* depend on/);
    expect(await step(`drop ${idOf(next)}`, 1)).toMatch(/is the first key, which is in use/);
    expect(await read(file)).toEqual([next, old]);
    expectNoKeys(told, [old, next]);
  });

  it.each([
    [
      'a mail that waits',
      (pepperId: string | null) =>
        auth.database.query(
          `insert into auth.portal_mail (tenant_id, template, recipient, sealed_content, pepper_id)
           values ($1, 'reset-password', substr(sha256('x'), 1, 16), 'x', $2)`,
          [auth.tenants.demo, pepperId],
        ),
    ],
    [
      'an unfinished registration',
      (pepperId: string | null) =>
        auth.database.query(
          `insert into auth.user_registration
             (token_hash, challenge_hash, tenant_id, email, full_name, password_hash, pepper_id, expires_at)
           values (sha256('t'), sha256('c'), $1, 'new@example.com', '', 'hash', $2, now() + interval '1 hour')`,
          [auth.tenants.demo, pepperId],
        ),
    ],
  ])('keeps a pepper that %s needs, and counts it', async (_title, insert) => {
    const needed = randomSecret();
    const file = await writeSecret('needed', secrets.PASSWORD_PEPPER, needed);
    const env = { ...asAuth(), PASSWORD_PEPPER_FILE: file };
    await insert(idOf(needed));
    const outcome = await run(`pepper drop ${idOf(needed)}`, env);
    expect([outcome.code, outcome.err]).toEqual([
      1,
      expect.stringMatching(/^Nothing was changed: 1 passwords, second factors, mails .* depend on/),
    ]);
    expect(await read(file)).toEqual([secrets.PASSWORD_PEPPER, needed]);
  });

  it('keeps every pepper while a mail waits that does not name its own, and drops it when the mail was sent', async () => {
    const unused = randomSecret();
    const file = await writeSecret('unnamed', secrets.PASSWORD_PEPPER, unused);
    const drop = () => run(`pepper drop ${idOf(unused)}`, { ...asAuth(), PASSWORD_PEPPER_FILE: file });
    const [mail] = await auth.database.query(
      `insert into auth.user_mail (tenant_id, template, recipient, sealed_content)
       values ($1, 'reset-password', substr(sha256('x'), 1, 16), 'x') returning id`,
      [auth.tenants.demo],
    );
    expect((await drop()).err).toMatch(/^Nothing was changed: 1 /);
    await auth.database.query(
      `update auth.user_mail set state = 'sent', sealed_content = null, settled_at = now() where id = $1`,
      [mail?.id],
    );
    expect((await drop()).code).toBe(0);
  });

  it('drops a pepper on which nothing depends', async () => {
    const unused = randomSecret();
    const file = await writeSecret('unused', secrets.PASSWORD_PEPPER, unused);
    const outcome = await run(`pepper drop ${idOf(unused)}`, { ...asAuth(), PASSWORD_PEPPER_FILE: file });
    expect(outcome.code).toBe(0);
    expect(await read(file)).toEqual([secrets.PASSWORD_PEPPER]);
  });

  it('drops none where one platform only can be seen, or no file is known', async () => {
    const unused = randomSecret();
    const file = await writeSecret('half', secrets.PASSWORD_PEPPER, unused);
    const { USER_DATABASE_URL } = asAuth();
    const half = await run(`pepper drop ${idOf(unused)}`, { USER_DATABASE_URL, PASSWORD_PEPPER_FILE: file });
    expect(half.err).toMatch(/^Nothing was changed: only the platform 'user' can be seen/);
    const inVariable = { ...asAuth(), PASSWORD_PEPPER: secrets.PASSWORD_PEPPER };
    expect((await run('pepper rotate', inVariable)).err).toMatch(/^--file: name the file/);
    const broken = await writeSecret('broken', 'no key');
    expect((await run(`pepper rotate --file ${broken}`, {})).err).toMatch(/must be 32 bytes in base64/);
    expect(await read(broken)).toEqual(['no key']);
  });

  it('names a pepper that passwords need and the secret lacks, and so does the doctor', async () => {
    const lost = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    await auth.database.query(`update auth.user set pepper_id = 'feedfeedfeedfeed' where id = $1`, [lost.id]);
    const env = { ...asAuth(), PASSWORD_PEPPER: secrets.PASSWORD_PEPPER };
    expect((await run('pepper status', env)).out).toMatch(/feedfeedfeedfeed {2}MISSING +1 /);
    const findings = await diagnose({
      ...env,
      ...secrets,
      PORT: '0',
      DEFAULT_TENANT: 'demo',
      NODE_ENV: 'test',
      AUTH_PLATFORMS: 'both',
      ISSUER_URL: 'http://localhost:4000',
      REQUIRE_PROOF: 'no',
    });
    expect(findings).toContainEqual(
      expect.objectContaining({
        kind: 'wrong',
        subject: 'user passwords',
        text: expect.stringContaining('feedfeedfeedfeed'),
      }),
    );
  });
});

describe('npm run keys -- encryption', () => {
  it('changes what seals the signing keys: rotate, switch, reseal, drop', async () => {
    const old = secrets.USER_KEY_ENCRYPTION_KEY;
    const file = await writeSecret('encryption', old);
    const env = { ...asAuth(), USER_KEY_ENCRYPTION_KEY_FILE: file };
    const encryption = (words: string) => run(`encryption ${words} --platform user`, env);
    await encryption('rotate');
    await encryption('switch');
    const [next = ''] = await read(file);
    const { out } = await encryption('status');
    const [inUse = '', before = ''] = [...out.matchAll(/^ {2}([0-9a-f]{16}) /gm)].map(([, id]) => id);
    expect(out).toMatch(
      new RegExp(`${inUse}  in use +0 signing keys\n.*${before}  accepted +2 signing keys`),
    );
    expect((await encryption(`drop ${before}`)).err).toMatch(/2 signing keys depend on/);
    expect((await encryption('reseal')).out).toMatch(/^user: sealed anew\n {2}[\w-]{43}\n {2}[\w-]{43}\n$/);
    expect((await encryption('reseal')).out).toMatch(/under the first key already/);
    expect((await encryption(`drop ${before}`)).code).toBe(0);
    expect(await read(file)).toEqual([next]);
    expect((await encryption('status')).out).toMatch(new RegExp(`${inUse}  in use +2 signing keys`));
    expectNoKeys([out], [old, next]);
  });
});

describe('npm run keys -- audit', () => {
  it('makes the next key, and shows how many seals each has', async () => {
    const file = await writeSecret('audit', secrets.AUDIT_KEY);
    const env = { ...asAuth(), AUDIT_KEY_FILE: file };
    expect((await run('audit rotate', env)).code).toBe(0);
    const { out } = await run('audit switch', env);
    expect(out).toContain('The old key stays for `audit verify`');
    const [next, old] = await read(file);
    expect(old).toBe(secrets.AUDIT_KEY);
    await expect
      .poll(async () => (await run('audit status', env)).out)
      .toMatch(/in use +0 seals\n.*accepted +[1-9]\d* seals/);
    expect((await run('audit drop x', env)).code).toBe(2);
    expectNoKeys([out], [next ?? '']);
  });
});
