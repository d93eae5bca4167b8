import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { holdChange } from '../testing/held-change.test-support.ts';

/** The same guarantees hold on both platforms. */
describe.each([
  { field: 'refresh', signInField: 'login', platform: 'user', addAccount: addCustomer },
  { field: 'portalRefresh', signInField: 'portalLogin', platform: 'portal', addAccount: addStaffMember },
] as const)('$field', ({ field, signInField, platform, addAccount }) => {
  let auth: TestAuth;
  let account: TestAccount;
  beforeAll(async () => {
    auth = await startTestAuth();
    account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
  });
  afterEach(() => {
    Object.assign(auth.clock, { aheadSeconds: 0, stoppedAt: undefined });
  });
  afterAll(() => auth.stop());

  const idleSeconds = platform === 'user' ? 30 * 86_400 : 8 * 3600;
  const accountTable = platform === 'user' ? 'auth.user' : 'auth.portal_user';
  const operation = `mutation ($input: RefreshInput) { ${field}(input: $input) { accessToken refreshToken expiresIn } }`;
  const refresh = (refreshToken: unknown, tenant?: string) =>
    auth.ask(operation, { input: { refreshToken } }, tenant ? { tenant } : {});
  const reasonOf = async (answer: ReturnType<typeof refresh>) =>
    (await answer).body.errors?.[0]?.extensions.reason;
  const sessionOf = async (accessToken: string) => {
    const { sid } = decodeJwt(accessToken);
    const [row] = await auth.database.query(`select * from auth.${platform}_session where id = $1`, [sid]);
    return row;
  };
  const endOf = async (accessToken: string) => (await sessionOf(accessToken)).end_reason;

  it('gives new tokens of the same session', async () => {
    const first = await auth.signIn(signInField, account);
    const { body } = await refresh(first.refreshToken);
    const second = body.data[field];
    expect(second.refreshToken).not.toBe(first.refreshToken);
    const [before, after] = [decodeJwt(first.accessToken), decodeJwt(second.accessToken)];
    expect(after).toMatchObject({
      sub: account.id,
      sid: before.sid,
      auth_time: before.auth_time,
      amr: ['pwd'],
    });
    expect(after.jti).not.toBe(before.jti);
  });

  it.each([
    ['at once', 0],
    ['after a minute', 63],
    ['after seven hours', 7 * 3600],
  ])('gives the successor again to a client that lost the answer, %s', async (_title, later) => {
    const first = await auth.signIn(signInField, account);
    const lost = (await refresh(first.refreshToken)).body.data[field];
    for (const more of [0, 5]) {
      auth.clock.aheadSeconds = later + more;
      const again = (await refresh(first.refreshToken)).body.data[field];
      expect(again.refreshToken).toBe(lost.refreshToken);
      expect(again.accessToken).not.toBe(lost.accessToken);
      expect(decodeJwt(again.accessToken).sid).toBe(decodeJwt(first.accessToken).sid);
    }
    expect(await endOf(first.accessToken)).toBeNull();
    auth.clock.aheadSeconds += 61;
    expect((await refresh(lost.refreshToken)).body.data[field].refreshToken).not.toBe(lost.refreshToken);
  });

  /** A session whose first token has expired, and whose answer with the second was lost. Housekeeping has run since. */
  async function loseAnswerAndPrune() {
    auth.clock.aheadSeconds = -idleSeconds - 600;
    const first = await auth.signIn(signInField, account);
    auth.clock.aheadSeconds = -3600;
    const { refreshToken: lost } = (await refresh(first.refreshToken)).body.data[field];
    auth.clock.aheadSeconds = 0;
    await auth.database.query(`select auth.prune_${platform}_refresh_tokens(1000)`);
    return { ...first, lost };
  }

  it('gives the successor again when housekeeping ran after its predecessor had expired', async () => {
    const { accessToken, refreshToken, lost } = await loseAnswerAndPrune();
    expect((await refresh(refreshToken)).body.data?.[field].refreshToken).toBe(lost);
    expect(await endOf(accessToken)).toBeNull();
    await refresh(lost);
    expect(await reasonOf(refresh(refreshToken))).toBe('auth.failure.revoked');
    expect(await endOf(accessToken)).toBe('reuse');
  });

  it('takes nobody for a thief whose token is gone while its successor is unused', async () => {
    const { accessToken, refreshToken, lost } = await loseAnswerAndPrune();
    await auth.database.query(`delete from auth.${platform}_refresh_token where used_at is not null`);
    expect(await reasonOf(refresh(refreshToken))).toBe('auth.failure.revoked');
    expect(await endOf(accessToken)).toBeNull();
    expect(await reasonOf(refresh(lost))).toBeUndefined();
  });

  it('gives no successor that has expired unused, and takes nobody for a thief', async () => {
    const { accessToken, refreshToken } = await auth.signIn(signInField, account);
    await refresh(refreshToken);
    auth.clock.aheadSeconds = idleSeconds + 1;
    expect(await reasonOf(refresh(refreshToken))).toBe('auth.failure.revoked');
    expect(await endOf(accessToken)).toBeNull();
  });

  it('keeps the token for a minute after an exchange, with fresh access tokens', async () => {
    const { refreshToken: first } = await auth.signIn(signInField, account);
    const { refreshToken: second } = (await refresh(first)).body.data[field];
    const answers = [];
    for (const later of [0, 30, 59]) {
      auth.clock.aheadSeconds = later;
      answers.push((await refresh(second)).body.data[field], (await refresh(first)).body.data[field]);
    }
    expect(new Set(answers.map(({ refreshToken }) => refreshToken))).toEqual(new Set([second]));
    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(6);
    auth.clock.aheadSeconds = 61;
    expect((await refresh(second)).body.data[field].refreshToken).not.toBe(second);
  });

  /** Exchanges the token as often, a minute and more between. Returns every token, the first one too. */
  async function exchange(refreshToken: string, times: number): Promise<string[]> {
    const tokens = [refreshToken];
    for (let index = 0; index < times; index++) {
      tokens.push((await refresh(tokens.at(-1))).body.data[field].refreshToken);
      auth.clock.aheadSeconds += 61;
    }
    expect(new Set(tokens).size).toBe(times + 1);
    return tokens;
  }

  it.each([
    ['its successor was used', 2],
    ['thirty more were used', 31],
  ])('ends the session when a refresh token comes back after %s', async (_title, times) => {
    const { accessToken, refreshToken } = await auth.signIn(signInField, account);
    const tokens = await exchange(refreshToken, times);
    expect(await reasonOf(refresh(refreshToken))).toBe('auth.failure.revoked');
    expect(await sessionOf(accessToken)).toMatchObject({ end_reason: 'reuse', ended_at: expect.any(Date) });
    expect(await reasonOf(refresh(tokens.at(-1)))).toBe('auth.failure.revoked');
    const audit = await auth.database.query(
      `select kind from auth.audit_event where session_id = $1 and kind = 'auth.refresh.reuse'`,
      [decodeJwt(accessToken).sid],
    );
    expect(audit).toHaveLength(1);
  });

  it('keeps two rows of a session, however often it is refreshed, and nothing from which they could be given', async () => {
    const { accessToken, refreshToken } = await auth.signIn(signInField, account);
    const tokens = await exchange(refreshToken, 5);
    const rows = await auth.database.query<{ text: string }>(
      `select row_to_json(token)::text as text from auth.${platform}_refresh_token token where session_id = $1`,
      [decodeJwt(accessToken).sid],
    );
    expect(rows).toHaveLength(2);
    for (const token of tokens) {
      const hex = Buffer.from(token, 'base64url').toString('hex');
      for (const part of [hex, hex.slice(0, 32), hex.slice(32)])
        expect(JSON.stringify(rows)).not.toContain(part);
    }
  });

  it('goes on with a token from before there were families, and knows its predecessors until they expire', async () => {
    const old = await auth.signIn(signInField, account);
    const [, second] = await exchange(old.refreshToken, 1);
    await auth.database.query(`update auth.${platform}_refresh_token set family_hash = null`);
    const lost = (await refresh(old.refreshToken)).body.data[field].refreshToken;
    expect(lost).toBe(second);
    await exchange(second as string, 3);
    expect(await endOf(old.accessToken)).toBeNull();
    expect(await reasonOf(refresh(old.refreshToken))).toBe('auth.failure.revoked');
    expect(await endOf(old.accessToken)).toBe('reuse');
  });

  it('refreshes a session once a second, 60 times at once, and says when the next one goes', async () => {
    const { accessToken, refreshToken } = await auth.signIn(signInField, account);
    auth.clock.stoppedAt = Date.now();
    const burst = await Promise.all(Array.from({ length: 90 }, () => refresh(refreshToken)));
    const refused = burst.filter(({ body }) => body.errors);
    expect(refused).toHaveLength(30);
    for (const { body } of refused) {
      expect(body.errors?.[0]?.extensions).toEqual({
        code: 'RATE_LIMITED',
        reason: 'auth.throttled',
        retryAfterSeconds: 1,
      });
    }
    auth.clock.aheadSeconds += 1;
    const reasons = [await reasonOf(refresh(refreshToken)), await reasonOf(refresh(refreshToken))];
    expect(reasons).toEqual([undefined, 'auth.throttled']);
    expect(await endOf(accessToken)).toBeNull();
    const other = await auth.signIn(signInField, account);
    expect(await reasonOf(refresh(other.refreshToken))).toBeUndefined();
  });

  it('gives one successor when a token is exchanged fifty times at once', async () => {
    const { accessToken, refreshToken } = await auth.signIn(signInField, account);
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(refreshToken)));
    const tokens = answers.map(({ body }) => body.data[field]);
    expect(new Set(tokens.map((token) => token.refreshToken)).size).toBe(1);
    expect(new Set(tokens.map((token) => token.accessToken)).size).toBe(50);
    const { sid } = decodeJwt(accessToken);
    const rows = await auth.database.query(
      `select used_at is null as fresh from auth.${platform}_refresh_token where session_id = $1`,
      [sid],
    );
    expect(rows.filter(({ fresh }) => fresh)).toHaveLength(1);
    expect(rows).toHaveLength(2);
    expect(await reasonOf(refresh(tokens[0].refreshToken))).toBeUndefined();
  });

  it('refuses a token after the idle time, and one used in time lives on', async () => {
    const kept = await auth.signIn(signInField, account);
    const idle = await auth.signIn(signInField, account);
    auth.clock.aheadSeconds = idleSeconds - 60;
    const { body } = await refresh(kept.refreshToken);
    auth.clock.aheadSeconds = idleSeconds + 60;
    expect(await reasonOf(refresh(idle.refreshToken))).toBe('auth.failure.revoked');
    expect(await reasonOf(refresh(body.data[field].refreshToken))).toBeUndefined();
  });

  it('refuses every token after the absolute lifetime, and lets no access token outlive it', async () => {
    const [idleSeconds, absoluteSeconds] =
      platform === 'user' ? [29 * 86_400, 90 * 86_400] : [7 * 3600, 12 * 3600];
    const first = await auth.signIn(signInField, account);
    const end = (await sessionOf(first.accessToken)).expires_at.getTime() / 1000;
    let { refreshToken } = first;
    for (const ahead of [...multiplesBelow(absoluteSeconds - 60, idleSeconds), absoluteSeconds - 60]) {
      auth.clock.aheadSeconds = ahead;
      const { body } = await refresh(refreshToken);
      ({ refreshToken } = body.data[field]);
      expect(decodeJwt(body.data[field].accessToken).exp).toBeLessThanOrEqual(end);
    }
    auth.clock.aheadSeconds = absoluteSeconds + 1;
    expect(await reasonOf(refresh(refreshToken))).toBe('auth.failure.revoked');
  });

  it.each([
    ['inactive', 'is_active = false'],
    ['given another password', 'password_version = password_version + 1'],
  ])('refuses a token of an account that was %s', async (_name, change) => {
    const changed = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    const { refreshToken } = await auth.signIn(signInField, changed);
    await auth.database.query(`update ${accountTable} set ${change} where id = $1`, [changed.id]);
    expect(await reasonOf(refresh(refreshToken))).toBe('auth.failure.revoked');
  });

  it('signs nothing for an account that is being suspended at this moment', async () => {
    const racer = await addAccount(auth.database, { tenantId: auth.tenants.demo });
    const { refreshToken } = await auth.signIn(signInField, racer);
    const commitWhenAwaited = await holdChange(
      auth.database,
      `update ${accountTable} set is_active = false where id = '${racer.id}'`,
    );
    const [reason] = await Promise.all([reasonOf(refresh(refreshToken)), commitWhenAwaited()]);
    expect(reason).toBe('auth.failure.revoked');
  });

  it('signs nothing for a session that is being ended at this moment', async () => {
    const { accessToken, refreshToken } = await auth.signIn(signInField, account);
    const commitWhenAwaited = await holdChange(
      auth.database,
      `update auth.${platform}_session set ended_at = now(), end_reason = 'ended' where id = '${decodeJwt(accessToken).sid}'`,
    );
    const [reason] = await Promise.all([reasonOf(refresh(refreshToken)), commitWhenAwaited()]);
    expect(reason).toBe('auth.failure.revoked');
  });

  it('refuses a token of a session that has ended', async () => {
    const { accessToken, refreshToken } = await auth.signIn(signInField, account);
    const sql = `update auth.${platform}_session set ended_at = now(), end_reason = 'ended' where id = $1`;
    await auth.database.query(sql, [decodeJwt(accessToken).sid]);
    expect(await reasonOf(refresh(refreshToken))).toBe('auth.failure.revoked');
  });

  it("does not know another tenant's token, until the request names that tenant", async () => {
    const other = await addAccount(auth.database, { tenantId: auth.tenants.globex });
    const { refreshToken } = await auth.signIn(signInField, other, { tenant: 'globex' });
    expect(await reasonOf(refresh(refreshToken))).toBe('auth.failure.invalid_credentials');
    expect(await reasonOf(refresh(refreshToken, 'globex'))).toBeUndefined();
  });

  it("does not know the other platform's token", async () => {
    const [addOther, otherField] =
      platform === 'user' ? ([addStaffMember, 'portalLogin'] as const) : ([addCustomer, 'login'] as const);
    const other = await addOther(auth.database, { tenantId: auth.tenants.demo });
    const { refreshToken } = await auth.signIn(otherField, other);
    expect(await reasonOf(refresh(refreshToken))).toBe('auth.failure.invalid_credentials');
  });

  it.each([
    ['an unknown token', 'x'.repeat(43), 'auth.failure.invalid_credentials'],
    ['a malformed token', 'no token\0', 'auth.failure.invalid_credentials'],
    ['a token of 100 KB', 'x'.repeat(100_000), 'auth.failure.invalid_credentials'],
    ['an empty token', '', 'input.refreshToken'],
    ['no token', null, 'input.refreshToken'],
  ])('refuses %s', async (_name, token, reason) => {
    expect(await reasonOf(refresh(token))).toBe(reason);
  });
});

function multiplesBelow(limit: number, step: number): number[] {
  return Array.from({ length: Math.floor(limit / step) }, (_, index) => (index + 1) * step);
}
