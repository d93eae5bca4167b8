import { type Kysely, sql } from 'kysely';
import { countRows, createTally, dropTally, minuteOf, stopCountingRows } from './tally-support.ts';

export const locks = ['portal.support_note', 'auth.user', 'auth.audit_event'];

const tally = { schema: 'portal', role: 'signet_portal' };
const notes = {
  schema: 'portal',
  name: 'tally_notes',
  table: 'portal.support_note',
  series: 'notes',
  label: `''`,
  startsAt: `'-infinity'::pg_catalog.timestamptz`,
};
const customers = {
  schema: 'portal',
  name: 'tally_customers',
  table: 'auth.user',
  series: 'customers',
  label: `'new'`,
  startsAt: minuteOf('changed.created_at'),
};
/** As in `dashboard.queries.ts` of the portal, which counts what was there before. */
const kinds = [
  'auth.login.success',
  'auth.login.failure',
  'auth.login.throttled',
  'auth.challenge.failed',
  'auth.throttled',
  'authz.refused',
];

/**
 * What the dashboard counts, kept for each tenant: customers, notes, and the events of the audit log that it shows. A row of the log may
 * stand for many events: its `count`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTally(db, tally);
  await countRows(db, notes);
  await countRows(db, customers);
  await sql
    .raw(`
    grant select (created_at) on auth.user to signet_portal;

    create function portal.tally_closed() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into portal.tally_delta (tenant_id, series, label, starts_at, amount)
      select closed.tenant_id, 'customers', 'closed', ${minuteOf('closed.closed_at')}, closed.amount
      from (values (old.tenant_id, old.closed_at, -1), (new.tenant_id, new.closed_at, 1)) closed (tenant_id, closed_at, amount)
      where closed.closed_at is not null;
      return null;
    end $$;
    create function portal.tally_closed_gone() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into portal.tally_delta (tenant_id, series, label, starts_at, amount)
      values (old.tenant_id, 'customers', 'closed', ${minuteOf('old.closed_at')}, -1);
      return null;
    end $$;
    create function portal.tally_event() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into portal.tally_delta (tenant_id, series, label, starts_at, amount)
      values (
        new.tenant_id, new.kind, new.platform || ':' || case new.kind when 'authz.refused' then coalesce(new.details ->> 'reason', '') else '' end,
        ${minuteOf('new.happened_at')},
        case pg_catalog.jsonb_typeof(new.details -> 'count')
          when 'number' then least(greatest((new.details ->> 'count')::pg_catalog.numeric, 1), 1000000000)::pg_catalog.int8 else 1 end
      );
      return null;
    end $$;
    revoke all on function portal.tally_closed(), portal.tally_closed_gone(), portal.tally_event() from public;
    create trigger tally_closed after update of closed_at on auth.user
      for each row when (old.closed_at is distinct from new.closed_at) execute function portal.tally_closed();
    create trigger tally_closed_gone after delete on auth.user
      for each row when (old.closed_at is not null) execute function portal.tally_closed_gone();
    create trigger tally_event after insert on auth.audit_event
      for each row when (new.tenant_id is not null and new.kind in (${kinds.map((kind) => `'${kind}'`).join(', ')}))
      execute function portal.tally_event();
  `)
    .execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    drop trigger tally_event on auth.audit_event;
    drop trigger tally_closed_gone on auth.user;
    drop trigger tally_closed on auth.user;
    drop function portal.tally_event();
    drop function portal.tally_closed_gone();
    drop function portal.tally_closed();
    revoke select (created_at) on auth.user from signet_portal;
  `)
    .execute(db);
  await stopCountingRows(db, customers);
  await stopCountingRows(db, notes);
  await dropTally(db, tally);
}
