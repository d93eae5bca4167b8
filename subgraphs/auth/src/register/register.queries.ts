import type { Database } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { sql, type Transaction } from 'kysely';
import type { UserAccount } from '../accounts/account.ts';
import { userTables } from '../accounts/platform-tables.ts';

type Trx = Transaction<Database>;

export async function allowsRegistration(trx: Trx, tenantId: string): Promise<boolean> {
  const tenant = await trx
    .selectFrom('auth.tenant')
    .select('self_registration')
    .where('id', '=', tenantId)
    .executeTakeFirst();
  return tenant?.self_registration === true;
}

export async function isEmailTaken(trx: Trx, email: string): Promise<boolean> {
  const row = await trx.selectFrom('auth.user').select('id').where('email', '=', email).executeTakeFirst();
  return row !== undefined;
}

type NewUser = { tenantId: string; email: string; fullName: string; password: PasswordHash };

/** Undefined when the e-mail is taken, also by somebody who registers at this moment. */
export async function insertUser(trx: Trx, user: NewUser): Promise<UserAccount | undefined> {
  const { tenantId, email, fullName, password } = user;
  const { rows } = await sql<UserAccount>`
    insert into ${userTables.account} (tenant_id, email, full_name, password_hash, pepper_id)
    values (${tenantId}, ${email}, ${fullName}, ${password.hash}, ${password.pepperId})
    on conflict (tenant_id, email) do nothing
    returning ${userTables.accountColumns}
  `.execute(trx);
  return rows[0];
}
