import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { factorOperations } from '../testing/factors.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';

/** The same guarantees hold on both platforms. */
describe.each([
  { platform: 'user', table: 'auth.user', addAccount: addCustomer },
  { platform: 'portal', table: 'auth.portal_user', addAccount: addStaffMember },
] as const)('second factors of an account, $platform', (kind) => {
  const { platform, table, addAccount } = kind;
  let auth: TestAuth;
  const operations = factorOperations(() => auth, platform);
  const { fields, codeOf, signIn, challengeOf, complete, list } = operations;
  beforeAll(async () => {
    auth = await startTestAuth({ ...mailSettings, PORTAL_REMEMBER_DEVICE_DAYS: '30' });
    auth.clock.stoppedAt = Date.now(); // A code is of one step of half a minute.
  });
  afterAll(() => auth.stop());
  const add = () => addAccount(auth.database, { tenantId: auth.tenants.demo });
  const addWithTotp = async () => {
    const account = await add();
    return { account, ...(await operations.addTotp(account)) };
  };
  const tokenOf = async (account: Awaited<ReturnType<typeof add>>, totp: string) =>
    (await complete((await challengeOf(account)).id, { totp })).tokens?.accessToken as string;
  const factorsOf = async (token: string) => (await list(token)).body.data[fields.list];
  const templatesTo = async (accountId: string) =>
    (
      await auth.database.query<{ template: string }>(
        `select template from auth.${platform}_mail where account_id = $1 order by created_at`,
        [accountId],
      )
    ).map(({ template }) => template);
  const kindsOf = async (accountId: string) =>
    (
      await auth.database.query<{ kind: string }>(
        `select kind from auth.audit_event where subject_id = $1 and kind like 'auth.factor.%' order by id`,
        [accountId],
      )
    ).map(({ kind }) => kind);

  it('an app is asked for only after its first code was typed', async () => {
    const account = await add();
    const token = (await signIn(account)).tokens?.accessToken as string;
    const { body } = await operations.begin(token);
    const { secret, uri } = body.data[fields.begin];
    expect(uri).toMatch(
      new RegExp(`^otpauth://totp/.*issuer=.*secret=${secret}.*algorithm=SHA1&digits=6&period=30`),
    );
    expect(decodeURIComponent(uri)).toContain(account.email);
    expect((await signIn(account)).tokens).toBeDefined();
    const wrong = await operations.confirm(token, '000000');
    expect(wrong.body.errors?.[0]?.extensions.reason).toBe('input.code');
    const confirmed = await operations.confirm(token, codeOf(secret));
    const { recoveryCodes } = confirmed.body.data[fields.confirm];
    expect(new Set(recoveryCodes).size).toBe(10);
    for (const code of recoveryCodes) expect(code).toMatch(/^[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}$/);
    expect((await signIn(account)).challenge?.methods).toEqual(['totp', 'recovery_code']);
    expect(await factorsOf(token)).toEqual({
      totp: { createdAt: expect.any(String), lastUsedAt: null },
      recoveryCodesLeft: 10,
      areRequired: false,
    });
    expect(await kindsOf(account.id)).toEqual(['auth.factor.added']);
    expect(await templatesTo(account.id)).toEqual(['factor-added']);
  });

  it('the code that confirmed an app is used up by that', async () => {
    const account = await add();
    const token = (await signIn(account)).tokens?.accessToken as string;
    const { secret } = (await operations.begin(token)).body.data[fields.begin];
    const code = codeOf(secret);
    await operations.confirm(token, code);
    expect((await complete((await challengeOf(account)).id, { totp: code })).reason).toBe('input.totp');
  });

  it('another app takes the place of the first only when it is confirmed, and the recovery codes stay', async () => {
    const { account, secret, recoveryCodes } = await addWithTotp();
    const token = await tokenOf(account, codeOf(secret));
    const { secret: later } = (await operations.begin(token)).body.data[fields.begin];
    expect(await tokenOf(account, codeOf(secret, 1))).toEqual(expect.any(String));
    const { body } = await operations.confirm(token, codeOf(later, -1));
    expect(body.data[fields.confirm]).toEqual({ recoveryCodes: null });
    auth.clock.aheadSeconds = 60;
    expect((await complete((await challengeOf(account)).id, { totp: codeOf(secret) })).reason).toBe(
      'input.totp',
    );
    expect(await tokenOf(account, codeOf(later))).toEqual(expect.any(String));
    auth.clock.aheadSeconds = 0;
    const answer = { recoveryCode: recoveryCodes[0] as string };
    expect((await complete((await challengeOf(account)).id, answer)).tokens).toBeDefined();
  });

  it('a recovery code opens one session, however it is typed, and the owner sees how many are left', async () => {
    const { account, recoveryCodes } = await addWithTotp();
    const [code = ''] = recoveryCodes;
    const typed = ` ${code.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'l')} `;
    const { tokens } = await complete((await challengeOf(account)).id, { recoveryCode: typed });
    expect(decodeJwt(tokens?.accessToken ?? '')).toMatchObject({ acr: 'aal2' });
    const again = await complete((await challengeOf(account)).id, { recoveryCode: code });
    expect(again.reason).toBe('input.recoveryCode');
    expect(await factorsOf(tokens?.accessToken ?? '')).toMatchObject({ recoveryCodesLeft: 9 });
    expect(await kindsOf(account.id)).toEqual(['auth.factor.added', 'auth.factor.recovery_used']);
  });

  it('a recovery code that was used is told by mail, with how many are left; a wrong one is not', async () => {
    const { account, recoveryCodes } = await addWithTotp();
    await auth.database.query(`update ${table} set language = 'de' where id = $1`, [account.id]);
    const { id } = await challengeOf(account);
    const { tokens } = await complete(id, { recoveryCode: recoveryCodes[0] as string });
    const token = tokens?.accessToken as string;
    const field = platform === 'user' ? 'reauthenticate' : 'portalReauthenticate';
    for (const recoveryCode of ['aaaa-aaaa-aaaa', recoveryCodes[0], recoveryCodes[1]]) {
      await auth.ask(
        `mutation ($input: ReauthenticateInput!) { ${field}(input: $input) { accessToken } }`,
        { input: { password: account.password, recoveryCode } },
        { token },
      );
    }
    const mails = (await readMails(auth, platform, account.email)).slice(1);
    expect(mails.map(({ template, language, values }) => [template, language, values.left])).toEqual([
      ['recovery-code-used', 'de', '9'],
      ['recovery-code-used', 'de', '8'],
    ]);
    const url = new URL(
      'account',
      `${mailSettings[platform === 'user' ? 'USER_APP_URL' : 'PORTAL_APP_URL']}/`,
    );
    expect(mails[0]?.values).toEqual({ left: '9', at: expect.stringMatching(/^\d{4}-.*Z$/), link: url.href });
  });

  it('a recovery code is used and told by mail together, or neither', async () => {
    const { account, recoveryCodes } = await addWithTotp();
    const [code = ''] = recoveryCodes;
    const [first, second] = [await challengeOf(account), await challengeOf(account)];
    const session = `auth.${platform}_session`;
    await auth.database.query(`alter table ${session} add constraint none_now check (false) not valid`);
    try {
      expect((await complete(first.id, { recoveryCode: code })).tokens).toBeUndefined();
    } finally {
      await auth.database.query(`alter table ${session} drop constraint none_now`);
    }
    expect(await templatesTo(account.id)).toEqual(['factor-added']);
    const answers = await Promise.all([first, second].map(({ id }) => complete(id, { recoveryCode: code })));
    expect(answers.filter(({ tokens }) => tokens)).toHaveLength(1);
    expect(await templatesTo(account.id)).toEqual(['factor-added', 'recovery-code-used']);
  });

  it('new recovery codes end the old ones', async () => {
    const { account, secret, recoveryCodes } = await addWithTotp();
    const token = await tokenOf(account, codeOf(secret));
    const { body } = await operations.renew(token);
    expect(body.data[fields.renew]).toHaveLength(10);
    const answers = [recoveryCodes[0] as string, body.data[fields.renew][0] as string];
    const reasons: unknown[] = [];
    for (const recoveryCode of answers) {
      reasons.push((await complete((await challengeOf(account)).id, { recoveryCode })).reason);
    }
    expect(reasons).toEqual(['input.recoveryCode', undefined]);
  });

  it('without a factor there are no recovery codes', async () => {
    const token = (await signIn(await add())).tokens?.accessToken as string;
    expect((await operations.renew(token)).body.errors?.[0]?.extensions.reason).toBe('input.factor');
  });

  it('with the last factor go the recovery codes and what they were asked for', async () => {
    const { account, secret } = await addWithTotp();
    const token = await tokenOf(account, codeOf(secret));
    const { body } = await operations.remove(token);
    expect(body.data).toEqual({ [fields.remove]: true });
    expect((await signIn(account)).tokens).toBeDefined();
    expect(await factorsOf(token)).toMatchObject({ totp: null, recoveryCodesLeft: 0 });
    expect(await templatesTo(account.id)).toEqual(['factor-added', 'factor-removed']);
    expect((await operations.remove(token)).body.data).toEqual({ [fields.remove]: false });
  });

  it('a session in which the factor was not proven changes nothing of it', async () => {
    const account = await add();
    const before = (await signIn(account)).tokens?.accessToken as string;
    await operations.addTotp(account);
    for (const change of [operations.remove, operations.begin, operations.renew]) {
      const { body } = await change(before);
      expect(body.errors?.[0]?.extensions.reason).toBe('authz.step_up.required');
    }
  });

  it('slows down guesses in a session as well', async () => {
    const { account, secret } = await addWithTotp();
    const token = await tokenOf(account, codeOf(secret));
    const field = platform === 'user' ? 'reauthenticate' : 'portalReauthenticate';
    const reasons: (string | undefined)[] = [];
    while (reasons.at(-1) !== 'auth.throttled' && reasons.length < 20) {
      const { body } = await auth.ask(
        `mutation ($input: ReauthenticateInput!) { ${field}(input: $input) { accessToken } }`,
        { input: { password: account.password, totp: '000000' } },
        { token },
      );
      reasons.push(body.errors?.[0]?.extensions.reason);
    }
    expect(reasons.slice(0, 5)).toEqual(Array(5).fill('input.totp'));
    expect(reasons.at(-1)).toBe('auth.throttled');
  });

  it('a remembered device needs the password alone, for thirty days, and says so in its tokens', async () => {
    const { account, secret } = await addWithTotp();
    const { tokens } = await complete((await challengeOf(account)).id, {
      totp: codeOf(secret),
      rememberDevice: true,
    });
    const { deviceToken } = tokens as { deviceToken: string };
    auth.clock.aheadSeconds = 3600;
    const remembered = await signIn(account, { deviceToken });
    // The password alone is no recent sign-in of an account with a second factor: `auth_time` is when that was proven here.
    expect(decodeJwt(remembered.tokens?.accessToken ?? '')).toMatchObject({
      amr: ['pwd', 'rba'],
      acr: 'aal1',
      auth_time: decodeJwt(tokens?.accessToken ?? '').auth_time,
    });
    const [session] = await auth.database.query<{ age: number }>(
      `select extract(epoch from created_at - auth_time)::int as age from auth.${platform}_session
       where tenant_id = $1 and 'rba' = any(amr) order by id desc limit 1`,
      [auth.tenants.demo],
    );
    expect(session?.age).toBe(3600);
    const again = await complete((await challengeOf(account)).id, {
      totp: codeOf(secret),
      deviceToken,
      rememberDevice: true,
    });
    const renewed = await signIn(account, { deviceToken: again.tokens?.deviceToken });
    expect(decodeJwt(renewed.tokens?.accessToken ?? '').auth_time).toBe(
      decodeJwt(again.tokens?.accessToken ?? '').auth_time,
    );
    auth.clock.aheadSeconds = 0;
    expect((await signIn(account)).challenge).toBeDefined();
    const day = 24 * 3600;
    auth.clock.aheadSeconds = 30 * day + 3601;
    expect((await signIn(account, { deviceToken: remembered.tokens?.deviceToken })).challenge).toBeDefined();
    auth.clock.aheadSeconds = 0;
  });

  it.each([
    ['the password', `password_version = password_version + 1`],
    ['a factor', undefined],
  ])('a device is remembered until %s changes', async (_name, change) => {
    const { account, secret } = await addWithTotp();
    const { tokens } = await complete((await challengeOf(account)).id, {
      totp: codeOf(secret),
      rememberDevice: true,
    });
    const { deviceToken, accessToken } = tokens as { deviceToken: string; accessToken: string };
    expect((await signIn(account, { deviceToken })).tokens).toBeDefined();
    if (change) await auth.database.query(`update ${table} set ${change} where id = $1`, [account.id]);
    else {
      const { secret: later } = (await operations.begin(accessToken)).body.data[fields.begin];
      await operations.confirm(accessToken, codeOf(later));
    }
    expect((await signIn(account, { deviceToken })).challenge).toBeDefined();
  });

  it('a device is not remembered unless that was asked for, nor for another account', async () => {
    const ada = await addWithTotp();
    const eve = await addWithTotp();
    const first = await complete((await challengeOf(ada.account)).id, { totp: codeOf(ada.secret) });
    const { deviceToken } = first.tokens as { deviceToken: string };
    expect((await signIn(ada.account, { deviceToken })).challenge).toBeDefined();
    const second = await complete((await challengeOf(ada.account)).id, {
      totp: codeOf(ada.secret, 1),
      deviceToken,
      rememberDevice: true,
    });
    expect((await signIn(ada.account, { deviceToken: second.tokens?.deviceToken })).tokens).toBeDefined();
    expect((await signIn(eve.account, { deviceToken: second.tokens?.deviceToken })).challenge).toBeDefined();
  });

  it('asks nobody but the signed-in owner', async () => {
    for (const query of [`{ ${fields.list} { areRequired } }`, `mutation { ${fields.begin} { uri } }`]) {
      const { body } = await auth.ask(query);
      expect(body.errors?.[0]?.extensions.reason).toBe('auth.failure.missing_token');
    }
  });
});
