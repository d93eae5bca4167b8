import type { Database } from '@signet/db';
import { subgraphs } from '@signet/schema/subgraphs';
import { type Kysely, sql, type Transaction } from 'kysely';

type Trx = Transaction<Database>;

/** The part of this subgraph, which it answers last. */
export const ownPart = 'auth';
/** Those whose processes must answer. */
export const askedSubgraphs: readonly string[] = subgraphs
  .filter(({ hasPersonalData }) => hasPersonalData)
  .map(({ name }) => name);

export type PersonRequest = {
  id: string;
  accountId: string;
  kind: 'export' | 'erase';
  state: 'scheduled' | 'running' | 'done' | 'cancelled';
  createdAt: Date;
  dueAt: Date;
  settledAt: Date | null;
  expiresAt: Date | null;
};

const columns = [
  'id',
  'account_id as accountId',
  'kind',
  'state',
  'created_at as createdAt',
  'due_at as dueAt',
  'settled_at as settledAt',
  'expires_at as expiresAt',
] as const;

export type DueRequest = { id: string; tenantId: string };

/** Requests of all tenants that are to begin, or that every subgraph has answered. */
export async function listDueRequests(db: Kysely<Database>, most: number): Promise<DueRequest[]> {
  const { rows } = await sql<DueRequest>`
    select id, tenant_id as "tenantId" from auth.due_person_requests(${[...askedSubgraphs]}::text[], ${most}::integer)
  `.execute(db);
  return rows;
}

export function findRequest(trx: Trx, id: string): Promise<PersonRequest | undefined> {
  return trx.selectFrom('auth.person_request').select(columns).where('id', '=', id).executeTakeFirst();
}

/** The request, locked until the transaction ends. Undefined where another replica has it. */
export function lockRequest(trx: Trx, id: string): Promise<PersonRequest | undefined> {
  return trx
    .selectFrom('auth.person_request')
    .select(columns)
    .where('id', '=', id)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
}

/** An account's requests of a kind, latest first. Cancelled ones are not among them. */
export function listRequests(
  trx: Trx,
  accountId: string,
  kind: PersonRequest['kind'],
  most = 10,
): Promise<PersonRequest[]> {
  return trx
    .selectFrom('auth.person_request')
    .select(columns)
    .where('account_id', '=', accountId)
    .where('kind', '=', kind)
    .where('state', '<>', 'cancelled')
    .orderBy('id', 'desc')
    .limit(most)
    .execute();
}

type NewRequest = Pick<PersonRequest, 'accountId' | 'kind' | 'state'> & {
  tenantId: string;
  afterDays: number;
};

export function insertRequest(
  trx: Trx,
  { tenantId, accountId, kind, state, afterDays }: NewRequest,
): Promise<PersonRequest> {
  return trx
    .insertInto('auth.person_request')
    .values({
      tenant_id: tenantId,
      account_id: accountId,
      kind,
      state,
      due_at: sql<Date>`now() + make_interval(days => ${afterDays}::integer)`,
    })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** @param afterSeconds until when nobody answers. @returns how many were missing. */
export async function addMissingParts(
  trx: Trx,
  tenantId: string,
  { id, accountId, kind }: PersonRequest,
  afterSeconds = 0,
): Promise<number> {
  const { rows } = await sql`
    insert into auth.person_part (tenant_id, request_id, subgraph, account_id, kind, next_attempt_at)
    select ${tenantId}, ${id}, name, ${accountId}, ${kind}, now() + make_interval(secs => ${afterSeconds})
    from unnest(${[...askedSubgraphs]}::text[]) name
    on conflict do nothing returning subgraph`.execute(trx);
  return rows.length;
}

export type Part = { requestId: string; subgraph: string; isDone: boolean };

/** Who has answered, and who has not. */
export async function listParts(trx: Trx, requestIds: readonly string[]): Promise<Part[]> {
  return trx
    .selectFrom('auth.person_part')
    .select(['request_id as requestId', 'subgraph', sql<boolean>`done_at is not null`.as('isDone')])
    .where(sql<boolean>`request_id = any(${[...requestIds]}::uuid[])`)
    .where(({ or, eb }) =>
      or([eb('done_at', 'is not', null), sql<boolean>`subgraph = any(${[...askedSubgraphs]}::text[])`]),
    )
    .orderBy('subgraph')
    .execute();
}

export async function insertOwnPart(
  trx: Trx,
  tenantId: string,
  { id, accountId }: PersonRequest,
  data: object,
): Promise<void> {
  await trx
    .insertInto('auth.person_part')
    .values({
      tenant_id: tenantId,
      request_id: id,
      subgraph: ownPart,
      account_id: accountId,
      kind: 'export',
      next_attempt_at: sql<Date>`now()`,
      data: JSON.stringify(data),
      done_at: sql<Date>`now()`,
    })
    .execute();
}

/** What an export holds, by subgraph. */
export async function readExport(trx: Trx, requestId: string): Promise<Record<string, unknown>> {
  const rows = await trx
    .selectFrom('auth.person_part')
    .select(['subgraph', 'data'])
    .where('request_id', '=', requestId)
    .where('done_at', 'is not', null)
    .orderBy(sql`subgraph <> ${ownPart}`)
    .orderBy('subgraph')
    .execute();
  return Object.fromEntries(rows.map(({ subgraph, data }) => [subgraph, data]));
}

type Change = { state: PersonRequest['state']; expiresAfterDays?: number };

export async function setRequestState(
  trx: Trx,
  id: string,
  { state, expiresAfterDays }: Change,
): Promise<void> {
  const isSettled = state === 'done' || state === 'cancelled';
  await sql`
    update auth.person_request set state = ${state},
      settled_at = case when ${isSettled} then now() end,
      expires_at = now() + make_interval(days => ${expiresAfterDays ?? null}::integer)
    where id = ${id}`.execute(trx);
}

/** Closes the account and ends its sessions. False where its time has not come. */
export async function closeAccount(trx: Trx, accountId: string): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`select auth.close_user(${accountId}) as done`.execute(trx);
  return rows[0]?.done === true;
}

/** Erases what auth keeps of a closed account. False where nobody asked for it. */
export async function eraseAccount(trx: Trx, accountId: string): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`select auth.erase_user(${accountId}) as done`.execute(trx);
  return rows[0]?.done === true;
}
