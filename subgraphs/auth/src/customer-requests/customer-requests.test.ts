import { createDatabase, inTenant } from '@signet/db';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings, readMails, tokenOf } from '../testing/mails.test-support.ts';

let auth: TestAuth;
let staff: TestAccount;
let sessionId: string;
/** As the process of portal, which calls what auth publishes. */
let portal: ReturnType<typeof createDatabase>;
beforeAll(async () => {
  auth = await startTestAuth(mailSettings);
  staff = await addStaffMember(auth.database, { tenantId: auth.tenants.demo });
  sessionId = await addSession(auth.tenants.demo, staff.id);
  portal = createDatabase(auth.database.urlOf('signet_portal'), {
    maxConnections: 2,
    applicationName: 'test',
  });
});
afterAll(async () => {
  await portal?.destroy();
  await auth.stop();
});

async function addSession(tenantId: string, staffId: string): Promise<string> {
  const [row] = await auth.database.query<{ id: string }>(
    `insert into auth.portal_session (tenant_id, staff_id, password_version, amr, expires_at)
     values ($1, $2, 1, '{pwd}', now() + interval '1 hour') returning id`,
    [tenantId, staffId],
  );
  return row?.id ?? '';
}
async function addVerified(isVerified = true): Promise<TestAccount> {
  const account = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
  await auth.database.query('update auth.user set email_verified = $2 where id = $1', [
    account.id,
    isVerified,
  ]);
  return account;
}
const call = (statement: ReturnType<typeof sql<{ outcome: string | null }>>) =>
  inTenant(portal, auth.tenants.demo, async (trx) => (await statement.execute(trx)).rows[0]?.outcome);
const requestReset = (id: string) =>
  call(sql`select auth.request_customer_password_reset(${id}, ${staff.id}, ${sessionId}) as outcome`);
const correct = (id: string, email: string) =>
  call(sql`select auth.correct_customer_email(${id}, ${staff.id}, ${sessionId}, ${email}) as outcome`);
const settled = (id: string) =>
  vi.waitFor(
    async () => {
      const rows = await auth.database.query(
        'select outcome, old_email from auth.user_request where account_id = $1',
        [id],
      );
      expect(rows.every(({ outcome }) => outcome !== null)).toBe(true);
      return rows;
    },
    { timeout: 20_000, interval: 100 },
  );
const mailsTo = (email: string) => readMails(auth, 'user', email);
const tokensOf = async (id: string) =>
  (
    await auth.database.query(
      'select purpose, email, data from auth.user_account_token where account_id = $1 order by purpose',
      [id],
    )
  ).map((row) => row);

describe('what staff ask for of a customer', () => {
  it('a link for a new password goes to the customer, and the earlier one is worth nothing', async () => {
    const account = await addVerified();
    expect(await requestReset(account.id)).toBe('done');
    await settled(account.id);
    expect(await requestReset(account.id)).toBe('done');
    await settled(account.id);
    expect(await mailsTo(account.email)).toMatchObject([
      { template: 'reset-password-by-staff', accountId: account.id },
      {
        template: 'reset-password-by-staff',
        values: {
          link: expect.stringMatching(/^https:\/\/shop\.example\/app\/reset-password#token=/),
          validFor: '3600',
        },
      },
    ]);
    expect(await tokensOf(account.id)).toMatchObject([{ purpose: 'reset_password' }]);
  });

  it('a corrected address: the new one proves itself, the earlier one can undo it, and its copy is wiped', async () => {
    const account = await addVerified();
    const email = `new-${account.email}`;
    expect(await correct(account.id, email)).toBe('done');
    expect(await settled(account.id)).toEqual([{ outcome: 'done', old_email: null }]);
    expect((await mailsTo(email)).map(({ template }) => template).sort()).toEqual([
      'email-corrected',
      'verify-email',
    ]);
    expect(await mailsTo(account.email)).toMatchObject([
      { template: 'email-change-notice', values: { email, validFor: String(72 * 3600) } },
    ]);
    expect(await tokensOf(account.id)).toMatchObject([
      { purpose: 'undo_email', email, data: { email: account.email } },
      { purpose: 'verify_email', email },
    ]);
  });

  it('the reader of the earlier address takes a correction back, also after the password was reset by the new one', async () => {
    const account = await addVerified();
    const email = `new-${account.email}`;
    await correct(account.id, email);
    await settled(account.id);
    expect(await requestReset(account.id)).toBe('done');
    await settled(account.id);
    const token = tokenOf(
      (await mailsTo(email)).find(({ template }) => template === 'reset-password-by-staff'),
    );
    const reset = await auth.ask(
      'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { endedSessions } }',
      { input: { token, newPassword: 'twelve blue plums in a boat' } },
    );
    expect(reset.body.errors).toBeUndefined();
    const undo = tokenOf((await mailsTo(account.email))[0]);
    const { body } = await auth.ask('mutation ($input: UndoEmailInput!) { undoEmail(input: $input) }', {
      input: { token: undo },
    });
    expect(body).toEqual({ data: { undoEmail: true } });
    expect(
      await auth.database.query('select email, email_verified from auth.user where id = $1', [account.id]),
    ).toEqual([{ email: account.email, email_verified: true }]);
  });

  it('an earlier address that nobody had verified is told, without a link and without the new address', async () => {
    const account = await addVerified(false);
    const email = `new-${account.email}`;
    await correct(account.id, email);
    await settled(account.id);
    const mails = await mailsTo(account.email);
    expect(mails).toMatchObject([
      { template: 'email-corrected', values: { oldEmail: account.email, newEmail: 'n***@example.com' } },
    ]);
    expect(JSON.stringify(mails)).not.toMatch(/token|new-/);
    expect((await tokensOf(account.id)).map(({ purpose }) => purpose)).toEqual(['verify_email']);
  });

  it('a correction is told and can be undone also where the account was suspended before or meanwhile', async () => {
    const account = await addVerified();
    const email = `new-${account.email}`;
    const suspend = sql`select auth.suspend_customer(${account.id})`;
    await inTenant(portal, auth.tenants.demo, (trx) => suspend.execute(trx));
    expect(await correct(account.id, email)).toBe('done');
    expect(await settled(account.id)).toEqual([{ outcome: 'done', old_email: null }]);
    const [notice] = await mailsTo(account.email);
    expect(notice).toMatchObject({ template: 'email-change-notice' });
    const { body } = await auth.ask('mutation ($input: UndoEmailInput!) { undoEmail(input: $input) }', {
      input: { token: tokenOf(notice) },
    });
    expect(body).toEqual({ data: { undoEmail: true } });
    expect(
      await auth.database.query('select email, is_active from auth.user where id = $1', [account.id]),
    ).toEqual([{ email: account.email, is_active: false }]);
  });

  it('no link for a password goes to an account that was suspended meanwhile', async () => {
    const account = await addVerified();
    const hold = await inTenant(portal, auth.tenants.demo, async (trx) => {
      const { rows } = await sql<{ outcome: string }>`
        select auth.request_customer_password_reset(${account.id}, ${staff.id}, ${sessionId}) as outcome`.execute(
        trx,
      );
      await sql`select auth.suspend_customer(${account.id})`.execute(trx);
      return rows[0]?.outcome;
    });
    expect(hold).toBe('done');
    expect(await settled(account.id)).toMatchObject([{ outcome: 'obsolete' }]);
    expect(await mailsTo(account.email)).toEqual([]);
  });
});

describe.each([
  'request_customer_password_reset($1, $2, $3)',
  `correct_customer_email($1, $2, $3, 'taken-over@example.com')`,
  `request_customer_factor_reset($1, $2, $3, 'Lost.')`,
])('auth.%s', (written) => {
  /** As the process of portal by its rights alone, with no check of its own. */
  const run = (...[customerId, staffId, session]: [string, string, string]) => {
    const text = written.replace('$1', `'${customerId}'`).replace('$2', `'${staffId}'`);
    return call(sql`select ${sql.raw(`auth.${text.replace('$3', `'${session}'`)}`)}::text as outcome`);
  };

  it('believes no name of a member of staff: only their live session', async () => {
    const { id, email } = await addVerified();
    const other = await addStaffMember(auth.database, { tenantId: auth.tenants.demo });
    const foreign = await addStaffMember(auth.database, { tenantId: auth.tenants.globex });
    const ended = await addSession(auth.tenants.demo, staff.id);
    await auth.database.query(
      `update auth.portal_session set ended_at = now(), end_reason = 'logout' where id = $1`,
      [ended],
    );
    const foreignSession = await addSession(auth.tenants.globex, foreign.id);
    for (const [staffId, session] of [
      [staff.id, crypto.randomUUID()],
      [staff.id, ended],
      [other.id, sessionId],
      [foreign.id, foreignSession],
    ] as const) {
      await expect(run(id, staffId, session)).rejects.toThrow('no live session of this member of staff');
    }
    const left = await auth.database.query(
      `select email, (select count(*) from auth.user_request where account_id = $1)
         + (select count(*) from auth.user_factor_reset where account_id = $1) as asked
       from auth.user where id = $1`,
      [id],
    );
    expect(left).toEqual([{ email, asked: '0' }]);
  });
});

it('without mail the process says so, and staff are refused', async () => {
  const silent = await startTestAuth();
  try {
    expect(await silent.database.query('select is_open from auth.user_outbox')).toEqual([{ is_open: false }]);
  } finally {
    await silent.stop();
  }
  expect(await auth.database.query('select is_open from auth.user_outbox')).toEqual([{ is_open: true }]);
});
