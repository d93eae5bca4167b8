import { subgraphs } from '@signet/schema/subgraphs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedPassword, startTestPlatform, type TestPlatform } from './platform.test-support.ts';

// A copy of a customer's data and its end, carried out by every process that keeps some.
const email = 'ada@example.com';
const answering = subgraphs.filter(({ hasPersonalData }) => hasPersonalData).map(({ name }) => name);
const soon = { timeout: 30_000, interval: 200 };
let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform({ ACCOUNT_DELETION_DAYS: '0' });
});
afterAll(() => platform?.stop());

const ask = (query: string, variables: Record<string, unknown> = {}, token?: string) =>
  platform.ask(query, { variables, token });
const signIn = async (): Promise<string | undefined> => {
  const query = 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }';
  return (await ask(query, { input: { email, password: seedPassword } })).body.data?.login?.accessToken;
};

test('a customer gets a copy from every process, then ends the account everywhere', async () => {
  const token = (await signIn()) ?? '';
  const me = (await ask('{ me { id } }', {}, token)).body.data.me;
  const { body } = await ask('mutation { exportAccount { waitingFor } }', {}, token);
  expect(body).toEqual({ data: { exportAccount: { waitingFor: [...answering].sort() } } });
  const read = async () =>
    (await ask('{ accountExports { completedAt data } }', {}, token)).body.data.accountExports[0];
  await expect.poll(async () => (await read()).completedAt, soon).not.toBeNull();
  const { data } = await read();
  expect(Object.keys(data)).toEqual(['auth', ...[...answering].sort()]);
  expect(data.auth.account).toMatchObject({ id: me.id, email });

  expect((await ask('mutation { deleteAccount { at } }', {}, token)).body.errors).toBeUndefined();
  await expect.poll(signIn, soon).toBeUndefined();
  await expect.poll(async () => (await ask('{ me { id } }', {}, token)).status, soon).toBe(401);
  // No token of the account is accepted any more: nobody needs to wait longer for that.
  await platform.home.database.query(
    'update auth.person_part set next_attempt_at = now() where done_at is null',
  );
  const readRow = async () => {
    const rows = await platform.home.database.query('select email, full_name from auth.user where id = $1', [
      me.id,
    ]);
    return rows[0];
  };
  await expect.poll(readRow, soon).toEqual({ email: `${me.id}@erased.invalid`, full_name: '' });
  const [left] = await platform.home.database.query(
    `select count(*)::integer as count from auth.person_part p join auth.person_request r on r.id = p.request_id
     where p.account_id = $1 and (p.done_at is null or r.kind = 'export')`,
    [me.id],
  );
  expect(left.count).toBe(0);
});
