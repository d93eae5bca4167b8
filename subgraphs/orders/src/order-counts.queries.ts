import {
  type Database,
  readTally,
  readTimeline,
  type TallyRange,
  type TallySource,
  type Timeline,
  tallyTime,
} from '@signet/db';
import { sql, type Transaction } from 'kysely';

const statuses = ['placed', 'shipped', 'cancelled', 'expired'] as const;

/** As the triggers of migration 0004 count: what was there before them. */
export const orderTally: TallySource = {
  schema: 'orders',
  inPieces: { table: 'orders.order', time: 'placed_at' },
  count: (since, before = sql<Date>`'infinity'::timestamptz`) => sql`
    select 'orders' as series, status as label, ${tallyTime(sql`placed_at`)} as starts_at, count(*) as amount
    from orders.order where placed_at >= ${since} and placed_at < ${before} group by status, starts_at`,
};

export type OrderCounts = Record<(typeof statuses)[number], number>;

/** The tenant's orders by their status. */
export async function countOrders(trx: Transaction<Database>): Promise<OrderCounts> {
  const counted = await readTally(trx, orderTally, ['orders']);
  return Object.fromEntries(statuses.map((status) => [status, counted('orders', status)])) as OrderCounts;
}

/** Those of exactly the last 24 hours, from an index by time. */
export async function countPlacedLastDay(trx: Transaction<Database>): Promise<number> {
  const { count } = await trx
    .selectFrom('orders.order')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('placed_at', '>', sql<Date>`now() - interval '1 day'`)
    .executeTakeFirstOrThrow();
  return count;
}

export function findOrdersPlaced(trx: Transaction<Database>, range: TallyRange): Promise<Timeline> {
  return readTimeline(trx, orderTally, range, {
    series: ['orders'],
    nameOf: (_series, status) => status,
    names: statuses,
  });
}
