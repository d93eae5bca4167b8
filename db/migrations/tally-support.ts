import { type Kysely, sql } from 'kysely';
import { publishFunction, secureByTenant } from './support.ts';

// Migrations that have landed call these functions: what they make must stay as it is. A change is a new function.

/** The owner sees these rows in the functions below only. */
const isKeeping = `nullif(current_setting('app.tally', true), '') = 'keep'`;

export type Tally = {
  /** A schema has one tally. */
  schema: string;
  /** The process that reads and keeps it. */
  role: string;
};

/**
 * Counts that are kept, exact at every moment (docs/decisions/0069). Triggers of the counted tables add a row to `tally_delta` in the
 * transaction of the change: writers only insert, and never wait for each other. `fold_tally` moves those rows into `tally`, which holds a
 * sum for each minute of the last two hours, each hour of the last 35 days, and `-infinity` for all before and for what has no time. A count
 * is the sum of both tables in one statement. It is right from `tally_counted` on: before that a tenant's existing rows are not in it.
 */
export async function createTally(db: Kysely<unknown>, { schema, role }: Tally): Promise<void> {
  await sql
    .raw(`
    create table ${schema}.tally (
      tenant_id uuid not null references auth.tenant,
      series text not null,
      label text not null,
      starts_at timestamptz not null,
      amount bigint not null,
      primary key (tenant_id, series, label, starts_at)
    );
    create index tally_minutes on ${schema}.tally (starts_at) where starts_at <> date_bin('1 hour', starts_at, '2000-01-01T00:00:00Z');
    create index tally_age on ${schema}.tally (starts_at) where starts_at > '-infinity';
    -- Without keys: whatever a key would look at is work for every writer.
    create table ${schema}.tally_delta (
      tenant_id uuid not null,
      series text not null,
      label text not null,
      starts_at timestamptz not null,
      amount bigint not null
    );
    create table ${schema}.tally_counted (
      tenant_id uuid primary key references auth.tenant,
      counted_at timestamptz not null
    );
  `)
    .execute(db);
  for (const table of ['tally', 'tally_delta', 'tally_counted']) {
    await secureByTenant(db, `${schema}.${table}`);
    await sql
      .raw(
        `create policy keeping on ${schema}.${table} to signet_owner using (${isKeeping}) with check (${isKeeping})`,
      )
      .execute(db);
  }
  // Of whichever tenant a trigger's row is: an operator's statement, or an erasure, has none set.
  await sql
    .raw(`create policy adding on ${schema}.tally_delta for insert to signet_owner with check (true)`)
    .execute(db);
  await sql
    .raw(`
    grant select (${columns}), insert (${columns}), update (amount), delete on ${schema}.tally to ${role};
    grant select (${columns}), delete on ${schema}.tally_delta to ${role};
    grant select (tenant_id, counted_at), insert (tenant_id, counted_at), update (counted_at) on ${schema}.tally_counted to ${role};

    create function ${foldFunction(schema)}
  `)
    .execute(db);
  await publishFunction(db, `${schema}.fold_tally(integer)`, role);
  await sql
    .raw(`
    create function ${schema}.uncounted_tenants(most integer) returns setof uuid
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      perform pg_catalog.set_config('app.tally', 'keep', true);
      return query
        select t.id from auth.tenant t where not exists (select from ${schema}.tally_counted c where c.tenant_id = t.id)
        order by t.id limit least(most, 1000);
      perform pg_catalog.set_config('app.tally', '', true);
    end $$;
  `)
    .execute(db);
  await publishFunction(db, `${schema}.uncounted_tenants(integer)`, role);
}

const columns = 'tenant_id, series, label, starts_at, amount';

/** `before`: statements. `foldable`: which deltas are moved, as a WHERE clause. */
function foldFunction(schema: string, { before = '', foldable = '' } = {}): string {
  return `${schema}.fold_tally(most integer) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      folded pg_catalog.int4;
    begin
      -- Whoever counts a tenant's rows (countTenant) has the lock too: what it has counted is not folded beside it.
      if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('signet tally ${schema}', 0)) then
        return 0;
      end if;
      perform pg_catalog.set_config('app.tally', 'keep', true);${before}
      with gone as (
        delete from ${schema}.tally_delta where ctid = any (array(select ctid from ${schema}.tally_delta${foldable} limit least(most, 50000)))
        returning ${columns}
      ), added as (
        insert into ${schema}.tally as t (${columns})
        select tenant_id, series, label, starts_at, pg_catalog.sum(amount) from gone group by tenant_id, series, label, starts_at
        on conflict (tenant_id, series, label, starts_at) do update set amount = t.amount + excluded.amount
      )
      select pg_catalog.count(*) into folded from gone;
      -- Minutes become hours, old hours become one sum.
      with old as (
        delete from ${schema}.tally
        where starts_at <> pg_catalog.date_bin('1 hour', starts_at, '2000-01-01T00:00:00Z')
          and starts_at < pg_catalog.date_bin('1 hour', pg_catalog.now() - interval '2 hours', '2000-01-01T00:00:00Z')
        returning ${columns}
      )
      insert into ${schema}.tally as t (${columns})
      select tenant_id, series, label, pg_catalog.date_bin('1 hour', starts_at, '2000-01-01T00:00:00Z') as hour, pg_catalog.sum(amount)
      from old group by tenant_id, series, label, hour
      on conflict (tenant_id, series, label, starts_at) do update set amount = t.amount + excluded.amount;
      with old as (
        delete from ${schema}.tally where starts_at > '-infinity' and starts_at < pg_catalog.now() - interval '35 days'
        returning ${columns}
      )
      insert into ${schema}.tally as t (${columns})
      select tenant_id, series, label, '-infinity', pg_catalog.sum(amount) from old group by tenant_id, series, label
      on conflict (tenant_id, series, label, starts_at) do update set amount = t.amount + excluded.amount;
      perform pg_catalog.set_config('app.tally', '', true);
      return folded;
    end $$;`;
}

/** Takes createTally back. The triggers that write to it go before. */
export async function dropTally(db: Kysely<unknown>, { schema }: Pick<Tally, 'schema'>): Promise<void> {
  await sql
    .raw(`
    drop function ${schema}.uncounted_tenants(integer);
    drop function ${schema}.fold_tally(integer);
    drop table ${schema}.tally_counted;
    drop table ${schema}.tally_delta;
    drop table ${schema}.tally;
  `)
    .execute(db);
}

/**
 * Lets a tenant's rows be counted in pieces, from the earliest on, where they are too many for one statement (`TallySource.inPieces`). What is
 * counted of a tenant is in `tally_counting`: rows whose time is before `counted_before` are in the tally. Changes of the others stay in
 * `tally_delta` meanwhile, since they are counted with their rows.
 */
export async function countInPieces(db: Kysely<unknown>, { schema, role }: Tally): Promise<void> {
  await sql
    .raw(`
    create table ${schema}.tally_counting (
      tenant_id uuid primary key references auth.tenant,
      counted_before timestamptz not null
    );
    grant select (tenant_id, counted_before), insert (tenant_id, counted_before), update (counted_before), delete
      on ${schema}.tally_counting to ${role};
  `)
    .execute(db);
  await secureByTenant(db, `${schema}.tally_counting`);
  await sql
    .raw(`
    create policy keeping on ${schema}.tally_counting to signet_owner using (${isKeeping}) with check (${isKeeping});
    create or replace function ${foldFunction(schema, {
      // A process of the last release counts in one statement, whatever was counted in pieces.
      before: `
      delete from ${schema}.tally_counting p where exists (select from ${schema}.tally_counted c where c.tenant_id = p.tenant_id);`,
      foldable: ` d where not exists (
          select from ${schema}.tally_counting p where p.tenant_id = d.tenant_id and p.counted_before <= d.starts_at)`,
    })}
  `)
    .execute(db);
}

/** Takes countInPieces back. Tenants that were being counted are counted anew, as a whole. */
export async function stopCountingInPieces(
  db: Kysely<unknown>,
  { schema }: Pick<Tally, 'schema'>,
): Promise<void> {
  await sql
    .raw(`
    create or replace function ${foldFunction(schema)}
    drop table ${schema}.tally_counting;
  `)
    .execute(db);
}

/** The minute of a time, as SQL. */
export function minuteOf(time: string): string {
  return `pg_catalog.date_bin('1 minute', ${time}, '2000-01-01T00:00:00Z')`;
}

export type TallyTrigger = {
  schema: string;
  /** Names the trigger and its function. */
  name: string;
  table: string;
  /** For each row of `rows`, which has those that were inserted or deleted: label and start, as SQL. */
  series: string;
  label: string;
  startsAt: string;
  /** Rows that count. */
  where?: string;
  /** A row whose label changes counts less under the old one, and more under the new one. */
  update?: { columns: string; when: string };
};

/**
 * Counts the rows of a table by a label, in the transaction that inserts, changes or deletes them. By statement, so a million rows of one
 * statement are a few rows of the tally; changes by row, where the label has changed. Its functions run as the owner: whoever may write to
 * the table has no right on the tally.
 */
export async function countRows(db: Kysely<unknown>, trigger: TallyTrigger): Promise<void> {
  const { schema, name, table, series, label, startsAt, where = 'true', update } = trigger;
  const add = (from: string, sign: string) => `
        insert into ${schema}.tally_delta (tenant_id, series, label, starts_at, amount)
        select changed.tenant_id, '${series}', ${label}, ${startsAt}, ${sign}pg_catalog.count(*)
        from ${from} changed where ${where} group by 1, 3, 4;`;
  await sql
    .raw(`
    create function ${schema}.${name}_added() returns trigger language plpgsql security definer set search_path = '' as $$
    begin ${add('changed_rows', '')}
      return null;
    end $$;
    create function ${schema}.${name}_gone() returns trigger language plpgsql security definer set search_path = '' as $$
    begin ${add('changed_rows', '-')}
      return null;
    end $$;
    revoke all on function ${schema}.${name}_added(), ${schema}.${name}_gone() from public;
    create trigger ${name}_added after insert on ${table} referencing new table as changed_rows
      for each statement execute function ${schema}.${name}_added();
    create trigger ${name}_gone after delete on ${table} referencing old table as changed_rows
      for each statement execute function ${schema}.${name}_gone();
  `)
    .execute(db);
  if (!update) return;
  await sql
    .raw(`
    create function ${schema}.${name}_changed() returns trigger language plpgsql security definer set search_path = '' as $$
    begin ${add('(select old.*)', '-')} ${add('(select new.*)', '')}
      return null;
    end $$;
    revoke all on function ${schema}.${name}_changed() from public;
    create trigger ${name}_changed after update of ${update.columns} on ${table}
      for each row when (${update.when}) execute function ${schema}.${name}_changed();
  `)
    .execute(db);
}

/** Takes countRows back. */
export async function stopCountingRows(
  db: Kysely<unknown>,
  { schema, name, table, update }: Pick<TallyTrigger, 'schema' | 'name' | 'table' | 'update'>,
): Promise<void> {
  for (const event of ['added', 'gone', ...(update ? ['changed'] : [])]) {
    await sql
      .raw(`drop trigger ${name}_${event} on ${table}; drop function ${schema}.${name}_${event}();`)
      .execute(db);
  }
}
