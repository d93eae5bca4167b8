import { reasonsOf } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import { bothPlatforms, endReasons } from '../testing/session-operations.test-support.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth(mailSettings);
});
afterAll(() => auth.stop());

/** Another while each time, so that the two meet at every step. */
const pause = (attempt: number) => new Promise((resolve) => setTimeout(resolve, attempt % 12));

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
    const elsewhere = await signIn(account, { device: 'Laptop/2.0' });
    expect((await endOf(id, elsewhere.accessToken)).body).toEqual({ data: { [end]: true } });
    expect(reasonsOf(await endOf(id, elsewhere.accessToken))).toEqual(['input.id']);
    expect(await listOf(elsewhere.accessToken)).toMatchObject([{ name: 'Laptop/2.0' }]);
    const again = await signIn(account, { deviceToken });
    const [device, ...others] = await listOf(again.accessToken);
    expect(others).toMatchObject([{ name: 'Laptop/2.0' }]);
    expect(device.id).not.toBe(id);
    expect(again.deviceToken).not.toContain(id);
    const [row] = await auth.database.query(
      `select count(*)::integer as count from auth.audit_event where subject_id = $1 and kind = 'auth.device.ended'`,
      [account.id],
    );
    expect(row.count).toBe(1);
  });

  it('that are ended take all their sessions with them, and those of no other device', async () => {
    const account = await add();
    const first = await signIn(account);
    const second = await signIn(account, { deviceToken: first.deviceToken });
    const elsewhere = await signIn(account, { device: 'Laptop/2.0' });
    const [{ id }] = (await listOf(elsewhere.accessToken)).filter(
      ({ name }: { name: string }) => name === 'Phone/1.0',
    );
    expect((await endOf(id, elsewhere.accessToken)).body).toEqual({ data: { [end]: true } });
    expect(await endReasons(auth, platform, account.id)).toEqual(['ended', 'ended', null]);
    for (const { accessToken } of [first, second]) {
      await expect
        .poll(async () => reasonsOf(await endOf(id, accessToken)), { timeout: 5000, interval: 20 })
        .toEqual(['auth.failure.revoked']);
    }
    const events = await auth.database.query(
      `select details from auth.audit_event where subject_id = $1 and kind = 'auth.device.ended'`,
      [account.id],
    );
    expect(events).toEqual([{ details: { ended: 2 } }]);
  });

  it('take the session with them in which they are ended, where it is there; one without a device is ended by itself', async () => {
    const account = await add();
    const here = await signIn(account);
    const unknown = await signIn(account);
    const [{ id }] = (await listOf(here.accessToken)).filter((device: { id: string }) =>
      here.deviceToken.startsWith(device.id),
    );
    await auth.database.query(`update auth.${platform}_session set device_id = null where id = $1`, [
      decodeJwt(unknown.accessToken).sid,
    ]);
    expect((await endOf(id, here.accessToken)).body).toEqual({ data: { [end]: true } });
    expect(await endReasons(auth, platform, account.id)).toEqual(['ended', null]);
  });

  it('leave nothing alive of a sign-in that is answered while they are ended, unless it is a device of its own', async () => {
    for (let attempt = 0; attempt < 20; attempt++) {
      const account = await add();
      const { accessToken, deviceToken } = await signIn(account);
      const keeper = await signIn(account, { device: 'Laptop/2.0' });
      const [{ id }] = (await listOf(accessToken)).filter(
        ({ name }: { name: string }) => name === 'Phone/1.0',
      );
      const [answer, ended] = await Promise.all([
        signIn(account, { deviceToken, device: 'Phone/1.0' }),
        pause(attempt).then(() => endOf(id, keeper.accessToken)),
      ]);
      expect(ended.body).toEqual({ data: { [end]: true } });
      const [session] = await auth.database.query<{ device_id: string; ended_at: Date | null }>(
        `select device_id, ended_at from auth.${platform}_session where id = $1`,
        [decodeJwt(answer.accessToken).sid],
      );
      expect(session?.ended_at === null && session.device_id === id).toBe(false);
    }
  });

  it('that could not be noted get no token, the log says so, and the sign-in counts', async () => {
    const account = await add();
    const table = `auth.${platform}_device`;
    await auth.database.query(`alter table ${table} add constraint broken check (false) not valid`);
    const before = auth.errors.length;
    try {
      const { accessToken, deviceToken } = await signIn(account);
      expect([deviceToken, await listOf(accessToken)]).toEqual([null, []]);
    } finally {
      await auth.database.query(`alter table ${table} drop constraint broken`);
    }
    expect(auth.errors.slice(before).join()).toMatch(/a device was not noted: it got no device token/);
    expect((await signIn(account)).deviceToken).toMatch(/^[\w-]{22}\./);
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
