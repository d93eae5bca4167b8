import type { Database } from '@signet/db';
import type { ImpersonationReason } from '@signet/schema/contract';
import type { PageRequest } from '@signet/subgraph';
import { type RawBuilder, sql, type Transaction } from 'kysely';

type Trx = Transaction<Database>;

export type ImpersonationRow = {
  id: string;
  account_id: string;
  staff_id: string;
  reason_class: ImpersonationReason;
  reason: string;
  ticket: string;
  created_at: Date;
  created_microseconds: number;
  begun_at: Date | null;
  expires_at: Date | null;
  ended_at: Date | null;
  end_reason: string | null;
  objected_at: Date | null;
  is_live: boolean;
};

type Filter = { customerId?: string | undefined; staffId?: string | undefined };

const columns = sql`id, account_id, staff_id, reason_class, reason, ticket, created_at,
  (extract(epoch from created_at) * 1000000)::bigint as created_microseconds, begun_at, expires_at, ended_at, end_reason, objected_at,
  begun_at is not null and ended_at is null and expires_at > clock_timestamp() as is_live`;

/** Latest first. Where there is a next page, the result has one row more than this page. */
export async function findImpersonationPage(
  trx: Trx,
  { customerId, staffId }: Filter,
  { first, after }: PageRequest<number>,
): Promise<ImpersonationRow[]> {
  const conditions: RawBuilder<unknown>[] = [];
  if (customerId !== undefined) conditions.push(sql`account_id = ${customerId}`);
  if (staffId !== undefined) conditions.push(sql`staff_id = ${staffId}`);
  if (after) conditions.push(sql`id < ${after.id}::uuid`);
  const where = conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``;
  const { rows } = await sql<ImpersonationRow>`
    select ${columns} from auth.user_impersonation ${where} order by id desc limit ${first + 1}`.execute(trx);
  return rows;
}

/** Undefined where the tenant has none of this id. */
export async function findImpersonation(trx: Trx, id: string): Promise<ImpersonationRow | undefined> {
  const { rows } = await sql<ImpersonationRow>`
    select ${columns} from auth.user_impersonation where id = ${id}`.execute(trx);
  return rows[0];
}

type NewGrant = {
  customerId: string;
  staffId: string;
  sessionId: string | undefined;
  reasonClass: ImpersonationReason;
  reason: string;
  ticket: string;
  grantHash: Buffer;
};
/** What stands in the way, or the grant. `wait` in seconds. */
export type GrantOutcome =
  | { outcome: 'done'; id: string; grantExpiresAt: Date }
  | { outcome: 'suspended' | 'no_mail' | 'objected' }
  | { outcome: 'throttled'; wait: number };

/** The function that auth publishes to this process, which proves the member's session itself. Undefined for no such customer. */
export async function grantImpersonation(trx: Trx, grant: NewGrant): Promise<GrantOutcome | undefined> {
  const { customerId, staffId, sessionId, reasonClass, reason, ticket, grantHash } = grant;
  const { rows } = await sql<GrantOutcome>`
    select outcome, id, grant_expires_at as "grantExpiresAt", wait
    from auth.grant_impersonation(${customerId}, ${staffId}, ${sessionId}, ${reasonClass}, ${reason}, ${ticket}, ${grantHash})`.execute(
    trx,
  );
  return rows[0];
}

type End = { staffId: string; sessionId: string | undefined; id?: string; customerId?: string };

/** Ends one, or all of a customer. @returns how many there were. */
export async function endImpersonations(
  trx: Trx,
  { staffId, sessionId, id, customerId }: End,
): Promise<number> {
  const { rows } = await sql<{ ended: number }>`
    select auth.end_impersonations(${staffId}, ${sessionId}, ${id ?? null}, ${customerId ?? null}) as ended`.execute(
    trx,
  );
  return rows[0]?.ended ?? 0;
}
