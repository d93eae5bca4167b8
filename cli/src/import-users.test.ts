import { spawn } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRunFolder } from '@signet/testing/run-folder';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testPassword } from '../../subgraphs/auth/src/testing/accounts.test-support.ts';
import {
  signInOperation,
  startTestAuth,
  type TestAuth,
} from '../../subgraphs/auth/src/testing/auth.test-support.ts';
import { run as runSignet } from './run-command.test-support.ts';

let auth: TestAuth;
let folder: string;
beforeAll(async () => {
  [auth, folder] = await Promise.all([startTestAuth(), createRunFolder()]);
});
afterAll(async () => {
  await auth.stop();
  await rm(folder, { recursive: true, force: true });
});

const hash = `pbkdf2_sha256$2000$abcDEF123456$${pbkdf2Sync(testPassword, 'abcDEF123456', 2000, 32, 'sha256').toString('base64')}`;
const fileOf = async (lines: readonly (object | string)[]) => {
  const file = join(folder, `${Math.random()}.jsonl`);
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  await writeFile(file, `${texts.join('\n')}\n`);
  return file;
};
const env = () => ({ DATABASE_URL: auth.database.adminUrl });
const importFile = (file: string, ...options: string[]) =>
  runSignet(['db', 'import-users', file, ...options], { env: env() });
const countUsers = async (pattern: string) => {
  const [row] = await auth.database.query<{ n: string }>(
    'select count(*) as n from auth.user where email like $1',
    [pattern],
  );
  return Number(row?.n);
};

it('lets imported customers in with the password that they have, and hashes it anew', async () => {
  const file = await fileOf([
    { email: 'Ada@Imported.example', fullName: ' Ada L. ', emailVerified: true, hash },
    { tenant: 'globex', email: 'bob@bücher.example', hash },
  ]);
  const { code, out } = await importFile(file, '--tenant', 'demo');
  expect({ code, out }).toEqual({
    code: 0,
    out: 'imported 2 customers; 0 were there already and stay as they are\n',
  });
  const rows = await auth.database.query(
    `select u.email, u.full_name, u.email_verified, u.pepper_id, t.slug, e.platform, e.details
     from auth.user u join auth.tenant t on t.id = u.tenant_id
       join auth.audit_event e on e.subject_id = u.id and e.tenant_id = u.tenant_id and e.kind = 'auth.account.imported'
     order by u.email`,
  );
  const details = { by: 'operator', algorithm: 'pbkdf2' };
  expect(rows).toEqual([
    {
      email: 'ada@imported.example',
      full_name: 'Ada L.',
      email_verified: true,
      pepper_id: 'none',
      slug: 'demo',
      platform: 'user',
      details,
    },
    {
      email: 'bob@xn--bcher-kva.example',
      full_name: '',
      email_verified: false,
      pepper_id: 'none',
      slug: 'globex',
      platform: 'user',
      details,
    },
  ]);
  const ada = { id: '', email: 'ada@imported.example', password: testPassword };
  const wrong = await auth.ask(signInOperation('login'), {
    input: { email: ada.email, password: 'wrong password' },
  });
  expect(wrong.body.errors?.[0]?.extensions.reason).toBe('auth.failure.invalid_credentials');
  expect(await auth.signIn('login', ada)).toBeTruthy();
  const stored = () =>
    auth.database.query(`select left(password_hash, 7) as form, pepper_id from auth.user where email = $1`, [
      ada.email,
    ]);
  await expect.poll(async () => (await stored())[0]?.form, { timeout: 10_000 }).toBe('$2b$04$');
  expect(await auth.signIn('login', ada)).toBeTruthy();
});

it('leaves an account that is there as it is, and can be started again', async () => {
  const file = await fileOf([{ email: 'again@imported.example', fullName: 'First', hash }]);
  await importFile(file, '--tenant', 'demo');
  const other = await fileOf([{ email: 'again@imported.example', fullName: 'Second', hash }]);
  const { out } = await importFile(other, '--tenant', 'demo');
  expect(out).toBe('imported 0 customers; 1 were there already and stay as they are\n');
  const rows = await auth.database.query(
    `select full_name from auth.user where email = 'again@imported.example'`,
  );
  expect(rows).toEqual([{ full_name: 'First' }]);
});

it('names the lines that are wrong, quotes none of them, and adds nobody', async () => {
  const secret = 'do-not-show-this';
  const file = await fileOf([
    { email: 'good@faulty.example', hash },
    '',
    { email: secret, hash },
    { email: 'x@faulty.example', hash: secret },
    {
      email: 'x@faulty.example',
      hash: '$scrypt$ln=30,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$AAAAAAAAAAAAAAAAAAAAAA',
    },
    { email: 'x@faulty.example', hash, tenant: 'nowhere' },
    { email: 'x@faulty.example', hash, [secret]: 1 },
    { email: 'x@faulty.example', hash, fullName: 'a\u0007b' },
    { email: 'GOOD@faulty.example', hash },
    `{"email": "${secret}`,
    '[]',
  ]);
  const { code, out, err } = await importFile(file, '--tenant', 'demo');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err.trim().split('\n')).toEqual([
    'Nobody was added: the file has faults.',
    'line 3: email: must be an e-mail address',
    expect.stringMatching(/^line 4: hash: must be a hash of bcrypt/),
    expect.stringMatching(/^line 5: hash: has parameters beyond 128 MiB/),
    'line 6: tenant: there is no such tenant',
    'line 7: has a field that is none of tenant, email, fullName, emailVerified, hash',
    'line 8: fullName: must not hold control characters',
    'line 9: email: is that of line 1',
    'line 10: must be a JSON object',
    'line 11: must be a JSON object',
  ]);
  expect(err).not.toContain(secret);
  expect(await countUsers('%@faulty.example')).toBe(0);
});

it('adds nobody when it only checks, and needs a tenant', async () => {
  const file = await fileOf([{ email: 'checked@imported.example', hash }]);
  expect((await importFile(file, '--tenant', 'demo', '--check')).out).toBe(
    `${file} has no fault; nobody was added\n`,
  );
  expect((await importFile(file)).err).toContain('line 1: tenant: is missing, and so is --tenant');
  expect(await countUsers('checked@imported.example')).toBe(0);
  expect((await importFile(join(folder, 'none.jsonl'))).err).toMatch(/can't be read \(ENOENT\)/);
});

it('goes on after it was killed: everybody once, and each in the audit log', async () => {
  const most = 8000;
  const file = await fileOf(
    Array.from({ length: most }, (_, n) => ({
      email: `c${n}@killed.example`,
      hash,
      fullName: `Customer ${n}`,
    })),
  );
  const program = fileURLToPath(new URL('../bin/signet.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, 'db', 'import-users', file, '--tenant', 'demo'], {
    env: { ...process.env, ...env() },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  await expect
    .poll(() => countUsers('%@killed.example'), { timeout: 30_000, interval: 20 })
    .toBeGreaterThan(0);
  child.kill('SIGKILL');
  await ended;
  const before = await countUsers('%@killed.example');
  expect(before).toBeLessThan(most);
  expect(before % 500).toBe(0);
  const { out } = await importFile(file, '--tenant', 'demo');
  expect(out).toBe(
    `imported ${most - before} customers; ${before} were there already and stay as they are\n`,
  );
  expect(await countUsers('%@killed.example')).toBe(most);
  const [audited] = await auth.database.query<{ n: string }>(
    `select count(distinct e.subject_id) as n from auth.audit_event e join auth.user u on u.id = e.subject_id
     where e.kind = 'auth.account.imported' and u.email like '%@killed.example'`,
  );
  expect(Number(audited?.n)).toBe(most);
});
