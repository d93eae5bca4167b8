import { type Kysely, sql } from 'kysely';
import { createPruning, dropPruning, secureByTenant } from './support.ts';

const accounts = [
  { account: 'auth.user', tokens: 'auth.user_account_token', role: 'signet_auth_user' },
  { account: 'auth.portal_user', tokens: 'auth.portal_account_token', role: 'signet_auth_portal' },
];
const pruning = {
  name: 'auth.prune_user_registrations',
  table: 'auth.user_registration',
  key: 'token_hash',
  expired: `expires_at < now() - interval '5 minutes'`,
  role: 'signet_auth_user',
};

/**
 * What proves and changes an e-mail address. A registration waits here until its mail is answered, so that no account stands for a
 * mailbox whose owner has not asked for it. `unverified_may_act`: whether customers of the tenant may do what asks for a verified
 * address before theirs is. `was_verified`: whether the account ever had a verified address, so that its owner is known; staff who
 * correct the address don't change that.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    alter table auth.tenant add column unverified_may_act boolean not null default false;
    grant select (unverified_may_act) on auth.tenant to signet_auth_user;
    grant insert (email_verified, language), update (full_name) on auth.user to signet_auth_user;

    alter table auth.user add column was_verified boolean not null default false;
    alter table auth.user no force row level security;
    update auth.user set was_verified = true where email_verified;
    alter table auth.user force row level security;
    grant select (was_verified) on auth.user to signet_auth_user;
    create function auth.note_verified() returns trigger language plpgsql set search_path = '' as $$
    begin
      new.was_verified := true;
      return new;
    end $$;
    revoke all on function auth.note_verified() from public;
    create trigger note_verified before insert or update of email_verified on auth.user
      for each row when (new.email_verified) execute function auth.note_verified();

    create table auth.user_registration (
      token_hash bytea primary key check (length(token_hash) = 32),
      challenge_hash bytea not null check (length(challenge_hash) = 32),
      tenant_id uuid not null references auth.tenant,
      email text not null check (length(email) between 3 and 254),
      full_name text not null check (length(full_name) <= 200),
      language text,
      password_hash text not null,
      pepper_id text not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null
    );
    create index user_registration_email on auth.user_registration (tenant_id, email);
    create index user_registration_expiry on auth.user_registration (expires_at);
    grant select (token_hash, challenge_hash, tenant_id, email, full_name, language, password_hash, pepper_id, expires_at),
      insert (token_hash, challenge_hash, tenant_id, email, full_name, language, password_hash, pepper_id, created_at, expires_at),
      delete on auth.user_registration to signet_auth_user;
  `)
    .execute(db);
  await secureByTenant(db, 'auth.user_registration');
  await createPruning(db, pruning);
  for (const { account, tokens, role } of accounts) {
    await sql
      .raw(`
      grant update (email, email_verified) on ${account} to ${role};
      grant select (created_at) on ${tokens} to ${role};
    `)
      .execute(db);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const { account, tokens, role } of accounts) {
    await sql
      .raw(`
      revoke update (email, email_verified) on ${account} from ${role};
      revoke select (created_at) on ${tokens} from ${role};
    `)
      .execute(db);
  }
  await dropPruning(db, pruning);
  await sql
    .raw(`
    drop table auth.user_registration;
    drop trigger note_verified on auth.user;
    drop function auth.note_verified();
    alter table auth.user drop column was_verified;
    revoke insert (email_verified, language), update (full_name) on auth.user from signet_auth_user;
    alter table auth.tenant drop column unverified_may_act;
  `)
    .execute(db);
}
