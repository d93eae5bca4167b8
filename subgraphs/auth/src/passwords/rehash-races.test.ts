import { createDatabase } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { createLogger } from '@signet/service';
import { createTestDatabase, type TestDatabase } from '@signet/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { userTables } from '../accounts/account.ts';
import { addCustomer } from '../testing/accounts.test-support.ts';
import { createRehash } from './rehash.ts';

const made: PasswordHash = { hash: 'made anew', pepperId: 'new' };
let database: TestDatabase;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant('demo');
});
afterAll(() => database.drop());

async function rehash(whileHashing: (id: string) => Promise<unknown>, calls = 1) {
  const account = await addCustomer(database, { tenantId });
  const read = async () =>
    (
      await database.query(
        'select password_hash as hash, pepper_id as "pepperId" from auth.user where id = $1',
        [account.id],
      )
    )[0];
  const db = createDatabase(database.urlOf('signet_auth_user'));
  let hashed = 0;
  const { offer, settled } = createRehash({
    db,
    tables: userTables,
    logger: createLogger('test', 'silent'),
    passwords: {
      async rehash() {
        hashed += 1;
        await whileHashing(account.id);
        return made;
      },
    },
  });
  const stored = await read();
  for (let call = 0; call < calls; call++) {
    offer({ tenantId, accountId: account.id, password: 'right', stored });
  }
  await settled();
  await db.destroy();
  return { before: stored, after: await read(), hashed };
}

it('a hash is replaced once, however many sign-ins offer it at the same time', async () => {
  const { after, hashed } = await rehash(async () => {}, 20);
  expect(after).toEqual(made);
  expect(hashed).toBe(1);
});

it('a password that was changed meanwhile stays', async () => {
  const changed = { hash: 'of another password', pepperId: 'new' };
  const { after } = await rehash((id) =>
    database.query('update auth.user set password_hash = $2, pepper_id = $3 where id = $1', [
      id,
      changed.hash,
      changed.pepperId,
    ]),
  );
  expect(after).toEqual(changed);
});

it('a failure is no unhandled rejection, and the hash stays', async () => {
  const { before, after } = await rehash(() => Promise.reject(new Error('no thread')));
  expect(after).toEqual(before);
});
