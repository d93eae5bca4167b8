import { createDatabase, type Database } from '@signet/db';
import { type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, configFields, type Environment, type KeyList, loadConfig } from '@signet/service';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import { prefixOf } from '../settings.ts';
import { openOperatorEnvironment } from './operator-environment.ts';

/** Each platform's log, read by somebody who sees all of it. */
export type AuditedDatabases = {
  keys: KeyList;
  logs: readonly { platform: Platform; db: Kysely<Database> }[];
  close(): Promise<void>;
};

const auditKey = { AUDIT_KEY: configFields.keys256 };
const adminSchema = z.object({ ...auditKey, DATABASE_URL: configFields.postgresUrl });
const authSchema = z.object({
  ...auditKey,
  USER_DATABASE_URL: configFields.postgresUrl.optional(),
  PORTAL_DATABASE_URL: configFields.postgresUrl.optional(),
});

/** @throws {ConfigError} naming the variable to set. */
export async function openAuditedDatabases(env: Environment): Promise<AuditedDatabases> {
  const has = (name: string) => Boolean(env[name] || env[`${name}_FILE`]);
  const isAuth = platforms.some((platform) => has(`${prefixOf(platform)}_DATABASE_URL`));
  if (has('AUDIT_KEY') && has('DATABASE_URL') && !isAuth) {
    const { AUDIT_KEY, DATABASE_URL } = loadConfig(adminSchema, env);
    const db = connect(DATABASE_URL);
    try {
      return { keys: AUDIT_KEY, logs: await findLogs(db), close: () => db.destroy() };
    } catch (error) {
      await db.destroy();
      throw error;
    }
  }
  const operator = await openOperatorEnvironment(env);
  try {
    const { AUDIT_KEY, ...urls } = loadConfig(authSchema, operator.env);
    const logs = platforms.flatMap((platform) => {
      const url = urls[`${prefixOf(platform)}_DATABASE_URL`];
      return url === undefined ? [] : [{ platform, db: connect(url) }];
    });
    const close = async () => {
      await Promise.all(logs.map(({ db }) => db.destroy()));
      await operator.close();
    };
    return { keys: AUDIT_KEY, logs, close };
  } catch (error) {
    await operator.close();
    throw error;
  }
}

/** No limit on a statement: a log of years takes its time. */
function connect(url: string): Kysely<Database> {
  return createDatabase(url, { maxConnections: 1, applicationName: 'signet-audit', statementTimeoutMs: 0 });
}

/** An auth role sees its platform's rows, an administrator all; anybody else sees too few, which would look like a theft. */
async function findLogs(db: Kysely<Database>): Promise<AuditedDatabases['logs']> {
  const { rows } = await sql<{ role: string; is_limited: boolean }>`
    select current_user as role, row_security_active('auth.audit_event') as is_limited
  `.execute(db);
  const own = platforms.filter((platform) => rows[0]?.role === `signet_auth_${platform}`);
  if (own.length === 0 && rows[0]?.is_limited !== false) {
    throw new ConfigError([
      'DATABASE_URL: this role does not see the whole audit log; take a superuser, or set USER_DATABASE_URL and PORTAL_DATABASE_URL',
    ]);
  }
  return (own.length > 0 ? own : platforms).map((platform) => ({ platform, db }));
}
