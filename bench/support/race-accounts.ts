import { createHmac } from 'node:crypto';
import { createDatabase, inTenant } from '@signet/db';
import { createPepper } from '@signet/db/password-hash';
import bcrypt from 'bcryptjs';
import { sql } from 'kysely';
import { type AuthProcess, password } from './start-auth.ts';

/** Each has an address of its own: what many of one address are refused is no matter here. */
export type RaceAccount = { id: string; email: string; password: string; address: string };

const races = {
  parallel: 'user',
  'sign-out': 'user',
  'ending other sessions': 'user',
  'a change of password': 'user',
  suspension: 'user',
  'a change of role': 'portal',
  deactivation: 'portal',
} as const;
type Race = keyof typeof races;
type Platform = (typeof races)[Race];

/** Accounts for each race, whose password is quickly compared, a super_admin, and what staff do past auth. */
export async function addRaceAccounts({ adminUrl, urlOf, pepper }: AuthProcess, tries: number) {
  const keyed = createHmac('sha256', pepper).update(password).digest('base64');
  const secret = { password_hash: bcrypt.hashSync(keyed, 4), pepper_id: createPepper(pepper).id };
  const db = createDatabase(adminUrl);
  const { id: tenantId } = await db.selectFrom('auth.tenant').select('id').executeTakeFirstOrThrow();
  let made = 0;
  const add = async (platform: Platform, name: string, role: 'support' | 'super_admin' = 'support') => {
    made += 1;
    const account = {
      tenant_id: tenantId,
      email: `${name.replaceAll(' ', '-')}-${made}@example.com`,
      ...secret,
    };
    const { id } = await inTenant(db, tenantId, (trx) =>
      platform === 'user'
        ? trx.insertInto('auth.user').values(account).returning('id').executeTakeFirstOrThrow()
        : trx
            .insertInto('auth.portal_user')
            .values({ ...account, full_name: name, role })
            .returning('id')
            .executeTakeFirstOrThrow(),
    );
    return {
      id,
      email: account.email,
      password,
      address: `10.${made >> 16}.${(made >> 8) & 255}.${made & 255}`,
    };
  };
  const accounts = {} as Record<Race, RaceAccount[]>;
  for (const [name, platform] of Object.entries(races) as [Race, Platform][]) {
    accounts[name] = [];
    for (let index = 0; index < tries; index++) accounts[name].push(await add(platform, name));
  }
  const staff = createDatabase(urlOf('signet_portal'));
  return {
    accounts,
    admin: await add('portal', 'admin', 'super_admin'),
    portal: {
      suspend: (id: string) =>
        inTenant(staff, tenantId, (trx) => sql`select auth.suspend_customer(${id})`.execute(trx)),
      async liveSessions(platform: Platform, accountId: string): Promise<string[]> {
        const account = sql.ref(platform === 'user' ? 'user_id' : 'staff_id');
        const { rows } = await sql<{ id: string }>`
          select id from ${sql.table(`auth.${platform}_session`)} where ${account} = ${accountId} and ended_at is null
        `.execute(db);
        return rows.map(({ id }) => id);
      },
      close: () => Promise.all([db.destroy(), staff.destroy()]),
    },
  };
}
