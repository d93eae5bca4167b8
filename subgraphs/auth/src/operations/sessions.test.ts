import { reasonsOf } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { bothPlatforms, endReasons, sessionOperations } from '../testing/session-operations.test-support.ts';

const unknownId = '0199c2f4-7a10-7000-8000-000000000001';
const noIds = ['', 'x', '0', '\0', `${unknownId}0`, 'a'.repeat(10_240)];

describe.each(bothPlatforms)('sessions of one’s own: $platform', (kind) => {
  const { platform, other, fields, addAccount, addOther } = kind;
  let auth: TestAuth;
  let account: TestAccount;
  beforeAll(async () => {
    auth = await startTestAuth();
  });
  afterEach(() => {
    auth.clock.aheadSeconds = 0;
  });
  afterAll(() => auth.stop());

  const { list, endOne, endOthers, refresh } = sessionOperations(() => auth, kind);
  const ends = () => endReasons(auth, platform, account.id);
  const idOf = (accessToken: string) => decodeJwt(accessToken).sid as string;
  /** So many sessions of a new account. */
  async function signIn(count: number) {
    account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    const sessions = [];
    for (let index = 0; index < count; index++) {
      const { accessToken, refreshToken } = await auth.signIn(fields.login, account, {
        device: `Device ${index}`,
        address: `203.0.113.${index}`,
      });
      sessions.push({ id: idOf(accessToken), accessToken, refreshToken });
    }
    return sessions as [Signed, Signed, ...Signed[]];
  }
  type Signed = { id: string; accessToken: string; refreshToken: string };
  async function signInStranger(options: { tenant?: string } = {}) {
    const tenantId = options.tenant ? auth.tenants.globex : auth.tenants.demo;
    const stranger = await addAccount(auth.database, { tenantId });
    const tokens = await auth.signIn(fields.login, stranger, options);
    return { ...tokens, id: idOf(tokens.accessToken), account: stranger };
  }

  describe(fields.list, () => {
    it('shows device, address and times of each, the current one first', async () => {
      const [one, two] = await signIn(2);
      const { body } = await list(one.accessToken);
      expect(body.errors).toBeUndefined();
      const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      const times = { createdAt: at, lastUsedAt: at, expiresAt: at };
      expect(body.data[fields.list]).toEqual([
        { id: one.id, device: 'Device 0', address: '203.0.113.0', current: true, ...times },
        { id: two.id, device: 'Device 1', address: '203.0.113.1', current: false, ...times },
      ]);
    });

    it('shows the last use, which is the last refresh and nothing else', async () => {
      const [one] = await signIn(1);
      const read = async () => (await list(one.accessToken)).body.data[fields.list][0];
      const before = await read();
      expect(before.lastUsedAt).toBe(before.createdAt);
      auth.clock.aheadSeconds = 100;
      expect((await read()).lastUsedAt).toBe(before.lastUsedAt);
      await refresh(one.refreshToken);
      const seconds = (Date.parse((await read()).lastUsedAt) - Date.parse(before.lastUsedAt)) / 1000;
      expect(seconds).toBeGreaterThan(99);
      expect(seconds).toBeLessThan(115);
    });

    it('orders the others by their last use', async () => {
      const [current, older, newer] = (await signIn(3)) as [Signed, Signed, Signed];
      auth.clock.aheadSeconds = 10;
      await refresh(older.refreshToken);
      const { body } = await list(current.accessToken);
      expect(body.data[fields.list].map(({ id }: Signed) => id)).toEqual([current.id, older.id, newer.id]);
    });

    it('leaves out what ended, what expired and what was idle for too long', async () => {
      const sessions = await signIn(4);
      const [current, ended, expired, idle] = sessions as [Signed, Signed, Signed, Signed];
      const table = `auth.${platform}_session`;
      const change = (id: string, set: string) =>
        auth.database.query(`update ${table} set ${set} where id = $1`, [id]);
      await change(ended.id, `ended_at = now(), end_reason = 'ended'`);
      await change(expired.id, `expires_at = now() - interval '1 second'`);
      await change(idle.id, `last_used_at = now() - interval '31 days'`);
      const { body } = await list(current.accessToken);
      expect(body.data[fields.list].map(({ id }: Signed) => id)).toEqual([current.id]);
    });

    it('shows nobody else’s, of this tenant or another', async () => {
      const [current] = await signIn(1);
      await signInStranger();
      await signInStranger({ tenant: 'globex' });
      expect((await list(current.accessToken)).body.data[fields.list]).toHaveLength(1);
    });

    it('says null of an address that is not known', async () => {
      account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
      const { accessToken } = await auth.signIn(fields.login, account);
      expect((await list(accessToken)).body.data[fields.list]).toMatchObject([{ address: null, device: '' }]);
    });

    it('shows at most 100, the current one among them', async () => {
      const [current] = await signIn(1);
      const column = platform === 'user' ? 'user_id' : 'staff_id';
      await auth.database.query(
        `insert into auth.${platform}_session (tenant_id, ${column}, password_version, amr, expires_at, last_used_at)
         select $1, $2, 1, '{pwd}', now() + interval '1 hour', now() + interval '1 minute' from generate_series(1, 150)`,
        [auth.tenants.demo, account.id],
      );
      const sessions = (await list(current.accessToken)).body.data[fields.list];
      expect(sessions).toHaveLength(100);
      expect(sessions[0]).toMatchObject({ id: current.id, current: true });
      expect((await endOthers(current.accessToken)).body.data).toEqual({ [fields.endOthers]: 150 });
    });
  });

  describe(fields.endOne, () => {
    it('ends that session and no other; its refresh token is refused', async () => {
      const [current, other] = await signIn(3);
      expect((await endOne(other.id, current.accessToken)).body).toEqual({ data: { [fields.endOne]: true } });
      expect(await ends()).toEqual([null, 'ended', null]);
      expect(reasonsOf(await refresh(other.refreshToken))).toEqual(['auth.failure.revoked']);
      expect(reasonsOf(await refresh(current.refreshToken))).toEqual([]);
    });

    it('ends the current one too', async () => {
      const [current] = await signIn(1);
      expect(reasonsOf(await endOne(current.id.toUpperCase(), current.accessToken))).toEqual([]);
      expect(await ends()).toEqual(['ended']);
    });

    it('is true for one that had ended before, and leaves how it ended', async () => {
      const [current, other] = await signIn(2);
      await auth.database.query(
        `update auth.${platform}_session set ended_at = now(), end_reason = 'logout' where id = $1`,
        [other.id],
      );
      expect((await endOne(other.id, current.accessToken)).body.data).toEqual({ [fields.endOne]: true });
      expect(await ends()).toEqual([null, 'logout']);
    });

    it('answers the same for somebody else’s session, another tenant’s, the other platform’s and none', async () => {
      const [current] = await signIn(1);
      const stranger = await signInStranger();
      const foreigner = await signInStranger({ tenant: 'globex' });
      const twin = await addOther(auth.database, { tenantId: auth.tenants.demo, email: account.email });
      const twinTokens = await auth.signIn(other === 'user' ? 'login' : 'portalLogin', twin);
      const none = (await endOne(unknownId, current.accessToken)).body;
      expect(none.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', reason: 'input.id' });
      for (const id of [stranger.id, foreigner.id, idOf(twinTokens.accessToken)]) {
        expect((await endOne(id, current.accessToken)).body).toEqual(none);
      }
      expect(await endReasons(auth, platform, stranger.account.id)).toEqual([null]);
      expect(await endReasons(auth, platform, foreigner.account.id)).toEqual([null]);
      expect(await endReasons(auth, other, twin.id)).toEqual([null]);
    });

    it('refuses what is no id', async () => {
      const [current] = await signIn(1);
      for (const id of noIds) {
        expect(reasonsOf(await endOne(id, current.accessToken)), id.slice(0, 40)).toEqual(['input.id']);
      }
    });
  });

  describe(fields.endOthers, () => {
    it('ends all but the current one and says how many', async () => {
      const [, current] = await signIn(3);
      expect((await endOthers(current.accessToken)).body).toEqual({ data: { [fields.endOthers]: 2 } });
      expect(await ends()).toEqual(['ended', null, 'ended']);
      expect((await endOthers(current.accessToken)).body.data).toEqual({ [fields.endOthers]: 0 });
    });

    it('touches nobody else’s', async () => {
      const [current] = await signIn(1);
      const stranger = await signInStranger();
      await endOthers(current.accessToken);
      expect(await endReasons(auth, platform, stranger.account.id)).toEqual([null]);
    });

    it('leaves one of two sessions that end each other at once', async () => {
      for (let attempt = 0; attempt < 10; attempt++) {
        const [one, two] = await signIn(2);
        const answers = await Promise.all([endOthers(one.accessToken), endOthers(two.accessToken)]);
        expect(answers.flatMap(reasonsOf)).toEqual(['auth.failure.revoked']);
        expect((await ends()).filter((end) => end === null)).toHaveLength(1);
      }
    });
  });

  describe('the caller', () => {
    const operations = () => [
      { title: fields.list, ask: list },
      { title: fields.endOne, ask: (token?: string) => endOne(unknownId, token) },
      { title: fields.endOthers, ask: endOthers },
    ];

    it('must be signed in', async () => {
      for (const { ask } of operations()) {
        expect(reasonsOf(await ask())).toEqual(['auth.failure.missing_token']);
      }
    });

    it('must be of this platform', async () => {
      const stranger = await addOther(auth.database, { tenantId: auth.tenants.demo });
      const tokens = await auth.signIn(other === 'user' ? 'login' : 'portalLogin', stranger);
      for (const { ask } of operations()) {
        expect(reasonsOf(await ask(tokens.accessToken))).toEqual(['authz.platform.deny']);
      }
      expect(await endReasons(auth, other, stranger.id)).toEqual([null]);
    });

    it('can end nothing with the token of a session that has ended', async () => {
      const [thrownOut, kept] = await signIn(2);
      await endOne(thrownOut.id, kept.accessToken);
      expect(reasonsOf(await endOthers(thrownOut.accessToken))).toEqual(['auth.failure.revoked']);
      expect(reasonsOf(await endOne(kept.id, thrownOut.accessToken))).toEqual(['auth.failure.revoked']);
      expect(await ends()).toEqual(['ended', null]);
    });

    it('can end nothing while the account is inactive', async () => {
      const [one, two] = await signIn(2);
      const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
      await auth.database.query(`update ${table} set is_active = false where id = $1`, [account.id]);
      expect(reasonsOf(await endOne(two.id, one.accessToken))).toEqual(['auth.failure.revoked']);
      expect(await ends()).toEqual([null, null]);
    });
  });
});
