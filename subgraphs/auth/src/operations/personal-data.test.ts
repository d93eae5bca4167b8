import { reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOperations } from '../testing/account-operations.test-support.ts';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import { makeDue, otherSubgraphs } from '../testing/personal-data.test-support.ts';
import { endReasons, trySignIn } from '../testing/session-operations.test-support.ts';

const exportAccount = 'mutation { exportAccount { id completedAt waitingFor } }';
const listExports = '{ accountExports { id createdAt completedAt expiresAt waitingFor } }';
const readData = '{ accountExports { data } }';
const deleteAccount = 'mutation { deleteAccount { requestedAt at } }';
const cancel = 'mutation { cancelAccountDeletion }';
const deletion = '{ accountDeletion { at } }';
const soon = { timeout: 10_000, interval: 20 };

let auth: TestAuth;
const others = otherSubgraphs(() => auth);
beforeAll(async () => {
  auth = await startTestAuth(mailSettings, { personTiming: { pollMs: 20, closedSeconds: 0 } });
});
afterAll(() => auth.stop());

async function signInNew(tenantId = auth.tenants.demo) {
  const account = await addCustomer(auth.database, { tenantId });
  const { accessToken: token, refreshToken } = await auth.signIn('login', account);
  return { account, token, refreshToken };
}
const ask = (query: string, token?: string) => auth.ask(query, {}, { ...(token && { token }) });
const refresh = async (refreshToken: string) => {
  const query = 'mutation ($input: RefreshInput) { refresh(input: $input) { accessToken } }';
  return reasonsOf(await auth.ask(query, { input: { refreshToken } }));
};
const stateOf = async ({ id }: TestAccount) => {
  const rows = await auth.database.query<{ state: string }>(
    'select state from auth.person_request where account_id = $1 order by id',
    [id],
  );
  return rows.map(({ state }) => state);
};
const auditKinds = async ({ id }: TestAccount) => {
  const rows = await auth.database.query<{ kind: string }>(
    `select kind from auth.audit_event where subject_id = $1 and kind like 'auth.account.%' order by id`,
    [id],
  );
  return rows.map(({ kind }) => kind);
};

it.each(['a reset', 'an undone change of the address'])(
  '%s keeps an account that was to be deleted',
  async (way) => {
    const { account, token } = await signInNew();
    const { requestReset, reset, changeEmail, confirmEmail, undoEmail, tokenTo } = accountOperations(
      () => auth,
      'user',
    );
    await auth.database.query('update auth.user set email_verified = true where id = $1', [account.id]);
    expect((await ask(deleteAccount, token)).body.errors).toBeUndefined();
    if (way === 'a reset') {
      await requestReset({ email: account.email });
      const input = {
        token: await tokenTo(account.email, 'reset-password'),
        newPassword: 'twelve blue plums in a boat',
      };
      expect(await reset(input)).toMatchObject({ data: {} });
    } else {
      const to = `thief-${account.email}`;
      await changeEmail({ newEmail: to }, { token });
      await confirmEmail({ token: await tokenTo(to, 'email-change') }, { token });
      const undo = await tokenTo(account.email, 'email-change-notice');
      expect(await undoEmail({ token: undo })).toEqual({ data: true });
    }
    expect(await stateOf(account)).toEqual(['cancelled']);
    expect(await auditKinds(account)).toContain('auth.account.deletion_cancelled');
  },
);

describe('exportAccount', () => {
  it('waits for every subgraph, then holds what each keeps, and is told of by mail', async () => {
    const { account, token } = await signInNew();
    const { body } = await ask(exportAccount, token);
    expect(body).toEqual({
      data: {
        exportAccount: { id: expect.any(String), completedAt: null, waitingFor: [...others.names].sort() },
      },
    });
    expect((await ask(readData, token)).body).toEqual({ data: { accountExports: [{ data: null }] } });
    expect(await others.answerAll()).toBe(others.names.length);
    await expect.poll(() => stateOf(account), soon).toEqual(['done']);
    const listed = await ask(listExports, token);
    expect(listed.body.data.accountExports).toEqual([
      {
        id: body.data.exportAccount.id,
        createdAt: expect.any(String),
        completedAt: expect.any(String),
        expiresAt: expect.any(String),
        waitingFor: [],
      },
    ]);
    const { expiresAt, completedAt } = listed.body.data.accountExports[0];
    expect(Date.parse(expiresAt) - Date.parse(completedAt)).toBe(7 * 86_400_000);
    const [{ data }] = (await ask(readData, token)).body.data.accountExports;
    expect(Object.keys(data)).toEqual(['auth', ...[...others.names].sort()]);
    for (const name of others.names) expect(data[name]).toEqual({ keptBy: name });
    expect(data.auth).toMatchObject({
      account: { id: account.id, email: account.email, fullName: 'A Customer', emailVerified: false },
      sessions: [{ methods: ['pwd'], endedAt: null }],
      secondFactors: { totp: [], passkeys: [], recoveryCodesLeft: 0 },
      devices: [{ address: null }],
      requests: [{ kind: 'export' }],
      events: [{ kind: 'auth.login.success' }, { kind: 'auth.account.export_requested' }],
    });
    const mails = await readMails(auth, 'user', account.email);
    expect(mails.map(({ template }) => template)).toEqual(['export-ready']);
    expect(mails[0]?.values.link).toBe('https://shop.example/app/account');
  });

  it('holds no hash, no secret and no token, and nothing of another customer', async () => {
    const neighbour = await signInNew();
    const { account, token, refreshToken } = await signInNew();
    await ask(exportAccount, token);
    await others.answerAll();
    await expect.poll(() => stateOf(account), soon).toEqual(['done']);
    const text = JSON.stringify((await ask(readData, token)).body);
    const [row] = await auth.database.query('select password_hash, pepper_id from auth.user where id = $1', [
      account.id,
    ]);
    for (const secret of [row.password_hash, row.pepper_id, refreshToken, token, neighbour.account.id]) {
      expect(text).not.toContain(secret);
    }
    expect((await ask(listExports, neighbour.token)).body).toEqual({ data: { accountExports: [] } });
  });

  it('is one a day, also of 20 at once', async () => {
    const { account, token } = await signInNew();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(exportAccount, token)));
    const reasons = answers.flatMap((answer) => reasonsOf(answer));
    expect(reasons).toEqual(Array.from({ length: 19 }, () => 'auth.throttled'));
    expect(await stateOf(account)).toEqual(['running']);
    await auth.database.query(
      `update auth.person_request set created_at = now() - interval '25 hours' where account_id = $1`,
      [account.id],
    );
    expect(reasonsOf(await ask(exportAccount, token))).toEqual([]);
  });

  it('tells nothing of where staff were and why they acted', async () => {
    const { account, token } = await signInNew();
    await auth.database.query(
      `insert into auth.audit_event (tenant_id, kind, platform, subject_id, actor_id, address, details) values
         ($1, 'auth.customer.suspended', 'portal', $2, uuidv7(), '198.51.100.7', '{"reason":"Ticket 4711"}'),
         ($1, 'auth.factor.reset', 'user', $2, uuidv7(), '198.51.100.8', '{"ended":1}'),
         ($1, 'auth.logout', 'user', $2, $2, '198.51.100.9', '{}')`,
      [auth.tenants.demo, account.id],
    );
    await ask(exportAccount, token);
    await others.answerAll();
    await expect.poll(() => stateOf(account), soon).toEqual(['done']);
    const [{ data }] = (await ask(readData, token)).body.data.accountExports;
    expect(data.auth.events).toMatchObject([
      { kind: 'auth.login.success' },
      { kind: 'auth.factor.reset', address: null, details: { ended: 1 } },
      { kind: 'auth.logout', address: '198.51.100.9' },
      { kind: 'auth.account.export_requested' },
    ]);
    expect(JSON.stringify(data)).not.toMatch(/Ticket|198\.51\.100\.[78]/);
  });

  it('and its data need a recent sign-in', async () => {
    const { account, token: recent } = await signInNew();
    await ask(exportAccount, recent);
    auth.clock.aheadSeconds = -400;
    const { accessToken: token } = await auth.signIn('login', account);
    auth.clock.aheadSeconds = 0;
    const answers = await Promise.all([
      ask(exportAccount, token),
      ask(readData, token),
      ask(deleteAccount, token),
    ]);
    expect(await stateOf(account)).toEqual(['running']);
    for (const answer of answers) expect(reasonsOf(answer)).toEqual(['authz.step_up.required']);
  });

  it('is gone when its week is over', async () => {
    const { account, token } = await signInNew();
    await ask(exportAccount, token);
    await others.answerAll();
    await expect.poll(() => stateOf(account), soon).toEqual(['done']);
    await auth.database.query(
      `update auth.person_request set expires_at = now() - interval '1 second' where account_id = $1`,
      [account.id],
    );
    expect((await ask(listExports, token)).body).toEqual({ data: { accountExports: [] } });
    await auth.database.query('select auth.prune_account_exports(100)');
    expect(await stateOf(account)).toEqual([]);
    const parts = 'select from auth.person_part where account_id = $1';
    expect(await auth.database.query(parts, [account.id])).toEqual([]);
  });

  it('refuses strangers and staff', async () => {
    const staff = await addStaffMember(auth.database, { tenantId: auth.tenants.demo, role: 'super_admin' });
    const { accessToken } = await auth.signIn('portalLogin', staff);
    for (const query of [exportAccount, listExports, deleteAccount, cancel, deletion]) {
      expect(reasonsOf(await ask(query))).toEqual(['auth.failure.missing_token']);
      expect(reasonsOf(await ask(query, accessToken))).toEqual(['authz.platform.deny']);
    }
  });
});

describe('deleteAccount', () => {
  it('gives 14 days, ends all other sessions, and says so by mail', async () => {
    const { account, token } = await signInNew();
    const other = await auth.signIn('login', account);
    const { body } = await ask(deleteAccount, token);
    const { requestedAt, at } = body.data.deleteAccount;
    expect(Date.parse(at) - Date.parse(requestedAt)).toBe(14 * 86_400_000);
    expect(await endReasons(auth, 'user', account.id)).toEqual([null, 'ended']);
    expect(await refresh(other.refreshToken)).toEqual(['auth.failure.revoked']);
    expect((await ask(deletion, token)).body).toEqual({ data: { accountDeletion: { at } } });
    expect((await ask(deleteAccount, token)).body.data.deleteAccount.at).toBe(at);
    expect(await auditKinds(account)).toEqual(['auth.account.deletion_scheduled']);
    const mails = await readMails(auth, 'user', account.email);
    expect(mails.map(({ template, values }) => [template, values.at])).toEqual([['account-deletion', at]]);
  });

  it('can be taken back until its time comes, also after signing in again', async () => {
    const { account, token } = await signInNew();
    await ask(deleteAccount, token);
    const again = await auth.signIn('login', account);
    expect((await ask(cancel, again.accessToken)).body).toEqual({ data: { cancelAccountDeletion: true } });
    expect((await ask(cancel, again.accessToken)).body).toEqual({ data: { cancelAccountDeletion: false } });
    expect((await ask(deletion, token)).body).toEqual({ data: { accountDeletion: null } });
    await makeDue(auth, account.id);
    expect(await stateOf(account)).toEqual(['cancelled']);
    expect(await auditKinds(account)).toEqual([
      'auth.account.deletion_scheduled',
      'auth.account.deletion_cancelled',
    ]);
  });

  it('then closes the account at once, and erases it when every subgraph has', async () => {
    const { account, token, refreshToken } = await signInNew();
    await ask(exportAccount, token);
    await others.answerAll();
    await expect.poll(() => stateOf(account), soon).toEqual(['done']);
    await ask(deleteAccount, token);
    await makeDue(auth, account.id);
    await expect.poll(() => stateOf(account), soon).toEqual(['done', 'running']);
    expect(await trySignIn(auth, 'login', account)).toBeUndefined();
    await expect
      .poll(async () => reasonsOf(await ask('{ me { id } }', token)), soon)
      .toEqual(['auth.failure.revoked']);
    expect(await refresh(refreshToken)).toEqual(['auth.failure.revoked']);
    const [before] = await auth.database.query('select email from auth.user where id = $1', [account.id]);
    expect(before.email).toBe(account.email);
    expect(await others.answerAll()).toBe(others.names.length);
    await expect.poll(() => stateOf(account), soon).toEqual(['done']);
    const [row] = await auth.database.query(
      'select email, email_verified, full_name, password_hash, is_active from auth.user where id = $1',
      [account.id],
    );
    expect(row).toEqual({
      email: `${account.id}@erased.invalid`,
      email_verified: false,
      full_name: '',
      password_hash: 'none',
      is_active: false,
    });
    expect(await findTraces(account)).toEqual([]);
    expect(
      (await readMails(auth, 'user', account.email)).map(({ template, accountId }) => [template, accountId]),
    ).toEqual([['account-deleted', null]]);
    expect(await auditKinds(account)).toContain('auth.account.erased');
    // The address is free again, and what is registered with it is another account.
    const again = await addCustomer(auth.database, { tenantId: auth.tenants.demo, email: account.email });
    expect(again.id).not.toBe(account.id);
  });

  it('leaves every other account as it was, in its tenant and in others', async () => {
    const { account, token } = await signInNew();
    const [neighbour, foreign] = [
      await signInNew(),
      await addCustomer(auth.database, { tenantId: auth.tenants.globex }),
    ];
    const snapshot = () =>
      auth.database.query(
        `select to_jsonb(u) as account, (select count(*) from auth.user_session s where s.user_id = u.id) as sessions
         from auth.user u where id = any($1) order by id`,
        [[neighbour.account.id, foreign.id]],
      );
    const before = await snapshot();
    await ask(deleteAccount, token);
    await makeDue(auth, account.id);
    const answered = async () => {
      await others.answerAll();
      return stateOf(account);
    };
    await expect.poll(answered, soon).toEqual(['done']);
    expect(await snapshot()).toEqual(before);
    expect((await ask('{ me { id } }', neighbour.token)).body.errors).toBeUndefined();
  });

  it('does nothing for a subgraph twice: an attempt whose lease ran out settles nothing', async () => {
    const { account, token } = await signInNew();
    await ask(deleteAccount, token);
    await makeDue(auth, account.id);
    await expect.poll(() => stateOf(account), soon).toEqual(['running']);
    const [name = ''] = others.names;
    const [first] = await others.take(name);
    if (!first) throw new Error('there is no part');
    expect(await others.take(name)).toEqual([]);
    await auth.database.query('update auth.person_part set next_attempt_at = now() where account_id = $1', [
      account.id,
    ]);
    const [second] = await others.take(name);
    expect(second).toMatchObject({ attempt: first.attempt + 1 });
    expect(await others.settle(first, null)).toBe(false);
    expect(await others.settle({ ...first, ...second }, null)).toBe(true);
    expect(await others.settle({ ...first, ...second }, null)).toBe(false);
  });

  it('erases nobody whose time has not come, whoever calls the functions of the database', async () => {
    const { account } = await signInNew();
    const call = async (name: string) => {
      const [row] = await auth.database.query(
        `with tenant as materialized (select set_config('app.tenant', $1, true))
         select auth.${name}($2) as done from tenant`,
        [auth.tenants.demo, account.id],
      );
      return row.done;
    };
    expect(await call('close_user')).toBe(false);
    expect(await call('erase_user')).toBe(false);
    const [row] = await auth.database.query('select email, is_active from auth.user where id = $1', [
      account.id,
    ]);
    expect(row).toEqual({ email: account.email, is_active: true });
  });

  it('is not undone by staff who reinstate the customer', async () => {
    const { account, token } = await signInNew();
    await ask(deleteAccount, token);
    await makeDue(auth, account.id);
    await expect.poll(() => stateOf(account), soon).toEqual(['running']);
    await auth.database.query(
      `with tenant as materialized (select set_config('app.tenant', $1, true))
       select auth.reinstate_customer($2) from tenant`,
      [auth.tenants.demo, account.id],
    );
    expect(await trySignIn(auth, 'login', account)).toBeUndefined();
    await others.answerAll();
    await expect.poll(() => stateOf(account), soon).toEqual(['done']);
  });
});

/** Tables of auth, beside the account's own and what must stay, in which a row names the account or its address. */
async function findTraces({ id, email }: TestAccount): Promise<string[]> {
  const tables = await auth.database.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'auth'::regnamespace and c.relname not in ('person_request', 'person_part')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await auth.database.query(
      `select from ${name} t where to_jsonb(t)::text like '%' || $1 || '%' or to_jsonb(t)::text like '%' || $2 || '%'`,
      [id, email],
    );
    if (rows.length > 0) found.push(name);
  }
  return found.filter((name) => !['auth."user"', 'auth.audit_event'].includes(name));
}
