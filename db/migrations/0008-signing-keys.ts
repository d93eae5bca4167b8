import { type Kysely, sql } from 'kysely';

const platforms = ['user', 'portal'] as const;

/** The life of a signing key: made, published, promoted, retired, and its private half destroyed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumns(db);
  for (const platform of platforms) {
    await sql
      .raw(`
      grant select (published_at, activated_at, retire_at, promote_at, imported, token_seconds),
        insert (published_at, imported, token_seconds),
        update (state, sealed_private_key, activated_at, retire_at, promote_at, token_seconds)
        on auth.signing_key to signet_auth_${platform};
    `)
      .execute(db);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms) {
    await sql
      .raw(`
      revoke select (published_at, activated_at, retire_at), insert (published_at),
        update (state, sealed_private_key, activated_at, retire_at)
        on auth.signing_key from signet_auth_${platform};
    `)
      .execute(db);
  }
  await sql`
    alter table auth.signing_key drop column promote_at, drop column imported, drop column token_seconds
  `.execute(db);
  await sql`drop index auth.signing_key_next`.execute(db);
}

/**
 * `promote_at`: when an operator's rotation is due; without it the interval decides. `imported`: not made here, so no change
 * of configuration throws it away. `token_seconds`: the longest life of the tokens that it signs or has signed, kept here so
 * that a lifetime which was shortened meanwhile does not take the key from tokens that are still out.
 */
async function addColumns(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table auth.signing_key
      add column promote_at timestamptz,
      add column imported boolean not null default false,
      add column token_seconds integer not null default 0 check (token_seconds >= 0)
  `.execute(db);
  await sql`create unique index signing_key_next on auth.signing_key (platform) where state = 'next'`.execute(
    db,
  );
}
