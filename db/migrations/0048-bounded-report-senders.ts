import { type Kysely, sql } from 'kysely';

const rights = 'delete, select (seen_at) on auth.report_sender';
const roles = 'signet_auth_user, signet_auth_portal';

/**
 * auth deletes the senders that reported least recently where an entrance has too many. The policies of 0042 show each role the rows of its
 * platform alone. It could forget a sender before, by lowering or raising its number.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`grant ${rights} to ${roles}`).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`revoke ${rights} from ${roles}`).execute(db);
}
