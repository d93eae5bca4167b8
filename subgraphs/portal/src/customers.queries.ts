import { type Database, idList } from '@signet/db';
import { normalizeEmail, toAsciiDomain } from '@signet/db/email';
import {
  maxTotalCount,
  type PageRequest,
  type TotalCount,
  toContainsPattern,
  toTotalCount,
} from '@signet/subgraph';
import { type ExpressionBuilder, type InferResult, sql, type Transaction } from 'kysely';
import { selectAssigned } from './assignees.queries.ts';

/** Which customers: all that meet every condition that is set. */
export type CustomerCondition = {
  search?: string | undefined;
  suspended?: boolean | undefined;
  /** For whom this member of staff is responsible. */
  assigneeId?: string | undefined;
};

export type CustomerRow = InferResult<ReturnType<typeof selectCustomers>>[number];

/** Only columns that this process's role may read: nothing that proves who a customer is. */
export function selectCustomers(trx: Transaction<Database>) {
  return trx.selectFrom('auth.user').select(['id', 'email', 'full_name', 'is_active']);
}

/** In no particular order. */
export function findCustomers(trx: Transaction<Database>, ids: readonly string[]): Promise<CustomerRow[]> {
  return selectCustomers(trx)
    .where(sql<boolean>`id = any(${idList(ids)})`)
    .execute();
}

/** The customer, who must be there. */
export function getCustomer(trx: Transaction<Database>, id: string): Promise<CustomerRow> {
  return selectCustomers(trx).where('id', '=', id).executeTakeFirstOrThrow();
}

/**
 * The index of letters (migration 0036) brings all customers who have a text, to be sorted. A text that many have is on the first rows of
 * the order. So these are read: they fill the page, or tell how rare the text is, and so whether to read on or to ask the index.
 */
const firstRows = 500;
/** A search reads on, up to so many times the first rows, where half of that is likely to fill the page. */
const readOnTimes = 20;
/** Of the first rows, from which on counting goes on in the rows: these reach `maxTotalCount` before the index has found all. */
const denseShare = 0.25;

/**
 * By e-mail, without those who were erased. Where there is a next page, the result has one row more than this page.
 *
 * @param walked how many rows a search reads before it asks the index of letters.
 */
export async function findCustomerPage(
  trx: Transaction<Database>,
  condition: CustomerCondition,
  { first, after }: PageRequest<string>,
  walked = firstRows,
): Promise<CustomerRow[]> {
  const { search } = condition;
  const limit = first + 1;
  const listed = after
    ? selectListed(trx, condition).where(sql<boolean>`(email, id) > (${after.key}, ${after.id})`)
    : selectListed(trx, condition);
  const page = listed.orderBy('email').orderBy('id');
  if (search === undefined) return page.limit(limit).execute();
  if (isNarrow(condition))
    return page
      .where((eb) => matches(eb, search))
      .limit(limit)
      .execute();
  const readFirst = (most: number) =>
    trx
      .with(
        (cte) => cte('walked').materialized(),
        () => page.limit(most),
      )
      .selectFrom('walked')
      .selectAll()
      .where((eb) => matches(eb, search))
      .limit(limit)
      .execute();
  const near = await readFirst(walked);
  if (near.length === limit) return near;
  // Where the walk met the end, it has seen all that there is.
  const read = await countRows(trx, page.limit(walked));
  if (read < walked) return near;
  if (near.length * readOnTimes >= 2 * limit) {
    const further = await readFirst(walked * readOnTimes);
    if (further.length === limit) return further;
  }
  const found = sql`auth.search_customers(${variantsOf(search)}, ${after?.key ?? null}, ${after?.id ?? null}, ${limit})`;
  return page.where(sql<boolean>`id in (select id from ${found})`).execute();
}

/** How many customers the search finds, up to `maxTotalCount`. */
export async function countCustomers(
  trx: Transaction<Database>,
  condition: CustomerCondition,
  walked = firstRows,
): Promise<TotalCount> {
  const { search } = condition;
  const most = maxTotalCount + 1;
  const listed = selectListed(trx, condition);
  if (search === undefined) {
    // In the order of an index, which alone is read then.
    return toTotalCount(await countRows(trx, listed.orderBy('email').orderBy('id').limit(most)));
  }
  if (isNarrow(condition)) {
    const all = listed.where((eb) => matches(eb, search)).limit(most);
    return toTotalCount(await countRows(trx, all));
  }
  const start = listed.limit(walked).as('start');
  const { found, read } = await trx
    .selectFrom(start)
    .select((eb) => [
      eb.fn
        .countAll<number>()
        .filterWhere((start) => matches(start, search))
        .as('found'),
      eb.fn.countAll<number>().as('read'),
    ])
    .executeTakeFirstOrThrow();
  if (read < walked) return toTotalCount(found);
  if (found >= walked * denseShare) {
    const all = listed.where((eb) => matches(eb, search)).limit(most);
    return toTotalCount(await countRows(trx, all));
  }
  const { rows } = await sql<{ count: number }>`
    select auth.count_customers(${variantsOf(search)}, ${most}) as count`.execute(trx);
  return toTotalCount(rows[0]?.count ?? 0);
}

/** Whom a filter leaves are few, and an index leads to them: a search reads them one by one. */
function isNarrow({ suspended, assigneeId }: CustomerCondition): boolean {
  return suspended === true || assigneeId !== undefined;
}

function selectListed(trx: Transaction<Database>, { suspended, assigneeId }: CustomerCondition) {
  let rows = selectCustomers(trx).where('closed_at', 'is', null);
  if (suspended) rows = rows.where(sql<boolean>`not is_active`);
  return assigneeId === undefined ? rows : rows.where(sql<boolean>`id in (${selectAssigned(assigneeId)})`);
}

async function countRows(trx: Transaction<Database>, rows: ReturnType<typeof selectListed>): Promise<number> {
  const { count } = await trx
    .selectFrom(rows.as('found'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

/** Domains are stored in ASCII, and staff type what the customer tells them. */
function variantsOf(search: string): string[] {
  return [...new Set([search, normalizeEmail(search) ?? toAsciiDomain(search) ?? search])];
}

type Named = { email: string; full_name: string };

function matches<DB, Table extends keyof DB>(
  eb: ExpressionBuilder<DB & Record<Table, Named>, Table>,
  search: string,
) {
  const isIn = (column: 'email' | 'full_name', text: string) =>
    sql<boolean>`${sql.ref(column)} ilike ${toContainsPattern(text)}`;
  return eb.or([...variantsOf(search).map((email) => isIn('email', email)), isIn('full_name', search)]);
}
