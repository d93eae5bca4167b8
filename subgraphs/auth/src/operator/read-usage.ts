import { createDatabase } from '@signet/db';
import { type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, configFields, type Environment, loadConfig } from '@signet/service';
import { sql } from 'kysely';
import { z } from 'zod';
import { prefixOf } from '../platform-settings.ts';
import { openOperatorEnvironment } from './operator-environment.ts';

/** How often a client asked for a field at an entrance, and when it last did (`2026-11-29`, UTC of the server). */
export type UsageRow = {
  coordinate: string;
  client: string;
  version: string;
  entrance: string;
  count: number;
  firstDay: string;
  lastDay: string;
};

/** Undefined: whichever. `sinceDays`: today is the first. */
export type UsageFilter = {
  coordinates?: readonly string[] | undefined;
  clients?: readonly string[] | undefined;
  entrance?: string | undefined;
  sinceDays: number;
};

const urlsSchema = z.object({
  USER_DATABASE_URL: configFields.postgresUrl.optional(),
  PORTAL_DATABASE_URL: configFields.postgresUrl.optional(),
});

/**
 * What gateways have reported, of the platforms whose databases the environment names: the customers' has the entrances `graph` and `user`,
 * the staff's `portal`.
 *
 * @throws {ConfigError} where it names none
 */
export async function readUsage(env: Environment, filter: UsageFilter): Promise<UsageRow[]> {
  const operator = await openOperatorEnvironment(env);
  try {
    const urls = loadConfig(urlsSchema, operator.env);
    const urlOf = (platform: Platform) => urls[`${prefixOf(platform)}_DATABASE_URL`];
    const named = platforms.flatMap((platform) => urlOf(platform) ?? []);
    if (named.length === 0) throw new ConfigError(['USER_DATABASE_URL, PORTAL_DATABASE_URL: neither is set']);
    return (await Promise.all(named.map((url) => readOne(url, filter)))).flat();
  } finally {
    await operator.close();
  }
}

async function readOne(
  url: string,
  { coordinates, clients, entrance, sinceDays }: UsageFilter,
): Promise<UsageRow[]> {
  const db = createDatabase(url, { maxConnections: 1, applicationName: 'signet-usage' });
  try {
    const { rows } = await sql<UsageRow>`
      select coordinate, client, version, entrance, least(sum(count), 9007199254740991)::bigint as count,
        min(day)::text as "firstDay", max(day)::text as "lastDay"
      from auth.field_usage
      where day > current_date - ${sinceDays}::integer
        and (${coordinates ?? null}::text[] is null or coordinate = any(${coordinates ?? null}::text[]))
        and (${clients ?? null}::text[] is null or client = any(${clients ?? null}::text[]))
        and entrance = coalesce(${entrance ?? null}::text, entrance)
      group by coordinate, client, version, entrance
      order by coordinate, count desc, client, version
    `.execute(db);
    return rows;
  } finally {
    await db.destroy();
  }
}
