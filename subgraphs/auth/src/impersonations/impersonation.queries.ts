import { createHash } from 'node:crypto';
import type { Database, SessionEndReason } from '@signet/db';
import type { ImpersonationReason, StaffRole } from '@signet/schema/contract';
import { sql, type Transaction } from 'kysely';

type Trx = Transaction<Database>;

const grantForm = /^[A-Za-z0-9_-]{43}$/;

/** SHA-256 of a grant; undefined for a text that is none (256 random bits in base64url). */
export function hashGrant(text: string): Buffer | undefined {
  return grantForm.test(text) ? createHash('sha256').update(text).digest() : undefined;
}

/** An impersonation that has just begun. */
export type BegunImpersonation = {
  id: string;
  accountId: string;
  staffId: string;
  /** Of the member of staff, as it is now. */
  role: StaffRole;
  reason: ImpersonationReason;
  begunAt: Date;
  expiresAt: Date;
};

/**
 * Uses a grant up, while the rows of the member of staff, of the session in which they made it, and of the customer are locked: whatever
 * ends one of them comes before, and there is no row, or after, and ends this too. Of calls at once exactly one succeeds.
 *
 * @param seconds the longest life of the token.
 * @returns undefined, whatever is wrong: no such grant in the transaction's tenant, used, expired, taken back; a session that is over, a
 *   customer who is not active.
 */
export async function useGrant(
  trx: Trx,
  grantHash: Buffer,
  seconds: number,
): Promise<BegunImpersonation | undefined> {
  const { rows } = await sql<BegunImpersonation>`
    select id, account_id as "accountId", staff_id as "staffId", staff_role as role, reason_class as reason, begun_at as "begunAt",
      expires_at as "expiresAt"
    from auth.begin_impersonation(${grantHash}, ${seconds})`.execute(trx);
  return rows[0];
}

/** A live impersonation as the customer sees it: not who it is, and not what they wrote about it. */
export type OwnImpersonation = { id: string; reason: ImpersonationReason; begunAt: Date; expiresAt: Date };

/** Those of a customer that have begun and are not over, latest first. */
export async function listLiveImpersonations(
  trx: Trx,
  accountId: string,
  now: Date,
): Promise<OwnImpersonation[]> {
  const { rows } = await sql<OwnImpersonation>`
    select id, reason_class as reason, begun_at as "begunAt", expires_at as "expiresAt" from auth.user_impersonation
    where account_id = ${accountId} and begun_at is not null and ended_at is null and expires_at > ${now}
    order by id desc limit 100`.execute(trx);
  return rows;
}

type End = {
  accountId: string;
  /** By default all of the account's, grants that were not used yet among them. */
  id?: string;
  /** Of a member of staff: that of the sessions which end with it. */
  reason: 'objection' | 'customer' | 'logout' | 'mail' | SessionEndReason;
  /** Who ends it: the customer or a member of staff. Undefined where nobody knows, and for the caller of an impersonated token. */
  by?: string;
  now: Date;
};

/** How long after its end a token may still be taken: clocks differ by 30 s at most, each way. */
const graceOfClocks = sql`interval '1 minute'`;

/** Ends what is not over, for every verifier's clock. @returns how many had begun. */
export async function endImpersonations(trx: Trx, { accountId, id, reason, by, now }: End): Promise<number> {
  const which = id === undefined ? sql`true` : sql`id = ${id}`;
  const { rows } = await sql<{ hasBegun: boolean }>`
    update auth.user_impersonation set ended_at = ${now}, end_reason = ${reason}, ended_by = ${by ?? null}::uuid
    where account_id = ${accountId} and ${which} and ended_at is null
      and coalesce(expires_at, grant_expires_at) + ${graceOfClocks} > ${now}
    returning begun_at is not null as "hasBegun"`.execute(trx);
  return rows.filter(({ hasBegun }) => hasBegun).length;
}

/** Whether a customer has, or had, an impersonation of this id that began. */
export async function wasImpersonated(trx: Trx, accountId: string, id: string): Promise<boolean> {
  const { rows } = await sql`
    select from auth.user_impersonation where id = ${id} and account_id = ${accountId} and begun_at is not null`.execute(
    trx,
  );
  return rows.length === 1;
}

/** Notes that the customer objected, and when last. @returns false where they had within the day. */
export async function noteObjection(
  trx: Trx,
  { accountId, id, now }: { accountId: string; id: string; now: Date },
): Promise<boolean> {
  const { rows } = await sql<{ isNew: boolean }>`
    update auth.user_impersonation set objected_at = ${now}
    where id = ${id} and account_id = ${accountId}
    returning coalesce(old.objected_at < ${now}::timestamptz - interval '1 day', true) as "isNew"`.execute(
    trx,
  );
  return rows[0]?.isNew ?? false;
}
