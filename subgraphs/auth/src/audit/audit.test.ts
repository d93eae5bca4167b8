import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addCustomer,
  addStaffMember,
  type TestAccount,
  testPassword,
} from '../testing/accounts.test-support.ts';
import { signInOperation, startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { bothPlatforms, sessionOperations } from '../testing/session-operations.test-support.ts';

type Row = { kind: string; actor_id: string; subject_id: string; session_id: string; details: object };

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.stop());

const address = '192.0.2.7';
const newPassword = 'twelve blue plums in a boat';

/** The rows about an account, oldest first. */
const listRows = (accountId: string) =>
  auth.database.query<Row>(
    `select kind, actor_id, subject_id, session_id, details from auth.audit_event
     where $1 in (actor_id, subject_id) order by happened_at, id`,
    [accountId],
  );
const listKinds = async (accountId: string) => (await listRows(accountId)).map(({ kind }) => kind);
const countRows = async (kind: string, details: object = {}) => {
  const rows = await auth.database.query(
    'select from auth.audit_event where kind = $1 and details @> $2::jsonb',
    [kind, JSON.stringify(details)],
  );
  return rows.length;
};

describe.each(bothPlatforms)('$platform: the log', ({ platform, fields, addAccount }) => {
  const { endOne, endOthers, changePassword, refresh, list } = sessionOperations(() => auth, { fields });
  const logout = platform === 'user' ? 'logout' : 'portalLogout';
  const signIn = (account: TestAccount) => auth.signIn(fields.login, account, { address, device: 'Test' });
  const tryLogin = (email: string, password: string) =>
    auth.ask(signInOperation(fields.login), { input: { email, password } }, { address });
  const add = (options: { isActive?: boolean } = {}) =>
    addAccount(auth.database, { tenantId: auth.tenants.demo, ...options });

  it('has a sign-in: account, session, address', async () => {
    const account = await add();
    const { accessToken } = await signIn(account);
    const [session] = (await list(accessToken)).body.data[fields.list];
    const rows = await auth.database.query(
      `select kind, platform, actor_id, subject_id, session_id, tenant_id, host(address) as address, request_id
       from auth.audit_event where subject_id = $1`,
      [account.id],
    );
    expect(rows).toEqual([
      {
        kind: 'auth.login.success',
        platform,
        actor_id: account.id,
        subject_id: account.id,
        session_id: session.id,
        tenant_id: auth.tenants.demo,
        address,
        request_id: 'test',
      },
    ]);
  });

  it('has why a sign-in failed, and for an unknown account nothing that was typed', async () => {
    const account = await add();
    const inactive = await add({ isActive: false });
    await tryLogin(account.email, 'not the password at all');
    await tryLogin(inactive.email, testPassword);
    expect(await listRows(account.id)).toMatchObject([
      { kind: 'auth.login.failure', actor_id: null, details: { cause: 'wrong_password' } },
    ]);
    expect(await listRows(inactive.id)).toMatchObject([
      { kind: 'auth.login.failure', details: { cause: 'inactive' } },
    ]);
    const before = await countRows('auth.login.failure', { cause: 'unknown_account' });
    await tryLogin(`secret-of-${platform}@example.com`, testPassword);
    expect(await countRows('auth.login.failure', { cause: 'unknown_account' })).toBe(before + 1);
  });

  it('has a token that was used twice, which ended the session', async () => {
    const account = await add();
    const first = await signIn(account);
    const { body } = await refresh(first.refreshToken);
    auth.clock.aheadSeconds = 61;
    await refresh(body.data[fields.refresh].refreshToken);
    await refresh(first.refreshToken);
    auth.clock.aheadSeconds = 0;
    expect(await listKinds(account.id)).toEqual(['auth.login.success', 'auth.refresh.reuse']);
  });

  it('has ended sessions and a sign-out, once', async () => {
    const account = await add();
    const [one, two] = [await signIn(account), await signIn(account)];
    const sessions = (await list(one.accessToken)).body.data[fields.list];
    await endOne(sessions.find(({ current }: { current: boolean }) => !current).id, one.accessToken);
    await signIn(account);
    await endOthers(one.accessToken);
    const ask = () => auth.ask(`mutation { ${logout} }`, {}, { token: one.accessToken });
    await Promise.all([ask(), ask()]);
    expect((await listKinds(account.id)).filter((kind) => kind !== 'auth.login.success')).toEqual([
      'auth.session.ended',
      'auth.session.others_ended',
      'auth.logout',
    ]);
    expect(two.accessToken).not.toBe(one.accessToken);
  });

  it('has a changed password, and a failed attempt', async () => {
    const account = await add();
    const { accessToken } = await signIn(account);
    await changePassword({ currentPassword: 'not the password at all', newPassword }, accessToken);
    await changePassword({ currentPassword: testPassword, newPassword }, accessToken);
    expect(await listKinds(account.id)).toEqual([
      'auth.login.success',
      'auth.password.change_failure',
      'auth.password.changed',
    ]);
  });

  it('and the change that it records are committed together, or neither is', async () => {
    const account = await add();
    const role = `signet_auth_${platform}`;
    await auth.database.query(`revoke insert (kind) on auth.audit_event from ${role}`);
    try {
      const { body } = await tryLogin(account.email, testPassword);
      expect(body.data?.[fields.login] ?? null).toBeNull();
      const column = platform === 'user' ? 'user_id' : 'staff_id';
      const sessions = await auth.database.query(
        `select from auth.${platform}_session where ${column} = $1`,
        [account.id],
      );
      expect(sessions).toHaveLength(0);
    } finally {
      await auth.database.query(`grant insert (kind) on auth.audit_event to ${role}`);
    }
  });

  it('has refusals once a minute for each caller, however many there are', async () => {
    const account = await add();
    const { accessToken } = await signIn(account);
    const foreign = platform === 'user' ? 'portalMe { id }' : 'me { id }';
    const ask = (query: string, sender: object) => auth.ask(query, {}, sender);
    await Promise.all(Array.from({ length: 10 }, () => ask(`{ alias: ${foreign} }`, { token: accessToken })));
    await expect.poll(() => listKinds(account.id)).toEqual(['auth.login.success', 'authz.refused']);
    expect((await listRows(account.id)).at(-1)?.details).toEqual({
      reason: 'authz.platform.deny',
      field: foreign.split(' ')[0],
      count: 1,
    });
  });

  it('has a refusal without a token on the platform of the field that was asked for', async () => {
    const { body } = await auth.ask(`mutation { ${fields.endOthers} }`, {}, { address: '203.0.113.77' });
    expect(body.errors?.[0]?.extensions.reason).toBe('auth.failure.missing_token');
    const platforms = () =>
      auth.database.query(
        `select platform from auth.audit_event where kind = 'authz.refused' and details ->> 'field' = $1
         and address = '203.0.113.77'`,
        [fields.endOthers],
      );
    await expect.poll(platforms).toEqual([{ platform }]);
  });

  it('is sealed within a second or two', async () => {
    await add().then(signIn);
    await expect
      .poll(() => auth.database.query('select from auth.audit_pending'), { timeout: 30_000 })
      .toHaveLength(0);
  });
});

describe('the log', () => {
  it('has what staff did to staff', async () => {
    const { demo: tenantId } = auth.tenants;
    const boss = await addStaffMember(auth.database, { tenantId, role: 'super_admin' });
    const member = await addStaffMember(auth.database, { tenantId });
    const { accessToken: token } = await auth.signIn('portalLogin', boss);
    const id = { id: member.id };
    for (const operation of [
      `changeStaffRole(id: $id, role: operations) { id }`,
      'deactivateStaff(id: $id) { id }',
      'deactivateStaff(id: $id) { id }',
      'reactivateStaff(id: $id) { id }',
    ]) {
      const { body } = await auth.ask(`mutation ($id: ID!) { ${operation} }`, id, { token });
      expect(body.errors).toBeUndefined();
    }
    const rows = await listRows(member.id);
    expect(rows.map(({ kind }) => kind)).toEqual([
      'authz.role.changed',
      'auth.staff.deactivated',
      'auth.staff.reactivated',
    ]);
    expect(rows[0]).toMatchObject({ actor_id: boss.id, details: { from: 'support', to: 'operations' } });
  });

  it('has a new account', async () => {
    const { body } = await auth.ask(
      'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
      { input: { email: 'new@example.com', password: newPassword, fullName: 'New' } },
    );
    expect(body.errors).toBeUndefined();
    expect(await countRows('auth.account.registered')).toBe(1);
  });

  it('holds no e-mail, no password and no token', async () => {
    const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const tokens = await auth.signIn('login', account);
    const rows = await auth.database.query('select e::text as row from auth.audit_event e');
    const text = rows.map(({ row }) => row).join('\n');
    expect(rows.length).toBeGreaterThan(20);
    for (const secret of ['@', testPassword, newPassword, tokens.accessToken, tokens.refreshToken, '$2']) {
      expect(text.includes(secret), secret.slice(0, 5)).toBe(false);
    }
  });

  it('has a throttled sign-in once a minute', async () => {
    const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const before = await countRows('auth.login.throttled');
    for (let n = 0; n < 20; n++) {
      const input = { email: account.email, password: 'wrong for sure, wrong' };
      await auth.ask(signInOperation('login'), { input }, { address: '198.51.100.9' });
    }
    await expect.poll(() => countRows('auth.login.throttled')).toBe(before + 1);
  });
});

it('a process that stops writes how many refusals it had counted, and seals them', async () => {
  const own = await startTestAuth();
  try {
    const account = await addCustomer(own.database, { tenantId: own.tenants.demo });
    const { accessToken: token } = await own.signIn('login', account);
    for (let n = 0; n < 4; n++) await own.ask('{ portalMe { id } }', {}, { token });
    await own.stopServer();
    const rows = await own.database.query(
      `select details -> 'count' as count, p.event_id is null as sealed
       from auth.audit_event e left join auth.audit_pending p on p.event_id = e.id
       where kind = 'authz.refused' and actor_id = $1 order by e.happened_at, e.id`,
      [account.id],
    );
    expect(rows).toEqual([
      { count: 1, sealed: true },
      { count: 3, sealed: true },
    ]);
  } finally {
    await own.database.drop();
  }
});
