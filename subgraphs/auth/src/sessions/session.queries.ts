import type { Database, SessionEndReason } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import type { PlatformTables } from '../accounts/platform-tables.ts';

type Trx = Transaction<Database>;
type Tables = PlatformTables<Account>;

/** What a session row tells about the client; the request's id goes to the audit log. */
export type SessionClient = { device: string; address: string | null; requestId?: string };

export type SessionRow = {
  id: string;
  authTime: Date;
  amr: string[];
  passwordVersion: number;
  expiresAt: Date;
  endedAt: Date | null;
};

const sessionColumns = sql<SessionRow>`
  id, auth_time as "authTime", amr, password_version as "passwordVersion", expires_at as "expiresAt",
  ended_at as "endedAt"`;

type NewSession = SessionClient & {
  tenantId: string;
  account: Account;
  amr: string[];
  authTime: Date;
  expiresAt: Date;
};

export async function insertSession(trx: Trx, tables: Tables, session: NewSession): Promise<SessionRow> {
  const { tenantId, account, amr, authTime, expiresAt, device, address } = session;
  const { rows } = await sql<SessionRow>`
    insert into ${tables.session}
      (tenant_id, ${tables.accountId}, password_version, auth_time, amr, device, address, created_at, last_used_at, expires_at)
    values
      (${tenantId}, ${account.id}, ${account.passwordVersion}, ${authTime}, ${amr}::text[], ${device}, ${address}::inet,
       ${authTime}, ${authTime}, ${expiresAt})
    returning ${sessionColumns}
  `.execute(trx);
  return rows[0] as SessionRow;
}

/** The row lock that refresh and every end of a session share: whichever comes second sees what the first did. */
export async function lockSession(trx: Trx, tables: Tables, id: string): Promise<SessionRow | undefined> {
  const { rows } = await sql<SessionRow>`
    select ${sessionColumns} from ${tables.session} where id = ${id} for update
  `.execute(trx);
  return rows[0];
}

export async function touchSession(trx: Trx, tables: Tables, id: string, now: Date): Promise<void> {
  await sql`update ${tables.session} set last_used_at = ${now} where id = ${id}`.execute(trx);
}

/** @returns false when it had ended already or is not there. */
export async function endSession(
  trx: Trx,
  tables: Tables,
  { id, reason, now }: { id: string; reason: SessionEndReason; now: Date },
): Promise<boolean> {
  const { rows } = await sql`
    update ${tables.session} set ended_at = ${now}, end_reason = ${reason}
    where id = ${id} and ended_at is null
    returning id
  `.execute(trx);
  return rows.length === 1;
}
