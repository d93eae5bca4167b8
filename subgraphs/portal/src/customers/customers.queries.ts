import type { Database } from '@signet/db';
import { type PageRequest, toContainsPattern } from '@signet/subgraph';
import { type ExpressionBuilder, sql, type Transaction } from 'kysely';
import { type CustomerRow, selectCustomers } from '../customer/customer.queries.ts';

/** By e-mail; one row more than the page where there is a next one. */
export function findCustomerPage(
  trx: Transaction<Database>,
  search: string | undefined,
  { first, after }: PageRequest<string>,
): Promise<CustomerRow[]> {
  let query = selectCustomers(trx).where((eb) => matches(eb, search));
  if (after) query = query.where(sql<boolean>`(email, id) > (${after.key}, ${after.id})`);
  return query
    .orderBy('email')
    .orderBy('id')
    .limit(first + 1)
    .execute();
}

export async function countCustomers(
  trx: Transaction<Database>,
  search: string | undefined,
): Promise<number> {
  const { count } = await trx
    .selectFrom('auth.user')
    .select((eb) => eb.fn.count<number>('id').as('count'))
    .where((eb) => matches(eb, search))
    .executeTakeFirstOrThrow();
  return count;
}

function matches(eb: ExpressionBuilder<Database, 'auth.user'>, search: string | undefined) {
  if (search === undefined) return eb.lit(true);
  const pattern = toContainsPattern(search);
  return eb.or([eb('email', 'ilike', pattern), eb('full_name', 'ilike', pattern)]);
}
