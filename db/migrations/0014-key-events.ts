import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support.ts';

const signature = `auth.key_events(most integer, kind text, since timestamptz, until timestamptz,
  before timestamptz, before_id uuid)`;
const isKeyEvent = `e.tenant_id is null and e.kind like 'auth.key.%'`;

/**
 * What was done to signing keys is of the platform, not of a tenant: the portal shows it beside each tenant's own rows. A
 * function, because a policy with "or of no tenant" in it would keep the tenant's rows from being read in an index's order.
 *
 * Latest first, at most 101: a page, and one row more if there is a next one. A null argument is a filter that is not set. The body is
 * parsed here and once, so that no search_path and no caller's temporary type changes what it means.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create policy key_events on auth.audit_event for select to signet_owner
      using (tenant_id is null and kind like 'auth.key.%');
    create function ${signature}
      returns table (id uuid, happened_at timestamptz, kind text, platform text, details jsonb)
      language sql stable security definer set search_path = ''
    begin atomic
      select e.id, e.happened_at, e.kind, e.platform, e.details from auth.audit_event e
      where ${isKeyEvent}
        and (key_events.kind is null or e.kind = key_events.kind)
        and (key_events.since is null or e.happened_at >= key_events.since)
        and (key_events.until is null or e.happened_at < key_events.until)
        and (key_events.before is null or (e.happened_at, e.id) < (key_events.before, key_events.before_id))
      order by e.happened_at desc, e.id desc
      limit least(key_events.most, 101);
    end;
  `)
    .execute(db);
  await publishFunction(
    db,
    'auth.key_events(integer, text, timestamptz, timestamptz, timestamptz, uuid)',
    'signet_portal',
  );
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    drop function auth.key_events(integer, text, timestamptz, timestamptz, timestamptz, uuid);
    drop policy key_events on auth.audit_event;
  `)
    .execute(db);
}
