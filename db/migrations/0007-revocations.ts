import { type Kysely, sql } from 'kysely';
import { grantUsage } from './support.ts';

const platforms = ['user', 'portal'] as const;

/**
 * The revocation feed. Ending a session, however it is done and by whom, writes a row in the same transaction; a revoked
 * signing key is a row that the platform's auth role inserts. Verifiers read all of it, and nothing else.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await grantUsage(db, 'auth', ['signet_verifier']);
  await createRevocations(db);
  await secureRevocations(db);
  await createTriggers(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    ${platforms.map((platform) => `drop trigger revoke_ended on auth.${platform}_session; drop trigger revoke_deleted on auth.${platform}_session;`).join('\n')}
    drop table auth.revocation;
    drop function auth.revoke_session();
    drop function auth.wake_verifiers();
    revoke usage on schema auth from signet_verifier;
  `)
    .execute(db);
}

/**
 * `transaction_id`: a reader asks for the rows of all transactions that were not finished when it last asked, so a row
 * that commits late is never missed. `expires_at`: by default never, since a revoked key must not come back.
 */
async function createRevocations(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table auth.revocation (
      id uuid primary key default uuidv7(),
      kind text not null check (kind in ('session', 'signing_key')),
      platform text not null check (platform in ('user', 'portal')),
      subject text not null check (length(subject) between 1 and 128),
      transaction_id xid8 not null default pg_current_xact_id(),
      created_at timestamptz not null default clock_timestamp(),
      expires_at timestamptz not null default 'infinity'
    )`.execute(db);
  await sql`create index revocation_transaction on auth.revocation (transaction_id)`.execute(db);
  await sql`create index revocation_expiry on auth.revocation (expires_at)`.execute(db);
}

/** An auth role revokes keys of its platform; sessions are revoked by the trigger alone, which runs as the owner. */
async function secureRevocations(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    alter table auth.revocation enable row level security;
    alter table auth.revocation force row level security;
    create policy everything on auth.revocation to signet_owner using (true) with check (true);
    create policy feed on auth.revocation for select to signet_verifier using (true);
    grant select (kind, platform, subject, transaction_id, created_at, expires_at)
      on auth.revocation to signet_verifier;
  `)
    .execute(db);
  for (const platform of platforms) {
    await sql
      .raw(`
      create policy ${platform}_keys on auth.revocation for insert to signet_auth_${platform}
        with check (kind = 'signing_key' and platform = '${platform}');
      grant insert (kind, platform, subject) on auth.revocation to signet_auth_${platform};
    `)
      .execute(db);
  }
}

async function createTriggers(db: Kysely<unknown>): Promise<void> {
  await createSessionTrigger(db);
  await createWakeTrigger(db);
  for (const platform of platforms) {
    await sql
      .raw(`
      create trigger revoke_ended after update of ended_at on auth.${platform}_session
        for each row when (old.ended_at is null and new.ended_at is not null)
        execute function auth.revoke_session('${platform}');
      create trigger revoke_deleted after delete on auth.${platform}_session
        for each row when (old.ended_at is null and old.expires_at > now())
        execute function auth.revoke_session('${platform}');
    `)
      .execute(db);
  }
}

/**
 * Runs as the owner: a role that may end a session revokes it, and no role needs the right to insert one. An access token lives an
 * hour at most (schema/contract); five minutes more for clocks that differ.
 */
async function createSessionTrigger(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.revoke_session() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into auth.revocation (kind, platform, subject, expires_at)
      values ('session', tg_argv[0], old.id::pg_catalog.text, clock_timestamp() + interval '65 minutes');
      return null;
    end $$;
    revoke all on function auth.revoke_session() from public;
  `)
    .execute(db);
}

/** Says nothing but that there is something to read: any role could forge a payload. */
async function createWakeTrigger(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create function auth.wake_verifiers() returns trigger language plpgsql set search_path = '' as $$
    begin
      perform pg_catalog.pg_notify('signet_revocation', '');
      return null;
    end $$;
    revoke all on function auth.wake_verifiers() from public;
    create trigger wake_verifiers after insert on auth.revocation
      for each statement execute function auth.wake_verifiers();
  `)
    .execute(db);
}
