import { reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accountOperations } from '../testing/account-operations.test-support.ts';
import { addCustomer } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { holdChange } from '../testing/held-change.test-support.ts';
import { mailSettings } from '../testing/mails.test-support.ts';
import { makeDue } from '../testing/personal-data.test-support.ts';

// Transactions that lock the same rows do it in one order: none waits in a circle. PostgreSQL would end one of them after a second; it would run
// again, and nobody would see more than a slow answer. So the last test asks PostgreSQL.

const pairs = 3;
let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth(mailSettings, { personTiming: { pollMs: 20, closedSeconds: 0 } });
});
afterAll(() => auth.stop());

const { changeEmail, confirmEmail, undoEmail, tokenTo } = accountOperations(() => auth, 'user');
const tenant = () => ({ tenantId: auth.tenants.demo });

async function addSignedIn() {
  const account = await addCustomer(auth.database, tenant());
  return { account, token: (await auth.signIn('login', account)).accessToken };
}

/** A request for an address, and what confirms it. */
async function ask(token: string, newEmail: string) {
  expect(await changeEmail({ newEmail }, { token })).toEqual({ data: true });
  const link = await tokenTo(newEmail, 'email-change');
  return () => confirmEmail({ token: link }, { token });
}

const countWaiting = async () => {
  const rows = await auth.database.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows.length;
};
const awaited = { timeout: 10_000, interval: 10 };
/** Runs both while neither account can be locked, then lets them go at once: each has its first lock before it asks for the next one. */
async function runAtOnce<T>(ids: readonly string[], runs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const list = ids.map((id) => `'${id}'`).join();
  const release = await holdChange(auth.database, `select from auth.user where id in (${list}) for update`);
  const answers = runs.map((run) => run());
  await expect.poll(countWaiting, awaited).toBe(runs.length);
  await release();
  return Promise.all(answers);
}

async function addPair() {
  const [one, two] = [await addSignedIn(), await addSignedIn()] as const;
  return { one, two, ids: [one.account.id, two.account.id] };
}

it('two accounts that get each other’s address at once: one does, and the other link is worth nothing then', async () => {
  for (let count = 0; count < pairs; count++) {
    const { one, two, ids } = await addPair();
    const confirmations = [await ask(one.token, two.account.email), await ask(two.token, one.account.email)];
    const answers = await runAtOnce(ids, confirmations);
    expect(answers.map(({ reason }) => reason ?? 'confirmed').sort()).toEqual(['confirmed', 'input.token']);
  }
});

it('two owners who take their addresses back from each other’s accounts at once both get them', async () => {
  for (let count = 0; count < pairs; count++) {
    const { one, two, ids } = await addPair();
    await auth.database.query('update auth.user set email_verified = true where id = any($1)', [ids]);
    const links: string[] = [];
    for (const [index, { account, token }] of [one, two].entries()) {
      const confirm = await ask(token, `away-${count}-${index}@example.com`);
      expect(await confirm()).toMatchObject({ data: { verified: true } });
      links.push(await tokenTo(account.email, 'email-change-notice'));
    }
    // Each has the other's earlier address by now, and has not shown that it is theirs.
    const give = 'update auth.user set email = $2, email_verified = false where id = $1';
    await auth.database.query(give, [one.account.id, two.account.email]);
    await auth.database.query(give, [two.account.id, one.account.email]);
    const undos = links.map((token) => () => undoEmail({ token }));
    expect(await runAtOnce(ids, undos)).toEqual([{ data: true }, { data: true }]);
  }
});

it('a customer who keeps the account and the desk that would close it wait for each other in one order', async () => {
  const { account, token } = await addSignedIn();
  const query = (text: string) => auth.ask(text, {}, { token });
  expect(reasonsOf(await query('mutation { deleteAccount { at } }'))).toEqual([]);
  const release = await holdChange(
    auth.database,
    `select from auth.user where id = '${account.id}' for update`,
  );
  const cancelled = query('mutation { cancelAccountDeletion }');
  await expect.poll(countWaiting, awaited).toBe(1);
  await makeDue(auth, account.id);
  await expect.poll(countWaiting, awaited).toBe(2);
  await release();
  expect((await cancelled).body).toEqual({ data: { cancelAccountDeletion: true } });
  const [request] = await auth.database.query('select state from auth.person_request where account_id = $1', [
    account.id,
  ]);
  expect(request).toEqual({ state: 'cancelled' });
});

it('none of these had to be broken up by PostgreSQL', async () => {
  await auth.stopServer(); // A connection reports what it counted when it ends, at the latest.
  const [row] = await auth.database.query(
    'select deadlocks::integer from pg_stat_database where datname = current_database()',
  );
  expect(row).toEqual({ deadlocks: 0 });
});
