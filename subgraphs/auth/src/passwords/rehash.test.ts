import { pbkdf2Sync, randomBytes } from 'node:crypto';
import {
  createPepper,
  hashPassword,
  noPepperId,
  type PasswordHash,
  passwordSchemes,
} from '@signet/db/password-hash';
import { reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type TestAccount,
  testPassword,
  testPasswordCost,
  testPepper,
} from '../testing/accounts.test-support.ts';
import { signInOperation, startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import {
  bothPlatforms,
  type PlatformFields,
  sessionOperations,
} from '../testing/session-operations.test-support.ts';

const oldPepper = randomBytes(32);
const [current, old] = [createPepper(testPepper), createPepper(oldPepper)];
const peppers = [testPepper, oldPepper].map((key) => key.toString('base64')).join('\n');
const inUse = { algorithm: 'bcrypt', cost: testPasswordCost } as const;

/** As Django has it. */
function importedHash(): PasswordHash {
  const tag = pbkdf2Sync(testPassword, 'abcDEF123456', 2000, 32, 'sha256').toString('base64');
  return { hash: `pbkdf2_sha256$2000$abcDEF123456$${tag}`, pepperId: noPepperId };
}

type Kind = (typeof bothPlatforms)[number];

function accountsOf(auth: () => TestAuth, { platform, addAccount }: Kind) {
  const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
  return {
    async add({ hash, pepperId }: PasswordHash): Promise<TestAccount> {
      const { database, tenants } = auth();
      const account = await addAccount(database, { tenantId: tenants.demo });
      const sql = `update ${table} set password_hash = $2, pepper_id = $3 where id = $1`;
      await database.query(sql, [account.id, hash, pepperId]);
      return account;
    },
    async read({ id }: TestAccount) {
      const rows = await auth().database.query(
        `select password_hash as hash, pepper_id as "pepperId", password_version as version, device_version as device
         from ${table} where id = $1`,
        [id],
      );
      return rows[0] as PasswordHash & { version: number; device: number };
    },
  };
}

async function reasonOfSignIn(auth: TestAuth, { login }: PlatformFields, account: TestAccount) {
  const { email, password } = account;
  const answer = await auth.ask(signInOperation(login), { input: { email, password } });
  return reasonsOf(answer)[0];
}

describe.each(bothPlatforms)('$platform: at sign-in, a hash', (kind) => {
  const { fields, platform } = kind;
  let auth: TestAuth;
  beforeAll(async () => {
    auth = await startTestAuth({ PASSWORD_PEPPER: peppers });
  });
  afterAll(() => auth.stop());
  const { add, read } = accountsOf(() => auth, kind);
  const { refresh, changePassword } = sessionOperations(() => auth, kind);

  it.each([
    ['of an earlier pepper', () => hashPassword(testPassword, old, inUse), '$2b$04$'],
    ['of another algorithm', () => hashPassword(testPassword, current, passwordSchemes.argon2id), '$2b$04$'],
    ['of another program', importedHash, '$2b$04$'],
    ['of a higher cost', () => hashPassword(testPassword, old, { ...inUse, cost: 6 }), '$2b$06$'],
  ] as const)('%s is made anew, and sessions and devices live on', async (_name, make, form) => {
    const stored = make();
    const account = await add(stored);
    const { refreshToken } = await auth.signIn(fields.login, account);
    await expect.poll(async () => (await read(account)).hash, { timeout: 10_000 }).not.toBe(stored.hash);
    const made = await read(account);
    expect(made).toMatchObject({ pepperId: current.id, version: 1, device: 1 });
    expect(made.hash.slice(0, form.length)).toBe(form);
    expect(reasonsOf(await refresh(refreshToken))).toEqual([]);
    const { accessToken } = await auth.signIn(fields.login, account);
    // Of a password that is the current one this is bad input, and of another one a wrong password.
    const same = { currentPassword: testPassword, newPassword: testPassword };
    expect(reasonsOf(await changePassword(same, accessToken))).toEqual(['input.newPassword']);
    expect(await read(account)).toEqual(made);
  });

  it('stays as it is after a wrong password', async () => {
    const stored = importedHash();
    const account = await add(stored);
    const wrong = { ...account, password: `${testPassword}!` };
    expect(await reasonOfSignIn(auth, fields, wrong)).toBe('auth.failure.invalid_credentials');
    await auth.signIn(fields.login, await add(importedHash())); // Another account's, later.
    expect(await read(account)).toMatchObject(stored);
  });

  it('of a pepper that the process does not have equals no password, even as typed', async () => {
    const { hash } = importedHash();
    const account = await add({ hash, pepperId: createPepper(randomBytes(32)).id });
    auth.compares.length = 0;
    expect(await reasonOfSignIn(auth, fields, account)).toBe('auth.failure.invalid_credentials');
    expect(auth.compares).toEqual([{ platform, cost: testPasswordCost }]);
  });

  it('that was made with a pepper equals nothing when its row says that it has none', async () => {
    const { hash } = hashPassword(testPassword, current, inUse);
    const account = await add({ hash, pepperId: noPepperId });
    expect(await reasonOfSignIn(auth, fields, account)).toBe('auth.failure.invalid_credentials');
  });
});

describe.each(bothPlatforms)('$platform: with PASSWORD_ALGORITHM=argon2id', (kind) => {
  const { fields } = kind;
  let auth: TestAuth;
  beforeAll(async () => {
    auth = await startTestAuth({ PASSWORD_ALGORITHM: 'argon2id' });
  });
  afterAll(() => auth.stop());
  const { add, read } = accountsOf(() => auth, kind);
  const { changePassword } = sessionOperations(() => auth, kind);

  it('a bcrypt hash becomes one of Argon2id, and so is every new password', async () => {
    const account = await add(hashPassword(testPassword, current, inUse));
    const { accessToken } = await auth.signIn(fields.login, account);
    await expect.poll(async () => (await read(account)).hash, { timeout: 10_000 }).toMatch(/^\$argon2id\$/);
    const newPassword = 'seven blue pears in a boat';
    const changed = await changePassword({ currentPassword: testPassword, newPassword }, accessToken);
    expect(reasonsOf(changed)).toEqual([]);
    expect((await read(account)).hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await auth.signIn(fields.login, { ...account, password: newPassword })).toBeTruthy();
    expect(await reasonOfSignIn(auth, fields, account)).toBe('auth.failure.invalid_credentials');
  });

  it('an unknown account costs one compare of Argon2id', async () => {
    auth.compares.length = 0;
    const nobody = { id: '', email: 'nobody@example.com', password: testPassword };
    expect(await reasonOfSignIn(auth, fields, nobody)).toBe('auth.failure.invalid_credentials');
    expect(auth.compares).toEqual([{ platform: kind.platform, cost: 0 }]);
  });
});
