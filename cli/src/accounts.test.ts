import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRunFolder } from '@signet/testing/run-folder';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addCustomer } from '../../subgraphs/auth/src/testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../../subgraphs/auth/src/testing/auth.test-support.ts';
import { otherSubgraphs } from '../../subgraphs/auth/src/testing/personal-data.test-support.ts';
import { run } from './run-command.test-support.ts';

const soon = { timeout: 10_000, interval: 20 };
let auth: TestAuth;
let folder: string;
const others = otherSubgraphs(() => auth);
beforeAll(async () => {
  [auth, folder] = await Promise.all([
    startTestAuth({}, { personTiming: { pollMs: 20, closedSeconds: 0 } }),
    createRunFolder(),
  ]);
});
afterAll(async () => {
  await auth.stop();
  await rm(folder, { recursive: true, force: true });
});

const env = () => ({ USER_DATABASE_URL: auth.database.urlOf('signet_auth_user') });
const accounts = (words: string) => run(`accounts ${words}`, { env: env() });
const write = async (name: string, ...lines: string[]) => {
  const file = join(folder, name);
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
};
const emailsOf = async (...ids: string[]) => {
  const rows = await auth.database.query<{ email: string }>(
    'select email from auth.user where id = any($1) order by email',
    [ids],
  );
  return rows.map(({ email }) => email);
};

it('erases what a restored backup brought back, and nobody else, however often it is asked', async () => {
  const [gone, kept, elsewhere] = [
    await addCustomer(auth.database, { tenantId: auth.tenants.demo }),
    await addCustomer(auth.database, { tenantId: auth.tenants.demo }),
    await addCustomer(auth.database, { tenantId: auth.tenants.globex }),
  ];
  // One had asked for its end, which the backup is from before.
  await auth.database.query(
    `insert into auth.person_request (tenant_id, account_id, kind, state, due_at)
     values ($1, $2, 'erase', 'scheduled', now() + interval '14 days')`,
    [auth.tenants.globex, elsewhere.id],
  );
  const lines = [
    JSON.stringify({ tenant: auth.tenants.demo, account: gone.id }),
    JSON.stringify({ tenant: auth.tenants.globex, account: elsewhere.id }),
    // An account that is of another tenant, and one from after the backup.
    JSON.stringify({ tenant: auth.tenants.globex, account: kept.id }),
    JSON.stringify({ tenant: auth.tenants.demo, account: '0199c2f4-7a10-7000-8000-000000000001' }),
  ];
  const file = await write('erased.jsonl', ...lines);
  expect(await accounts(`erase-again ${file} --check`)).toMatchObject({
    code: 0,
    out: '2 would be erased; 0 were erased already, 2 are not there.\n',
  });
  expect(await emailsOf(gone.id)).toEqual([gone.email]);
  expect(await accounts(`erase-again ${file}`)).toMatchObject({
    code: 0,
    out: '2 are due: the running processes erase them; 0 were erased already, 2 are not there.\n',
  });
  const erased = [gone, elsewhere].map(({ id }) => `${id}@erased.invalid`).sort();
  await expect
    .poll(async () => {
      await others.answerAll();
      return emailsOf(gone.id, elsewhere.id);
    }, soon)
    .toEqual(erased);
  expect(await emailsOf(kept.id)).toEqual([kept.email]);
  expect((await accounts(`erase-again ${file}`)).out).toMatch(
    /^0 are due.*; 2 were erased already, 2 are not/,
  );
  const listed = (await accounts('erased')).out.trim().split('\n');
  expect(listed.toSorted()).toEqual(lines.slice(0, 2).toSorted());
  const events = await auth.database.query(
    `select actor_id, details from auth.audit_event where kind = 'auth.account.deletion_scheduled' and subject_id = $1`,
    [gone.id],
  );
  expect(events).toEqual([{ actor_id: null, details: { by: 'operator' } }]);
});

it.each([
  ['a line that is no account', ['{"tenant": "demo", "account": "all"}'], /^line 1: must be \{"tenant"/],
  ['a line of another form', ['', 'select 1'], /^line 2: must be/],
])('changes nothing for a list with %s', async (_case, lines, fault) => {
  const customer = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
  const good = JSON.stringify({ tenant: auth.tenants.demo, account: customer.id });
  const outcome = await accounts(`erase-again ${await write('broken.jsonl', ...lines, good)}`);
  expect([outcome.code, outcome.err]).toEqual([1, expect.stringMatching(fault)]);
  expect(await emailsOf(customer.id)).toEqual([customer.email]);
  expect(
    await auth.database.query('select from auth.person_request where account_id = $1', [customer.id]),
  ).toEqual([]);
});

it('names the variable that is missing, and a file that is not there', async () => {
  const noUrl = await run('accounts erased', { env: { AUTH_PLATFORMS: 'portal' } });
  expect([noUrl.code, noUrl.err]).toEqual([1, 'USER_DATABASE_URL: is not set\n']);
  expect(await accounts('erase-again /nowhere.jsonl')).toMatchObject({ code: 1 });
});
