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
        sealed_content bytea,
        state text not null default 'queued' check (state in ('queued', 'kept', 'sent', 'dead')),
        attempts integer not null default 0,
        next_attempt_at timestamptz not null default now(),
        last_error text check (length(last_error) <= 500),
        created_at timestamptz not null default now(),
        settled_at timestamptz,
        foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade
      );
      create index ${platform}_mail_due on auth.${platform}_mail (next_attempt_at) where state = 'queued';
      create index ${platform}_mail_settled on auth.${platform}_mail (settled_at) where settled_at is not null;
      grant insert (id, tenant_id, account_id, template, sealed_content, state, next_attempt_at, created_at, settled_at)
        on auth.${platform}_mail to ${role};

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
      drop table auth.${platform}_account_token;
      drop table auth.${platform}_mail;
      alter table ${account} drop column language;
    `)
      .execute(db);
  }
  await sql
    .raw(`
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

/**
 * `take_…` gives at most `most` due mails of all tenants to one caller for `lease` seconds: what is not settled by then is due again.
 * `settle_…` ends the attempt that was taken (by its number, so that one whose lease ran out changes nothing) and wipes what is not
 * needed again. It tells whether it was still that attempt's.
 */
async function createSending(db: Kysely<unknown>, platform: string): Promise<void> {
  const table = `auth.${platform}_mail`;
  const role = `signet_auth_${platform}`;
  await sql
    .raw(`
    create policy ${platform}_mail_sending on ${table} to signet_owner using (state = 'queued') with check (true);
    create function auth.take_${platform}_mails(most integer, lease integer)
      returns table (id uuid, tenant_id uuid, account_id uuid, template text, sealed_content bytea, attempts integer, created_at timestamptz)
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      return query
        update ${table} m
        set attempts = m.attempts + 1, next_attempt_at = pg_catalog.now() + pg_catalog.make_interval(secs => lease)
        where m.id in (
          select due.id from ${table} due
          where due.state = 'queued' and due.next_attempt_at <= pg_catalog.now()
          order by due.next_attempt_at, due.id limit least(most, 1000) for update skip locked
        )
        returning m.id, m.tenant_id, m.account_id, m.template, m.sealed_content, m.attempts, m.created_at;
    end $$;
    create function auth.settle_${platform}_mail(mail uuid, attempt integer, outcome text, retry integer, error text) returns boolean
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      if outcome is null or outcome not in ('queued', 'sent', 'dead') then
        raise exception 'a mail cannot become %', outcome;
      end if;
      update ${table} m set
        state = outcome,
        sealed_content = case when outcome = 'sent' then null else m.sealed_content end,
        settled_at = case when outcome = 'queued' then null else pg_catalog.now() end,
        next_attempt_at = case when outcome = 'queued' then pg_catalog.now() + pg_catalog.make_interval(secs => retry) else m.next_attempt_at end,
        last_error = error
      where m.id = mail and m.state = 'queued' and m.attempts = attempt;
      return found;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, `auth.take_${platform}_mails(integer, integer)`, role);
  await publishFunction(db, `auth.settle_${platform}_mail(uuid, integer, text, integer, text)`, role);
}
