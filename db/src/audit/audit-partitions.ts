import type { Platform } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';
import type { HousekeepingJob } from '../housekeeping.ts';
import type { Database } from '../tables.ts';

/** The tables of a month: refusals, which anybody can cause at will, and acts, which are all else. */
export type AuditClass = 'refusals' | 'acts';

/** A table that holds what a platform recorded of one class in one month (UTC). */
export type AuditPartition = {
  name: string;
  class: AuditClass;
  /** The first day, as `2026-11-01`. */
  month: string;
  start: Date;
  /** The first moment after it. */
  end: Date;
};

/** The kinds of refusals, as migration 0035 has them. */
export const auditRefusals: readonly string[] = [
  'auth.login.failure',
  'auth.login.throttled',
  'auth.password.change_failure',
  'auth.reauthentication_failure',
  'auth.refresh.refused',
  'auth.throttled',
  'authz.refused',
];

/** So long may no auth process run before rows go to `audit_event_rest`, which has no month. */
const monthsAhead = 3;

/** Makes the tables of the months ahead. Processes of both platforms may do it at once. */
export function makeAuditPartitions(platform: Platform, months = monthsAhead): HousekeepingJob {
  return {
    name: 'auditMonthsMade',
    async prune(db) {
      const { rows } = await sql<{ made: number }>`
        select ${sql.raw(`auth.make_audit_partitions_for_${platform}`)}(${months}::integer) as made`.execute(
        db,
      );
      return rows[0]?.made ?? 0;
    },
  };
}

/** A platform's tables that are there, the oldest month first. */
export async function listAuditPartitions(
  db: Kysely<Database>,
  platform: Platform,
): Promise<AuditPartition[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_catalog.pg_class
    where relnamespace = 'auth'::regnamespace and relispartition and relkind = 'r'
      and relname ~ ${`^audit_event_\\d{4}_\\d\\d_${platform}_(refusals|acts)$`}
    order by relname`.execute(db);
  return rows.map(({ name }) => {
    const [, , year, month, , ofClass] = name.split('_');
    return {
      name,
      class: ofClass as AuditClass,
      month: `${year}-${month}-01`,
      start: new Date(Date.UTC(Number(year), Number(month) - 1)),
      end: new Date(Date.UTC(Number(year), Number(month))),
    };
  });
}

/** Drops the table if it has as many rows as were recorded. False: it stays. */
export async function dropAuditPartition(
  db: Kysely<Database>,
  platform: Platform,
  { month, class: ofClass, recorded }: Pick<AuditPartition, 'month' | 'class'> & { recorded: number },
): Promise<boolean> {
  const { rows } = await sql<{ dropped: boolean }>`
    select ${sql.raw(`auth.drop_${platform}_audit_partition`)}(${month}::date, ${ofClass}, ${recorded}::bigint) as dropped
  `.execute(db);
  return rows[0]?.dropped === true;
}
