import {
  type Database,
  readTally,
  readTimeline,
  startOf,
  stepsOf,
  type TallyRange,
  type TallySource,
  type Timeline,
  tallyTime,
} from '@signet/db';
import { sql, type Transaction } from 'kysely';

const signInOutcomes: Readonly<Record<string, string>> = {
  'auth.login.success': 'success',
  'auth.login.failure': 'failure',
  'auth.challenge.failed': 'challenge',
  'auth.login.throttled': 'throttled',
};
const throttles: Readonly<Record<string, string>> = {
  'auth.login.throttled': 'sign_in',
  'auth.throttled': 'other',
};
const events = [...new Set([...Object.keys(signInOutcomes), ...Object.keys(throttles), 'authz.refused'])];

/** As the triggers of migration 0039 count: what was there before them. */
export const dashboardTally: TallySource = {
  schema: 'portal',
  count: (since) => sql`
    select 'notes' as series, '' as label, '-infinity'::timestamptz as starts_at, count(*) as amount from portal.support_note
    union all
    select 'customers', 'new', ${tallyTime(sql`created_at`)} as starts_at, count(*) from auth.user
    where created_at >= ${since} group by starts_at
    union all
    select 'customers', 'closed', ${tallyTime(sql`closed_at`)} as starts_at, count(*) from auth.user
    where closed_at >= ${since} group by starts_at
    union all
    select kind, platform || ':' || case kind when 'authz.refused' then coalesce(details ->> 'reason', '') else '' end as label,
      ${tallyTime(sql`happened_at`)} as starts_at,
      sum(case jsonb_typeof(details -> 'count')
        when 'number' then least(greatest((details ->> 'count')::numeric, 1), 1000000000)::int8 else 1 end)::int8
    from auth.audit_event
    where kind = any(${events}) and happened_at >= greatest(${since}, now() - interval '35 days')
    group by kind, label, starts_at`,
};

/** Customers whose account is not erased. */
export async function countCustomers(trx: Transaction<Database>): Promise<number> {
  const counted = await readTally(trx, dashboardTally, ['customers']);
  return counted('customers', 'new') - counted('customers', 'closed');
}

export async function countSupportNotes(trx: Transaction<Database>): Promise<number> {
  return (await readTally(trx, dashboardTally, ['notes']))('notes', '');
}

const sideOf = (label: string) => (label.startsWith('portal:') ? 'portal' : 'user');
const reasonOf = (label: string) => label.slice(label.indexOf(':') + 1);

/** What each timeline of the dashboard is made of. */
const timelines = {
  signIns: {
    series: Object.keys(signInOutcomes),
    nameOf: (kind: string, label: string) => `${sideOf(label)}:${signInOutcomes[kind]}`,
    names: ['user', 'portal'].flatMap((side) =>
      Object.values(signInOutcomes).map((outcome) => `${side}:${outcome}`),
    ),
  },
  refusals: { series: ['authz.refused'], nameOf: (_kind: string, label: string) => reasonOf(label) },
  throttles: {
    series: Object.keys(throttles),
    nameOf: (kind: string) => throttles[kind],
    names: Object.values(throttles),
  },
  accounts: {
    series: ['customers'],
    nameOf: (_kind: string, label: string) => label,
    names: ['new', 'closed'],
  },
};
export type TimelineName = keyof typeof timelines;

export function findTimeline(
  trx: Transaction<Database>,
  name: TimelineName,
  range: TallyRange,
): Promise<Timeline> {
  return readTimeline(trx, dashboardTally, range, timelines[name]);
}

const lags = ['revocations', 'seals', 'mails'];

/** The highest sample of each step, in ms. */
export async function findLag(trx: Transaction<Database>, range: TallyRange): Promise<Timeline> {
  const { bucketSeconds, buckets } = stepsOf(range);
  const since = startOf(range);
  const { rows } = await sql<{ as_of: Date; starts_at: Date; found: [string, number, number][] }>`
    select now() as as_of, ${since} as starts_at, coalesce((
      select jsonb_agg(jsonb_build_array(kind, bucket, highest)) from (
        select kind, floor(extract(epoch from sampled_at - ${since}) / ${sql.lit(bucketSeconds)})::integer as bucket,
          least(round(max(seconds) * 1000), 2147483647) as highest
        from portal.lag_sample where sampled_at >= ${since} and sampled_at <= now() group by kind, bucket
      ) samples), '[]') as found`.execute(trx);
  const [row] = rows;
  if (!row) throw new Error('The statement has one row.');
  const series = lags.map((name) => {
    const values = new Array<number | null>(buckets).fill(null);
    for (const [kind, bucket, highest] of row.found) if (kind === name) values[bucket] = highest;
    return { name, values };
  });
  return { startsAt: row.starts_at, bucketSeconds, asOf: row.as_of, series };
}
