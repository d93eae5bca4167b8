import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { HousekeepingJob } from './housekeeping.ts';
import type { Database } from './tables.ts';
import { inTenant } from './tenant-transaction.ts';

/** The counts of a subgraph, which `createTally` of its migrations keeps (docs/decisions/0069). */
export type TallySource = {
  schema: string;
  /**
   * The same counts from the tenant's rows themselves: a statement with the columns series, label, starts_at and amount. It is for rows
   * that were there before the tally. `since`: nothing before it is needed, nor from `before` on. Times are read with `tallyTime`.
   */
  count(since: RawBuilder<Date>, before?: RawBuilder<Date>): RawBuilder<unknown>;
  /**
   * Where a tenant may have more rows than one statement should count: the table that `count` reads, whose rows have one time each, never
   * null and never changed, with an index by tenant and time. `countInPieces` of the subgraph's migrations goes with it.
   */
  inPieces?: { table: string; time: string };
};

type Counted = { series: string; label: string; amount: number };

/** How far back a series goes, and in what steps. Each step is a whole number of those that a tally keeps of its time. */
const ranges = {
  HOUR: { bucketSeconds: 60, buckets: 60 },
  DAY: { bucketSeconds: 3600, buckets: 24 },
  WEEK: { bucketSeconds: 21_600, buckets: 28 },
  MONTH: { bucketSeconds: 86_400, buckets: 30 },
} as const;
export type TallyRange = keyof typeof ranges;

export type Timeline = {
  /** Begin of the first step. Steps begin at multiples of their length in UTC; the last is the one that goes on now. */
  startsAt: Date;
  bucketSeconds: number;
  /** The time of the figures. */
  asOf: Date;
  series: { name: string; values: (number | null)[] }[];
};

const origin = sql.lit('2000-01-01T00:00:00Z');
const bin = (step: string, time: RawBuilder<unknown>) =>
  sql`date_bin(${sql.lit(step)}, ${time}, ${origin}::timestamptz)`;

/** The time under which a tally has a row of `time`: its minute, later its hour, and in the end `-infinity`. */
export function tallyTime(time: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`case when ${time} < now() - interval '35 days' then '-infinity'::timestamptz
    when ${time} < ${bin('1 hour', sql`now() - interval '2 hours'`)} then ${bin('1 hour', time)}
    else ${bin('1 minute', time)} end`;
}

/** What has been counted of these series. One statement: a change is in one of the two tables at every moment. */
function rowsOf(
  { schema, count }: TallySource,
  series: readonly string[],
  since: RawBuilder<Date>,
): RawBuilder<unknown> {
  const kept = (table: string) => sql`
    select series, label, starts_at, amount from ${sql.table(`${schema}.${table}`)}
    where (select is_counted from state) and series = any(${series}) and starts_at >= ${since}`;
  return sql`
    with state as (select exists (select from ${sql.table(`${schema}.tally_counted`)}) as is_counted)
    ${kept('tally')} union all ${kept('tally_delta')} union all
    select * from (${count(since)}) counted
    where not (select is_counted from state) and series = any(${series}) and starts_at >= ${since}`;
}

/** The sum of all times, by series and label. Exact: as of the moment of the statement. */
export async function readTally(
  trx: Transaction<Database>,
  source: TallySource,
  series: readonly string[],
): Promise<(series: string, label: string) => number> {
  const { rows } = await sql<Counted>`
    select series, label, sum(amount)::float8 as amount
    from (${rowsOf(source, series, sql`'-infinity'::timestamptz`)}) kept group by series, label`.execute(trx);
  return (name, label) => rows.find((row) => row.series === name && row.label === label)?.amount ?? 0;
}

/**
 * The series of a range, step by step, summed up under the names that `nameOf` gives them. Those of `names` are there in this order, with
 * zeros where nothing happened; others follow, the highest first.
 */
export async function readTimeline(
  trx: Transaction<Database>,
  source: TallySource,
  range: TallyRange,
  {
    series,
    nameOf,
    names = [],
  }: {
    series: readonly string[];
    /** Undefined: of no interest. */
    nameOf(series: string, label: string): string | undefined;
    names?: readonly string[];
  },
): Promise<Timeline> {
  const { bucketSeconds, buckets } = ranges[range];
  const since = startOf(range);
  const { rows } = await sql<{ as_of: Date; starts_at: Date; found: [string, string, number, number][] }>`
    select now() as as_of, ${since} as starts_at, coalesce((
      select jsonb_agg(jsonb_build_array(series, label, bucket, amount)) from (
        select series, label, floor(extract(epoch from starts_at - ${since}) / ${sql.lit(bucketSeconds)})::integer as bucket, sum(amount) as amount
        from (${rowsOf(source, series, since)}) kept group by series, label, bucket
      ) summed), '[]') as found`.execute(trx);
  const [{ as_of: asOf, starts_at: startsAt, found } = emptyAnswer()] = rows;
  const zeros = () => new Array<number>(buckets).fill(0);
  const byName = new Map(names.map((name) => [name, zeros()]));
  for (const [kind, label, bucket, amount] of found) {
    const name = nameOf(kind, label);
    // A clock that was set back has left events of the future.
    if (name === undefined || bucket >= buckets) continue;
    const values = byName.get(name) ?? zeros();
    values[bucket] = Math.min(maxInt, (values[bucket] ?? 0) + amount);
    byName.set(name, values);
  }
  const added = [...byName].slice(names.length).sort(([, a], [, b]) => sum(b) - sum(a));
  const inOrder = [...[...byName].slice(0, names.length), ...added];
  return { startsAt, bucketSeconds, asOf, series: inOrder.map(([name, values]) => ({ name, values })) };
}

/** The begin of a range's first step, as SQL, by the clock of the database. */
export function startOf(range: TallyRange): RawBuilder<Date> {
  const { bucketSeconds, buckets } = ranges[range];
  return sql<Date>`(${bin(`${bucketSeconds} seconds`, sql`now()`)} - make_interval(secs => ${sql.lit(bucketSeconds * (buckets - 1))}))`;
}

export function stepsOf(range: TallyRange): { bucketSeconds: number; buckets: number } {
  return ranges[range];
}

/** GraphQL's Int. */
const maxInt = 2 ** 31 - 1;
const sum = (values: readonly (number | null)[]) => values.reduce<number>((a, b) => a + (b ?? 0), 0);

function emptyAnswer(): never {
  throw new Error('The statement has one row.');
}

const foldedAtOnce = 50_000;

/** About so many rows a piece: a statement of a second or a few. */
const rowsOfPiece = 200_000;

/** Work of every minute: moves what writers have added into the tally, and counts tenants whose rows were there before it. */
export function keepTally(source: TallySource, { pieceRows = rowsOfPiece } = {}): HousekeepingJob['prune'] {
  return async (db, most, signal) => {
    for (let folded = foldedAtOnce; folded === foldedAtOnce && !signal?.aborted; ) {
      const { rows } = await sql<{ folded: number }>`
        select ${sql.ref(`${source.schema}.fold_tally`)}(${sql.lit(foldedAtOnce)}) as folded`.execute(db);
      folded = rows[0]?.folded ?? 0;
    }
    const { rows } = await sql<{ id: string }>`
      select id from ${sql.ref(`${source.schema}.uncounted_tenants`)}(${most}::integer) id`.execute(db);
    let counted = 0;
    const errors: unknown[] = [];
    for (const { id } of rows) {
      if (signal?.aborted) break;
      try {
        if (source.inPieces) await countTenantInPieces(db, source, id, { pieceRows, signal });
        else await countTenant(db, source, id);
        counted += 1;
      } catch (error) {
        // The largest tenant must not keep all after it from being counted.
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not all tenants could be counted');
    return counted;
  };
}

/**
 * Counts the rows of a tenant that were there before the tally, or all of them anew. It takes no lock that a writer waits for: in the
 * snapshot of the one statement, a change is either in the rows and in `tally_delta`, and then counted with the rows, or in neither, and then
 * its delta comes later.
 *
 * @param db whose statements may take minutes
 */
export async function countTenant(
  db: Kysely<Database>,
  source: TallySource,
  tenantId: string,
): Promise<void> {
  const { schema } = source;
  const of = (table: string) => sql.table(`${schema}.${table}`);
  await inTenant(db, tenantId, async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`signet tally ${schema}`}, 0))`.execute(trx);
    await sql`
      with fresh as materialized (
        select series, label, starts_at, sum(amount) as amount from (${source.count(sql`'-infinity'::timestamptz`)}) counted
        group by series, label, starts_at
      ), included as (
        delete from ${of('tally_delta')}
      ), stale as (
        delete from ${of('tally')} t where not exists (
          select from fresh f where f.series = t.series and f.label = t.label and f.starts_at = t.starts_at)
      ), kept as (
        insert into ${of('tally')} (tenant_id, series, label, starts_at, amount)
        select ${tenantId}::uuid, series, label, starts_at, amount from fresh
        on conflict (tenant_id, series, label, starts_at) do update set amount = excluded.amount
      )
      insert into ${of('tally_counted')} (tenant_id, counted_at) values (${tenantId}::uuid, now())
      on conflict (tenant_id) do update set counted_at = excluded.counted_at`.execute(trx);
  });
}

/**
 * Counts the rows of a tenant that is not counted, a range of times a transaction, from the earliest on. What is counted stays so when the process
 * ends, and the next one goes on there. Each piece is exact as countTenant is, within its range: a change of its rows has its delta in
 * the same range, and the deltas of what is not counted yet are not folded.
 */
async function countTenantInPieces(
  db: Kysely<Database>,
  source: TallySource,
  tenantId: string,
  { pieceRows, signal }: { pieceRows: number; signal: AbortSignal | undefined },
): Promise<void> {
  let isCounted = false;
  while (!isCounted && !signal?.aborted) {
    isCounted = await inTenant(db, tenantId, (trx) => countPiece(trx, source, tenantId, pieceRows));
  }
}

/** @returns whether the tenant is counted now */
async function countPiece(
  trx: Transaction<Database>,
  source: TallySource,
  tenantId: string,
  pieceRows: number,
): Promise<boolean> {
  const { schema, inPieces } = source;
  if (!inPieces) throw new TypeError(`The counts of ${schema} do not come in pieces.`);
  const of = (table: string) => sql.table(`${schema}.${table}`);
  await sql`select pg_advisory_xact_lock(hashtextextended(${`signet tally ${schema}`}, 0))`.execute(trx);
  const { rows: counted } = await sql`select from ${of('tally_counted')}`.execute(trx);
  if (counted.length > 0) return true;
  const { rows: begun } = await sql`
    insert into ${of('tally_counting')} (tenant_id, counted_before) values (${tenantId}::uuid, '-infinity')
    on conflict (tenant_id) do nothing returning tenant_id`.execute(trx);
  // What was folded before is of rows that are counted from here on.
  if (begun.length > 0) await sql`delete from ${of('tally')}`.execute(trx);
  // At the full minute, as deltas have it. As text: PostgreSQL has infinite times and finer ones than JavaScript.
  const time = sql.ref(inPieces.time);
  const { rows } = await sql<{ since: string; before: string | null }>`
    select p.counted_before::text as since, (
      select (${bin('1 minute', time)} + interval '1 minute')::text from ${sql.table(inPieces.table)}
      where ${time} >= p.counted_before order by ${time} offset ${sql.lit(pieceRows)} limit 1
    ) as before
    from ${of('tally_counting')} p`.execute(trx);
  const [piece = emptyAnswer()] = rows;
  const since = sql<Date>`${sql.lit(piece.since)}::timestamptz`;
  const before = sql<Date>`${sql.lit(piece.before ?? 'infinity')}::timestamptz`;
  await sql`
    with included as (
      delete from ${of('tally_delta')} where starts_at >= ${since} and starts_at < ${before}
    ), kept as (
      insert into ${of('tally')} as t (tenant_id, series, label, starts_at, amount)
      select ${tenantId}::uuid, series, label, starts_at, sum(amount) from (${source.count(since, before)}) counted
      group by series, label, starts_at
      on conflict (tenant_id, series, label, starts_at) do update set amount = t.amount + excluded.amount
    )
    update ${of('tally_counting')} set counted_before = ${before}`.execute(trx);
  if (piece.before !== null) return false;
  await sql`
    with over as (delete from ${of('tally_counting')})
    insert into ${of('tally_counted')} (tenant_id, counted_at) values (${tenantId}::uuid, now())`.execute(
    trx,
  );
  return true;
}
