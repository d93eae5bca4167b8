import { reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import { bothPlatforms } from '../testing/session-operations.test-support.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth(mailSettings);
});
afterAll(() => auth.stop());

const names = {
  user: { list: 'myDevices', end: 'endDevice' },
  portal: { list: 'portalDevices', end: 'endPortalDevice' },
} as const;

describe.each(bothPlatforms)('$platform: devices', ({ platform, fields, addAccount, addOther, other }) => {
  const { list, end } = names[platform];
  const add = () => addAccount(auth.database, { tenantId: auth.tenants.demo });
  type Sent = { address?: string; device?: string; deviceToken?: string | undefined };
  const signIn = async (account: TestAccount, { deviceToken, ...sender }: Sent = {}) => {
    const { body } = await auth.ask(
      `mutation ($input: LoginInput!) { ${fields.login}(input: $input) { accessToken deviceToken } }`,
      { input: { email: account.email, password: account.password, ...(deviceToken && { deviceToken }) } },
      { address: '192.0.2.1', device: 'Phone/1.0', ...sender },
    );
    return body.data[fields.login] as { accessToken: string; deviceToken: string };
  };
  const listOf = async (token: string) => {
    const { body } = await auth.ask(
      `{ ${list} { id name address firstSeenAt lastSeenAt remembered } }`,
      {},
      { token },
    );
    expect(body.errors).toBeUndefined();
    return body.data[list];
  };
  const endOf = (id: string, token?: string) =>
    auth.ask(`mutation ($id: ID!) { ${end}(id: $id) }`, { id }, { ...(token && { token }) });
  const mailsOf = async ({ email }: TestAccount) =>
    (await readMails(auth, platform, email)).filter(({ template }) => template === 'new-device');

  it('are listed once each, with what they called themselves, last seen first', async () => {
    const account = await add();
    const phone = await signIn(account);
    await signIn(account, { device: 'Laptop/2.0' });
    await signIn(account, { device: 'Phone/1.1', address: '192.0.2.9', deviceToken: phone.deviceToken });
    const seen = {
      id: expect.stringMatching(/^[\w-]{22}$/),
      firstSeenAt: expect.any(String),
      lastSeenAt: expect.any(String),
    };
    expect(await listOf(phone.accessToken)).toEqual([
      { ...seen, name: 'Phone/1.1', address: '192.0.2.9', remembered: false },
      { ...seen, name: 'Laptop/2.0', address: '192.0.2.1', remembered: false },
    ]);
  });

  it('that are ended are unknown, and so are copies of their tokens after the next sign-in there', async () => {
    const account = await add();
    const { accessToken, deviceToken } = await signIn(account);
    const [{ id }] = await listOf(accessToken);
    expect((await endOf(id, accessToken)).body).toEqual({ data: { [end]: true } });
    expect(reasonsOf(await endOf(id, accessToken))).toEqual(['input.id']);
    expect(await listOf(accessToken)).toEqual([]);
    const again = await signIn(account, { deviceToken });
    const [device, ...others] = await listOf(again.accessToken);
    expect(others).toEqual([]);
    expect(device.id).not.toBe(id);
    expect(again.deviceToken).not.toContain(id);
    const [row] = await auth.database.query(
      `select count(*)::integer as count from auth.audit_event where subject_id = $1 and kind = 'auth.device.ended'`,
      [account.id],
    );
    expect(row.count).toBe(1);
  });

  it("of somebody else can't be ended, nor seen, nor by a caller of the other platform or of none", async () => {
    const [owner, stranger] = [await add(), await add()];
    const { accessToken } = await signIn(owner);
    const [{ id }] = await listOf(accessToken);
    const foreign = await signIn(stranger);
    expect(reasonsOf(await endOf(id, foreign.accessToken))).toEqual(['input.id']);
    expect(await listOf(foreign.accessToken)).toHaveLength(1);
    const otherAccount = await addOther(auth.database, { tenantId: auth.tenants.demo });
    const { accessToken: otherToken } = await auth.signIn(
      other === 'user' ? 'login' : 'portalLogin',
      otherAccount,
    );
    expect(reasonsOf(await endOf(id, otherToken))).toEqual(['authz.platform.deny']);
    expect(reasonsOf(await endOf(id))).toEqual(['auth.failure.missing_token']);
    expect((await listOf(accessToken))[0].id).toBe(id);
  });

  it('that are new, in a new network, are told of by mail, once an hour, and their text is one line', async () => {
    const account = await add();
    const { deviceToken } = await signIn(account);
    expect(await mailsOf(account)).toEqual([]);
    await signIn(account, { address: '192.0.2.77' });
    await signIn(account, { address: '198.51.100.1', deviceToken });
    expect(await mailsOf(account)).toEqual([]);
    const device = `<b>Laptop</b>\r\nBcc: x@example.com ${'a'.repeat(390)}`;
    await Promise.all(
      [1, 2, 3, 4].map((n) => signIn(account, { address: `203.0.${n}.1`, device: device.slice(0, 200) })),
    );
    const mails = await mailsOf(account);
    expect(mails).toHaveLength(1);
    expect(mails[0]?.values.link).toMatch(/\/account$/);
    await auth.database.query(
      `update auth.${platform}_mail set created_at = now() - interval '61 minutes' where account_id = $1`,
      [account.id],
    );
    await signIn(account, { address: '2001:db8:1::1' });
    await signIn(account, { address: '2001:db8:1:ffff::1' });
    expect(await mailsOf(account)).toHaveLength(2);
  });

  it('that were ended are new again', async () => {
    const account = await add();
    const { accessToken, deviceToken } = await signIn(account);
    await endOf((await listOf(accessToken))[0].id, accessToken);
    await signIn(account, { address: '203.0.113.9', deviceToken });
    expect(await mailsOf(account)).toHaveLength(1);
  });
});
