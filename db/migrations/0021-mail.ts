import { type Kysely, sql } from 'kysely';
import { createPruning, dropPruning, publishFunction, secureByTenant } from './support.ts';

const platforms = [
  { platform: 'user', account: 'auth.user' },
  { platform: 'portal', account: 'auth.portal_user' },
] as const;

/**
 * Per platform: the outbox of mails, and the tokens that mails carry. A mail is written in the transaction of what it tells, and its
 * content is sealed. The process that sends is of no tenant: it takes due mails through functions that give it nothing else. And
 * the language in which an account, or else its tenant, is written to.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    alter table auth.tenant add column language text not null default 'en' check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$');
    grant select (name, language) on auth.tenant to signet_auth_user, signet_auth_portal;

    create function auth.wake_mail_senders() returns trigger language plpgsql set search_path = '' as $$
    begin
      perform pg_catalog.pg_notify(tg_argv[0], '');
      return null;
    end $$;
    revoke all on function auth.wake_mail_senders() from public;
  `)
    .execute(db);
  for (const { platform, account } of platforms) {
    const role = `signet_auth_${platform}`;
    await sql
      .raw(`
      alter table ${account} add column language text check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$');
      grant select (language), update (language) on ${account} to ${role};

      create table auth.${platform}_mail (
        id uuid primary key default uuidv7(),
        tenant_id uuid not null references auth.tenant,
        account_id uuid,
        template text not null check (template ~ '^[a-z][a-z0-9-]{0,60}$'),
        recipient bytea not null check (length(recipient) = 16),
        sealed_content bytea,
        state text not null default 'queued' check (state in ('queued', 'kept', 'sent', 'dead')),
        attempts integer not null default 0,
        next_attempt_at timestamptz not null default now(),
        leased_until timestamptz,
        last_error text check (length(last_error) <= 500),
        created_at timestamptz not null default clock_timestamp(),
        queued_at timestamptz not null default now(),
        settled_at timestamptz,
        foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade
      );
      create index ${platform}_mail_due on auth.${platform}_mail (next_attempt_at, id) where state = 'queued';
      create index ${platform}_mail_leased on auth.${platform}_mail (recipient) where leased_until is not null;
      create index ${platform}_mail_settled on auth.${platform}_mail (settled_at) where settled_at is not null;
      create index ${platform}_mail_account on auth.${platform}_mail (tenant_id, account_id) where account_id is not null;
      grant insert (id, tenant_id, account_id, template, recipient, sealed_content, state, settled_at)
        on auth.${platform}_mail to ${role};
      create trigger wake_senders after insert on auth.${platform}_mail
        for each statement execute function auth.wake_mail_senders('signet_${platform}_mail');

      create table auth.${platform}_account_token (
        token_hash bytea primary key check (length(token_hash) = 32),
        tenant_id uuid not null references auth.tenant,
        account_id uuid not null,
        purpose text not null check (purpose ~ '^[a-z][a-z_]{0,60}$'),
        password_version integer not null,
        email text not null,
        data jsonb not null default '{}',
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade
      );
      create index ${platform}_account_token_account on auth.${platform}_account_token (tenant_id, account_id);
      create index ${platform}_account_token_expiry on auth.${platform}_account_token (expires_at);
      grant select (token_hash, tenant_id, account_id, purpose, password_version, email, data, expires_at),
        insert (token_hash, tenant_id, account_id, purpose, password_version, email, data, created_at, expires_at), delete
        on auth.${platform}_account_token to ${role};
    `)
      .execute(db);
    await secureByTenant(db, `auth.${platform}_mail`);
    await secureByTenant(db, `auth.${platform}_account_token`);
    await createSending(db, platform);
    for (const pruning of pruningsOf(platform)) await createPruning(db, pruning);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const { platform, account } of platforms) {
    for (const pruning of pruningsOf(platform)) await dropPruning(db, pruning);
    await sql
      .raw(`
      drop function auth.take_${platform}_mails(integer, integer);
      drop function auth.settle_${platform}_mail(uuid, integer, text, integer, text);
      drop function auth.count_${platform}_mails();
      drop function auth.list_${platform}_mails(text, integer);
      drop function auth.retry_${platform}_mails(uuid);
      drop table auth.${platform}_account_token;
      drop table auth.${platform}_mail;
      alter table ${account} drop column language;
    `)
      .execute(db);
  }
  await sql
    .raw(`
    drop function auth.wake_mail_senders();
    revoke select (name) on auth.tenant from signet_auth_user, signet_auth_portal;
    alter table auth.tenant drop column language;
  `)
    .execute(db);
}

/** Settled mails stay a month, dead ones three, for questions about what was sent. Tokens go when they expire. */
function pruningsOf(platform: string) {
  const role = `signet_auth_${platform}`;
  return [
    {
      name: `auth.prune_${platform}_mails`,
      table: `auth.${platform}_mail`,
      key: 'id',
      expired: `settled_at < now() - case when state = 'dead' then interval '90 days' else interval '30 days' end`,
      role,
    },
    {
      name: `auth.prune_${platform}_account_tokens`,
      table: `auth.${platform}_account_token`,
      key: 'token_hash',
      expired: `expires_at < now() - interval '5 minutes'`,
      role,
    },
  ];
}

/** The functions below see the rows of all tenants, from `begin` to `end`. Beside them the owner sees no more than before. */
const isSending = `current_setting('app.mail_sending', true) = 'yes'`;
const begin = `perform pg_catalog.set_config('app.mail_sending', 'yes', true)`;
const end = `perform pg_catalog.set_config('app.mail_sending', '', true)`;

/**
 * The process that sends is of no tenant. `take_…` gives it at most `most` due mails of all tenants for `lease` seconds: what is not
 * settled by then is due again. A recipient of whom one is being sent waits, so that a slow one takes no more than one connection.
 * `settle_…` ends the attempt that was taken (by its number, so that one whose lease ran out changes nothing) and wipes what is not
 * needed again. It tells whether it was still that attempt's. The others are for operators, and `list_…` for the mailbox of
 * development.
 */
async function createSending(db: Kysely<unknown>, platform: string): Promise<void> {
  const table = `auth.${platform}_mail`;
  const role = `signet_auth_${platform}`;
  await sql
    .raw(`
    create policy ${platform}_mail_sending on ${table} to signet_owner using (${isSending}) with check (${isSending});
    create function auth.take_${platform}_mails(most integer, lease integer)
      returns table (id uuid, tenant_id uuid, template text, sealed_content bytea, attempts integer, queued_at timestamptz)
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      ${begin};
      return query
        with due as materialized (
          select d.id, d.recipient, d.next_attempt_at from ${table} d
          where d.state = 'queued' and d.next_attempt_at <= pg_catalog.now() and not exists (
            select from ${table} o where o.recipient = d.recipient and o.leased_until > pg_catalog.now()
          )
          order by d.next_attempt_at, d.id limit least(most, 1000) for update skip locked
        ), first as materialized (
          select distinct on (due.recipient) due.id from due order by due.recipient, due.next_attempt_at, due.id
        )
        update ${table} m
        set attempts = m.attempts + 1,
          next_attempt_at = pg_catalog.now() + pg_catalog.make_interval(secs => lease),
          leased_until = pg_catalog.now() + pg_catalog.make_interval(secs => lease)
        from first where m.id = first.id
        returning m.id, m.tenant_id, m.template, m.sealed_content, m.attempts, m.queued_at;
      ${end};
    end $$;
    create function auth.settle_${platform}_mail(mail uuid, attempt integer, outcome text, retry integer, error text) returns boolean
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      done pg_catalog.bool;
    begin
      ${begin};
      if outcome is null or outcome not in ('queued', 'sent', 'dead') then
        raise exception 'a mail cannot become %', outcome;
      end if;
      update ${table} m set
        state = outcome,
        sealed_content = case when outcome = 'sent' then null else m.sealed_content end,
        settled_at = case when outcome = 'queued' then null else pg_catalog.now() end,
        next_attempt_at = case when outcome = 'queued' then pg_catalog.now() + pg_catalog.make_interval(secs => retry) else m.next_attempt_at end,
        leased_until = null,
        last_error = error
      where m.id = mail and m.state = 'queued' and m.attempts = attempt;
      done := found;
      ${end};
      return done;
    end $$;
    create function auth.count_${platform}_mails()
      returns table (state text, count bigint, oldest timestamptz)
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      ${begin};
      return query
        select m.state, pg_catalog.count(*), pg_catalog.min(m.created_at) from ${table} m group by m.state;
      ${end};
    end $$;
    create function auth.list_${platform}_mails(wanted text, most integer)
      returns table (id uuid, tenant_id uuid, template text, sealed_content bytea, attempts integer, last_error text, created_at timestamptz, settled_at timestamptz)
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      ${begin};
      return query
        select m.id, m.tenant_id, m.template, m.sealed_content, m.attempts, m.last_error, m.created_at, m.settled_at
        from ${table} m where m.state = wanted and wanted in ('kept', 'dead')
        order by m.created_at desc, m.id desc limit least(most, 1000);
      ${end};
    end $$;
    create function auth.retry_${platform}_mails(mail uuid) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      retried pg_catalog.int4;
    begin
      ${begin};
      update ${table} m set
        state = 'queued', settled_at = null, next_attempt_at = pg_catalog.now(), queued_at = pg_catalog.now()
      where m.state = 'dead' and (mail is null or m.id = mail) and m.sealed_content is not null;
      get diagnostics retried = row_count;
      perform pg_catalog.pg_notify('signet_${platform}_mail', '');
      ${end};
      return retried;
    end $$;
  `)
    .execute(db);
  for (const signature of [
    `take_${platform}_mails(integer, integer)`,
    `settle_${platform}_mail(uuid, integer, text, integer, text)`,
    `count_${platform}_mails()`,
    `list_${platform}_mails(text, integer)`,
    `retry_${platform}_mails(uuid)`,
  ]) {
    await publishFunction(db, `auth.${signature}`, role);
  }
}
