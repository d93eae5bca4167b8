import { createHash } from 'node:crypto';
import { createDatabase, type Database, inTenant } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing';
import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findAccountByEmail } from '../accounts/account.queries.ts';
import { portalTables, userTables } from '../accounts/account.ts';
import { addCustomer, addStaffMember } from '../testing/accounts.test-support.ts';
import {
  type AccountTokenPurpose,
  accountTokenSeconds,
  createAccountToken,
  endAccountTokens,
  useAccountToken,
} from './account-token.ts';

let database: TestDatabase;
let tenants: { demo: string; globex: string };
let aheadSeconds = 0;
const now = () => new Date(Date.now() + aheadSeconds * 1000);
beforeAll(async () => {
  database = await createTestDatabase();
  tenants = { demo: await database.addTenant('demo'), globex: await database.addTenant('globex') };
});
afterEach(() => {
  aheadSeconds = 0;
});
afterAll(() => database.drop());

const bothPlatforms = [
  { platform: 'user', tables: userTables, table: 'auth.user', add: addCustomer, other: portalTables },
  {
    platform: 'portal',
    tables: portalTables,
    table: 'auth.portal_user',
    add: addStaffMember,
    other: userTables,
  },
] as const;

describe.each(bothPlatforms)(
  'a token of an account on $platform',
  ({ platform, tables, table, add, other }) => {
    // Rows of both platforms have the same columns here.
    const issuer = { tables: tables as typeof userTables, now };
    let db: Kysely<Database>;
    beforeAll(() => {
      db = createDatabase(database.urlOf(`signet_auth_${platform}`), { maxConnections: 10 });
    });
    afterAll(() => db.destroy());

    async function create(purpose: AccountTokenPurpose = 'reset_password', tenantId = tenants.demo) {
      const { id, email } = await add(database, { tenantId });
      const token = await inTenant(db, tenantId, async (trx) => {
        const found = await findAccountByEmail(trx, issuer.tables, [email]);
        if (!found) throw new Error('no account');
        const { account } = found;
        return createAccountToken(trx, issuer, {
          tenantId,
          account,
          purpose,
          data: { email: 'new@example.com' },
        });
      });
      return { id, email, token };
    }
    const use = (token: string, purpose: AccountTokenPurpose = 'reset_password', tenantId = tenants.demo) =>
      inTenant(db, tenantId, (trx) => useAccountToken(trx, issuer, token, purpose));

    it('tells the account and its data, once', async () => {
      const { id, token } = await create();
      expect(await use(token)).toMatchObject({ account: { id }, data: { email: 'new@example.com' } });
      expect(await use(token)).toBeUndefined();
    });

    it('is used by exactly one of 200 at once', async () => {
      const { token } = await create();
      const outcomes = await Promise.all(Array.from({ length: 200 }, () => use(token)));
      expect(outcomes.filter((outcome) => outcome !== undefined)).toHaveLength(1);
    });

    it('can still be used after a transaction that was rolled back', async () => {
      const { token } = await create();
      const undone = inTenant(db, tenants.demo, async (trx) => {
        expect(await useAccountToken(trx, issuer, token, 'reset_password')).toBeDefined();
        throw new Error('no');
      });
      await expect(undone).rejects.toThrow('no');
      expect(await use(token)).toBeDefined();
    });

    it.each([
      ['the password', 'password_version = password_version + 1'],
      ['the e-mail', `email = 'x' || email`],
      ['whether the account is active', 'is_active = false'],
    ])('dies when %s changes', async (_what, change) => {
      const { id, token } = await create();
      await database.query(`update ${table} set ${change} where id = $1`, [id]);
      expect(await use(token)).toBeUndefined();
    });

    it.each(Object.keys(accountTokenSeconds) as AccountTokenPurpose[])('for %s expires', async (purpose) => {
      const [early, late] = [await create(purpose), await create(purpose)];
      aheadSeconds = accountTokenSeconds[purpose] - 5;
      expect(await use(early.token, purpose)).toBeDefined();
      aheadSeconds = accountTokenSeconds[purpose];
      expect(await use(late.token, purpose)).toBeUndefined();
    });

    it('is unknown for another purpose, in another tenant and on the other platform', async () => {
      const { token } = await create();
      expect(await use(token, 'verify_email')).toBeUndefined();
      expect(await use(token, 'reset_password', tenants.globex)).toBeUndefined();
      const elsewhere = createDatabase(
        database.urlOf(`signet_auth_${platform === 'user' ? 'portal' : 'user'}`),
      );
      const foreign = { tables: other as typeof userTables, now };
      const used = await inTenant(elsewhere, tenants.demo, (trx) =>
        useAccountToken(trx, foreign, token, 'reset_password'),
      );
      await elsewhere.destroy();
      expect(used).toBeUndefined();
      expect(await use(token), 'and nobody has used it up').toBeDefined();
    });

    it.each(['', 'x', 'A'.repeat(42), 'A'.repeat(44), 'A'.repeat(43), 'é'.repeat(43), `${'A'.repeat(42)}\0`])(
      'is not %j',
      async (text) => {
        expect(await use(text)).toBeUndefined();
      },
    );

    it('cut short is no token', async () => {
      const { token } = await create();
      expect(await use(token.slice(0, -1))).toBeUndefined();
      expect(await use(token)).toBeDefined();
    });

    it('ends with others of its purpose, and leaves those of other purposes', async () => {
      const { id, token } = await create('reset_password');
      await inTenant(db, tenants.demo, (trx) => endAccountTokens(trx, issuer, id, 'verify_email'));
      await inTenant(db, tenants.demo, async (trx) => {
        await endAccountTokens(trx, issuer, id, 'reset_password');
      });
      expect(await use(token)).toBeUndefined();
    });

    it('is in the database as its hash alone', async () => {
      const { token } = await create();
      const [{ text, count }] = await database.query(
        `select string_agg(to_jsonb(t)::text, '') as text, count(*) filter (where token_hash = $1)::int as count
       from auth.${platform}_account_token t`,
        [createHash('sha256').update(token).digest()],
      );
      expect(count).toBe(1);
      expect(text).not.toContain(token);
    });
  },
);
