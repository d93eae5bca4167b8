import { type Kysely, sql } from 'kysely';
import { createPruning, dropPruning, secureByTenant } from './support.ts';

const platforms = [
  { platform: 'user', account: 'auth.user' },
  { platform: 'portal', account: 'auth.portal_user' },
] as const;

/**
 * Per platform: passkeys (WebAuthn Level 3), and the challenges of passkeys that were answered. A challenge itself is signed and not
 * stored, so that asking for one costs no row; its answer makes one, and a second answer finds it. `disabled_at`: a copy of the
 * passkey was used. `passwordless`: false since a password was set by mail, until the passkey is used after that password.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const { platform, account } of platforms) {
    const role = `signet_auth_${platform}`;
    await sql
      .raw(`
      create table auth.${platform}_passkey (
        id uuid primary key default uuidv7(),
        tenant_id uuid not null references auth.tenant,
        account_id uuid not null,
        credential_id bytea not null check (length(credential_id) between 1 and 1023),
        public_key bytea not null check (length(public_key) between 1 and 4096),
        sign_count bigint not null,
        transports text[] not null default '{}',
        device_type text not null check (device_type in ('single_device', 'multi_device')),
        is_backed_up boolean not null,
        aaguid uuid not null,
        name text not null check (length(name) between 1 and 100),
        created_at timestamptz not null default now(),
        last_used_at timestamptz,
        disabled_at timestamptz,
        passwordless boolean not null default true,
        unique (tenant_id, credential_id),
        foreign key (tenant_id, account_id) references ${account} (tenant_id, id) on delete cascade
      );
      create index ${platform}_passkey_account on auth.${platform}_passkey (tenant_id, account_id);
      grant select (id, account_id, credential_id, public_key, sign_count, transports, device_type, is_backed_up, aaguid, name,
          created_at, last_used_at, disabled_at, passwordless),
        insert (tenant_id, account_id, credential_id, public_key, sign_count, transports, device_type, is_backed_up, aaguid, name,
          created_at),
        update (sign_count, is_backed_up, name, last_used_at, disabled_at, passwordless), delete
        on auth.${platform}_passkey to ${role};

      create table auth.${platform}_used_passkey_challenge (
        tenant_id uuid not null references auth.tenant,
        challenge_hash bytea not null check (length(challenge_hash) = 32),
        expires_at timestamptz not null,
        primary key (tenant_id, challenge_hash)
      );
      create index ${platform}_used_passkey_challenge_expiry on auth.${platform}_used_passkey_challenge (expires_at);
      grant insert (tenant_id, challenge_hash, expires_at) on auth.${platform}_used_passkey_challenge to ${role};
    `)
      .execute(db);
    for (const table of tables) await secureByTenant(db, `auth.${platform}_${table}`);
    await createPruning(db, pruningOf(platform));
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const { platform } of platforms) {
    await dropPruning(db, pruningOf(platform));
    for (const table of tables) await sql.raw(`drop table auth.${platform}_${table}`).execute(db);
  }
}

const tables = ['passkey', 'used_passkey_challenge'];

/** Five minutes more for clocks that differ: a row that goes too early lets an answer in twice. */
function pruningOf(platform: string) {
  return {
    name: `auth.prune_${platform}_used_passkey_challenges`,
    table: `auth.${platform}_used_passkey_challenge`,
    key: 'ctid',
    expired: `expires_at < now() - interval '5 minutes'`,
    role: `signet_auth_${platform}`,
  };
}
