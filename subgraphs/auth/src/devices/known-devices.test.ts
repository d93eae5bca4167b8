import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestAccount, testPassword } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { bothPlatforms, sessionOperations } from '../testing/session-operations.test-support.ts';

const limits = {
  THROTTLE_PAIR_FAILURES: '3',
  THROTTLE_ACCOUNT_FAILURES: '4',
  THROTTLE_ADDRESS_FAILURES: '8',
};
const wrongPassword = 'a wrong password';
let nextAddress = 0;
function newAddress(): string {
  nextAddress += 1;
  return `198.51.${nextAddress >> 8}.${nextAddress & 255}`;
}

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth(limits);
});
afterAll(() => auth.stop());

describe.each(bothPlatforms)('$platform: a device', ({ platform, other, fields, addAccount, addOther }) => {
  const { changePassword } = sessionOperations(() => auth, { fields });
  const add = () => addAccount(auth.database, { tenantId: auth.tenants.demo });
  const ask = (
    { email, password }: Pick<TestAccount, 'email' | 'password'>,
    { field = fields.login, address = newAddress(), deviceToken }: Sent = {},
  ) =>
    auth.ask(
      `mutation ($input: LoginInput!) { ${field}(input: $input) { accessToken deviceToken } }`,
      { input: { email, password, ...(deviceToken !== undefined && { deviceToken }) } },
      { address },
    );
  type Sent = { field?: string; address?: string; deviceToken?: string | undefined };
  const signIn = async (account: TestAccount, sent: Sent = {}) => {
    const { body } = await ask(account, sent);
    return body.data?.[sent.field ?? fields.login] as
      | { accessToken: string; deviceToken: string }
      | undefined;
  };
  /** As `signIn`, where it must succeed. */
  const signInHere = async (account: TestAccount) => {
    const tokens = await signIn(account);
    if (!tokens) throw new Error('the right password was refused');
    return tokens;
  };
  const fail = async (account: TestAccount, times: number, sent: Sent = {}) => {
    for (let count = 0; count < times; count++) await ask({ ...account, password: wrongPassword }, sent);
  };
  const holdPauses = (kind = '%') =>
    auth.database.query(`update auth.${platform}_throttle set expire = $1 where key like '${kind}-pause:%'`, [
      Date.now() + 3_600_000,
    ]);
  /** Closes the account to strangers for an hour. */
  const close = async (account: TestAccount) => {
    for (let stranger = 0; stranger < 6; stranger++) await fail(account, 1);
    await holdPauses();
    expect(await signIn(account)).toBeUndefined();
  };

  it('that is known gets in, from anywhere, while strangers keep the account closed to newcomers', async () => {
    const account = await add();
    const { deviceToken } = await signInHere(account);
    await close(account);
    const again = await signIn(account, { deviceToken });
    expect(again?.accessToken).toBeDefined();
    expect((await signIn(account, { deviceToken: again?.deviceToken }))?.accessToken).toBeDefined();
  });

  it('is known of no other account, of no other platform, and by no text that was not given', async () => {
    const account = await add();
    const neighbour = await add();
    const { deviceToken } = await signInHere(account);
    const twin = await addOther(auth.database, { tenantId: auth.tenants.demo, email: account.email });
    const foreign = await signIn(twin, { field: other === 'portal' ? 'portalLogin' : 'login' });
    await close(neighbour);
    await close(account);
    expect(await signIn(neighbour, { deviceToken })).toBeUndefined();
    for (const text of [
      foreign?.deviceToken,
      `${deviceToken}x`,
      deviceToken.toUpperCase(),
      '',
      'x'.repeat(5000),
    ]) {
      expect(await signIn(account, { deviceToken: text })).toBeUndefined();
    }
  });

  it('is known of several accounts', async () => {
    const [one, two] = [await add(), await add()];
    const first = await signIn(one);
    const both = await signIn(two, { deviceToken: first?.deviceToken });
    await close(one);
    await close(two);
    expect((await signIn(one, { deviceToken: both?.deviceToken }))?.accessToken).toBeDefined();
    expect((await signIn(two, { deviceToken: both?.deviceToken }))?.accessToken).toBeDefined();
  });

  it('opens nothing: a wrong password stays wrong, and guesses with a stolen token are counted under its own name', async () => {
    const account = await add();
    const { deviceToken } = await signInHere(account);
    await close(account);
    const before = auth.compares.length;
    await fail(account, 1, { deviceToken });
    const { body } = await ask({ ...account, password: wrongPassword }, { deviceToken });
    expect(body.errors?.[0]?.extensions.reason).toBe('auth.failure.invalid_credentials');
    await fail(account, 1, { deviceToken });
    await holdPauses('device');
    await fail(account, 5, { deviceToken });
    expect(auth.compares.length - before).toBe(3);
    // The owner there is a stranger for now, and a known one elsewhere.
    expect(await signIn(account, { deviceToken })).toBeUndefined();
  });

  it('whose counter is full is served as a stranger, where strangers are', async () => {
    const account = await add();
    const { deviceToken } = await signInHere(account);
    await fail(account, 3, { deviceToken });
    await holdPauses('device');
    expect((await signIn(account, { deviceToken }))?.accessToken).toBeDefined();
  });

  it.each(['a change of password', 'a suspension'])('is forgotten after %s', async (how) => {
    const account = await add();
    const { accessToken, deviceToken } = await signInHere(account);
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    let password = account.password;
    let given: string | undefined;
    if (how === 'a suspension') {
      await auth.database.query(`update ${table} set is_active = false where id = $1`, [account.id]);
      await auth.database.query(`update ${table} set is_active = true where id = $1`, [account.id]);
    } else {
      password = 'twelve blue plums in a boat';
      const { body } = await changePassword(
        { currentPassword: testPassword, newPassword: password },
        accessToken,
      );
      expect(body.errors).toBeUndefined();
      given = body.data[fields.changePassword].tokens.deviceToken;
    }
    await close({ ...account, password });
    expect(await signIn({ ...account, password }, { deviceToken })).toBeUndefined();
    expect(given === undefined).toBe(how === 'a suspension');
    // The device of the change itself is known at once.
    if (given)
      expect((await signIn({ ...account, password }, { deviceToken: given }))?.accessToken).toBeDefined();
  });

  it('is known after a change of password by the token that the answer has, and other accounts keep theirs', async () => {
    const [account, housemate] = [await add(), await add()];
    const { deviceToken: first } = await signInHere(housemate);
    const { accessToken, deviceToken } = (await signIn(account, { deviceToken: first })) ?? {};
    const password = 'twelve blue plums in a boat';
    const { body } = await changePassword(
      { currentPassword: testPassword, newPassword: password, deviceToken },
      accessToken,
    );
    const changed = body.data?.[fields.changePassword].tokens.deviceToken;
    await close({ ...account, password });
    expect((await signIn({ ...account, password }, { deviceToken: changed }))?.accessToken).toBeDefined();
    await close(housemate);
    expect((await signIn(housemate, { deviceToken: changed }))?.accessToken).toBeDefined();
  });

  it('is known from many tabs at once', async () => {
    const account = await add();
    const { deviceToken } = await signInHere(account);
    await fail(account, 1, { deviceToken });
    const answers = await Promise.all(Array.from({ length: 12 }, () => signIn(account, { deviceToken })));
    expect(answers.filter((answer) => answer?.accessToken)).toHaveLength(12);
  });

  it('gets its token in a cookie of its own where the client asks for cookies, and is known by it', async () => {
    const account = await add();
    const post = (address: string, cookie?: string, deviceToken?: string) =>
      auth.gateway.post(
        `${auth.url}/graphql`,
        {
          query: `mutation ($input: LoginInput!) { ${fields.login}(input: $input) { accessToken deviceToken } }`,
          variables: { input: { email: account.email, password: account.password, deviceToken } },
        },
        { ...(cookie && { cookie }), context: { session: 'cookie', clientAddress: address } },
      );
    const first = await post(newAddress());
    expect(first.body.data[fields.login].deviceToken).toBeNull();
    const line =
      first.headers.getSetCookie().find((text) => text.startsWith(`__Host-signet-${platform}-device=`)) ?? '';
    const [pair = '', ...attributes] = line.split('; ');
    expect(attributes).toEqual(['Max-Age=15552000', 'Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict']);
    await close(account);
    expect((await post(newAddress(), pair)).body.data?.[fields.login].accessToken).toBeDefined();
    expect((await post(newAddress())).body.data).toBeNull();
    const both = await post(newAddress(), pair, 'x');
    expect(both.body.errors?.[0]?.extensions.reason).toBe('input.deviceToken');
  });
});

it('a customer who registers has a known device', async () => {
  const account = { id: '', email: `new-${Date.now()}@example.com`, password: testPassword };
  const { body } = await auth.ask(
    'mutation ($input: RegisterInput!) { register(input: $input) { deviceToken } }',
    { input: { email: account.email, password: account.password } },
    { address: newAddress() },
  );
  const input = { email: account.email, password: wrongPassword };
  const login = 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }';
  for (let stranger = 0; stranger < 5; stranger++)
    await auth.ask(login, { input }, { address: newAddress() });
  await auth.database.query(`update auth.user_throttle set expire = $1 where key like '%-pause:%'`, [
    Date.now() + 3_600_000,
  ]);
  const right = { ...input, password: account.password };
  const signIn = async (more: object) =>
    (await auth.ask(login, { input: { ...right, ...more } }, { address: newAddress() })).body.data?.login;
  expect(await signIn({})).toBeUndefined();
  expect(await signIn({ deviceToken: body.data.register.deviceToken })).toBeDefined();
});
