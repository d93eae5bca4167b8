import { createDatabase, type Database } from '@signet/db';
import { type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, configFields, type Environment, loadConfig } from '@signet/service';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import { prefixOf } from '../platform-settings.ts';
import { openOperatorEnvironment } from './operator-environment.ts';

/** Mails of one state. */
export type MailCount = { state: 'queued' | 'kept' | 'sent' | 'dead'; count: number; oldest: Date };
/** A mail that was given up. Whom it is to, and what it says, is sealed. */
export type DeadMail = {
  id: string;
  tenant: string;
  template: string;
  attempts: number;
  lastError: string | null;
  createdAt: Date;
};
export type MailStatus = { platform: Platform; counts: readonly MailCount[]; dead: readonly DeadMail[] };

const mostDead = 100;

const urlsSchema = z.object({
  USER_DATABASE_URL: configFields.postgresUrl.optional(),
  PORTAL_DATABASE_URL: configFields.postgresUrl.optional(),
});

/**
 * The outboxes of the platforms that the environment names: how many mails are in which state, and the latest that were given up.
 *
 * @throws {ConfigError} naming the variable to set
 */
export function readMailStatus(env: Environment, wanted: readonly Platform[]): Promise<MailStatus[]> {
  return withOutboxes(env, wanted, async (db, platform) => {
    const counts = await sql<MailCount>`
      select state, count::integer, oldest from ${sql.raw(`auth.count_${platform}_mails()`)} order by state
    `.execute(db);
    const dead = await sql<DeadMail>`
      select m.id, t.slug as tenant, m.template, m.attempts, m.last_error as "lastError", m.created_at as "createdAt"
      from ${sql.raw(`auth.list_${platform}_mails`)}('dead', ${mostDead}::integer) m join auth.tenant t on t.id = m.tenant_id
    `.execute(db);
    return { platform, counts: counts.rows, dead: dead.rows };
  });
}

/**
 * Lets mails that were given up be tried again, for another day.
 *
 * @param id one of them; without it all of the platforms.
 * @returns how many.
 * @throws {ConfigError} naming the variable to set
 */
export async function retryMails(
  env: Environment,
  wanted: readonly Platform[],
  id: string | undefined,
): Promise<number> {
  const counts = await withOutboxes(env, wanted, async (db, platform) => {
    const { rows } = await sql<{ retried: number }>`
      select ${sql.raw(`auth.retry_${platform}_mails`)}(${id ?? null}::uuid) as retried
    `.execute(db);
    return rows[0]?.retried ?? 0;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

async function withOutboxes<T>(
  env: Environment,
  wanted: readonly Platform[],
  work: (db: Kysely<Database>, platform: Platform) => Promise<T>,
): Promise<T[]> {
  const operator = await openOperatorEnvironment(env);
  try {
    const urls = loadConfig(urlsSchema, operator.env);
    const results: T[] = [];
    for (const platform of platforms.filter((one) => wanted.includes(one))) {
      const url = urls[`${prefixOf(platform)}_DATABASE_URL`];
      if (url === undefined) {
        if (wanted.length > 1) continue; // A process has the variables of its own platform.
        throw new ConfigError([`${prefixOf(platform)}_DATABASE_URL: is not set`]);
      }
      const db = createDatabase(url, { maxConnections: 1, applicationName: 'signet-mail' });
      try {
        results.push(await work(db, platform));
      } finally {
        await db.destroy();
      }
    }
    return results;
  } finally {
    await operator.close();
  }
}
