import { createDatabase, type Database } from '@signet/db';
import { type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, configFields, type Environment, type KeyList, loadConfig } from '@signet/service';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import { prefixOf } from '../platform-settings.ts';
import { openOperatorEnvironment } from './operator-environment.ts';

/** Each platform's rows, read by somebody who sees all of them, and the secret to which they belong. */
export type PlatformDatabases = {
  /** The secret's generations: the first is in use. */
  keys: KeyList;
  databases: readonly { platform: Platform; db: Kysely<Database> }[];
  close(): Promise<void>;
};

const urls = {
  USER_DATABASE_URL: configFields.postgresUrl.optional(),
  PORTAL_DATABASE_URL: configFields.postgresUrl.optional(),
};

/**
 * With DATABASE_URL of an administrator and the secret at both platforms; else as the auth process whose variables these are, or as that
 * of `npm start` on this machine.
 *
 * @throws {ConfigError} naming the variable to set.
 */
export async function openPlatformDatabases(
  env: Environment,
  variable: 'AUDIT_KEY' | 'PASSWORD_PEPPER',
): Promise<PlatformDatabases> {
  const secret = { [variable]: configFields.keys256 };
  const has = (name: string) => Boolean(env[name] || env[`${name}_FILE`]);
  const isAuth = platforms.some((platform) => has(`${prefixOf(platform)}_DATABASE_URL`));
  if (has(variable) && has('DATABASE_URL') && !isAuth) {
    const config = loadConfig(z.object({ ...secret, DATABASE_URL: configFields.postgresUrl }), env);
    const db = connect(config.DATABASE_URL);
    try {
      return {
        keys: keysOf(config, variable),
        databases: await findPlatforms(db),
        close: () => db.destroy(),
      };
    } catch (error) {
      await db.destroy();
      throw error;
    }
  }
  const operator = await openOperatorEnvironment(env);
  try {
    const config = loadConfig(z.object({ ...secret, ...urls }), operator.env);
    const databases = platforms.flatMap((platform) => {
      const url = config[`${prefixOf(platform)}_DATABASE_URL`];
      return url === undefined ? [] : [{ platform, db: connect(url) }];
    });
    const close = async () => {
      await Promise.all(databases.map(({ db }) => db.destroy()));
      await operator.close();
    };
    return { keys: keysOf(config, variable), databases, close };
  } catch (error) {
    await operator.close();
    throw error;
  }
}

/** The schema has one field of the two. */
function keysOf(config: object, variable: string): KeyList {
  return (config as Record<string, KeyList>)[variable] as KeyList;
}

/** No limit on a statement: a log of years takes its time. */
function connect(url: string): Kysely<Database> {
  return createDatabase(url, {
    maxConnections: 1,
    applicationName: 'signet-operator',
    statementTimeoutMs: 0,
  });
}

/** An auth role sees its platform's rows, an administrator all; anybody else sees too few, which would look like a theft. */
async function findPlatforms(db: Kysely<Database>): Promise<PlatformDatabases['databases']> {
  const { rows } = await sql<{ role: string; is_limited: boolean }>`
    select current_user as role, row_security_active('auth.audit_event') as is_limited
  `.execute(db);
  const own = platforms.filter((platform) => rows[0]?.role === `signet_auth_${platform}`);
  if (own.length === 0 && rows[0]?.is_limited !== false) {
    throw new ConfigError([
      'DATABASE_URL: this role does not see all rows; take a superuser, or set USER_DATABASE_URL and PORTAL_DATABASE_URL',
    ]);
  }
  return (own.length > 0 ? own : platforms).map((platform) => ({ platform, db }));
}
