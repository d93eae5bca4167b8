import { type Kysely, sql } from 'kysely';

const platforms = ['user', 'portal'];

/** A session's `auth_time` is the last time at which the person proved who they are, and `amr` how. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms) {
    await sql
      .raw(`grant update (auth_time, amr) on auth.${platform}_session to signet_auth_${platform}`)
      .execute(db);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms) {
    await sql
      .raw(`revoke update (auth_time, amr) on auth.${platform}_session from signet_auth_${platform}`)
      .execute(db);
  }
}
