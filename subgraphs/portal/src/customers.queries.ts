import type { Database } from '@signet/db';
import { normalizeEmail, toAsciiDomain } from '@signet/db/email';
import {
  maxTotalCount,
  type PageRequest,
  type TotalCount,
  toContainsPattern,
  toTotalCount,
} from '@signet/subgraph';
import { type ExpressionBuilder, type InferResult, sql, type Transaction } from 'kysely';

export type CustomerRow = InferResult<ReturnType<typeof selectCustomers>>[number];

/** Only columns that this process's role may read: nothing that proves who a customer is. */
export function selectCustomers(trx: Transaction<Database>) {
  return trx.selectFrom('auth.user').select(['id', 'email', 'full_name', 'is_active']);
}

/** In no particular order. */
export function findCustomers(trx: Transaction<Database>, ids: readonly string[]): Promise<CustomerRow[]> {
  return selectCustomers(trx).where(sql<boolean>`id = any(${ids})`).execute();
}

/** The customer, who must be there. */
export function getCustomer(trx: Transaction<Database>, id: string): Promise<CustomerRow> {
  return selectCustomers(trx).where('id', '=', id).executeTakeFirstOrThrow();
}

/** By e-mail, without those who were erased. Where there is a next page, the result has one row more than this page. */
export function findCustomerPage(
  trx: Transaction<Database>,
  search: string | undefined,
  { first, after }: PageRequest<string>,
): Promise<CustomerRow[]> {
  let query = selectCustomers(trx)
    .where('closed_at', 'is', null)
    .where((eb) => matches(eb, search));
  if (after) query = query.where(sql<boolean>`(email, id) > (${after.key}, ${after.id})`);
  return query
    .orderBy('email')
    .orderBy('id')
    .limit(first + 1)
    .execute();
}

/** How many customers the search finds, up to `maxTotalCount`. */
export async function countCustomers(
  trx: Transaction<Database>,
  search: string | undefined,
): Promise<TotalCount> {
  const { count } = await trx
    .selectFrom((eb) =>
      eb
        .selectFrom('auth.user')
        .select('id')
        .where('closed_at', 'is', null)
        .where((user) => matches(user, search))
        .limit(maxTotalCount + 1)
        .as('found'),
    )
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return toTotalCount(count);
}

function matches(eb: ExpressionBuilder<Database, 'auth.user'>, search: string | undefined) {
  if (search === undefined) return eb.lit(true);
  // Domains are stored in ASCII, and staff type what the customer tells them.
  const emails = new Set([search, normalizeEmail(search) ?? toAsciiDomain(search) ?? search]);
  return eb.or([
    ...[...emails].map((email) => eb('email', 'ilike', toContainsPattern(email))),
    eb('full_name', 'ilike', toContainsPattern(search)),
  ]);
}
