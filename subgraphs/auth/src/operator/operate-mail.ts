import { randomUUID } from 'node:crypto';
import { createDatabase, type Database } from '@signet/db';
import { type Platform, platforms } from '@signet/schema/contract';
import { ConfigError, configFields, type Environment, loadConfig } from '@signet/service';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import { buildMessage } from '../mail/mail-message.ts';
import { mailboxUrl, mailConfigFields, parseMailFrom, parseMailServer } from '../mail/mail-settings.ts';
import { type Attempt, createSmtpClient, type SmtpOptions } from '../mail/smtp-client.ts';
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

const mailSchema = z.object(mailConfigFields).pick({ MAIL_URL: true, MAIL_FROM: true });

/** `server`: how it was reached, without a password. */
export type TestMail = { server: string; from: string; attempt: Attempt };

/**
 * Sends one mail as auth sends mails: to the same server with the same rules for TLS, from the same sender. Nothing is queued, and no database
 * is needed.
 *
 * @throws {ConfigError} naming the variable to set
 */
export async function sendTestMail(env: Environment, to: string, options?: SmtpOptions): Promise<TestMail> {
  const { MAIL_URL = '', MAIL_FROM = '' } = loadConfig(mailSchema, env);
  if (MAIL_URL === mailboxUrl) throw new ConfigError([`MAIL_URL: is ${mailboxUrl}, which sends nothing`]);
  const server = parseMailServer(MAIL_URL);
  const from = parseMailFrom(MAIL_FROM);
  if (!server) throw new ConfigError(['MAIL_URL: is not set']);
  if (!from) throw new ConfigError(['MAIL_FROM: is not set (MAIL_URL needs it)']);
  const { host, port, tls, auth } = server;
  const sentence = 'This mail was sent by `signet mail test`, to find out whether mails arrive.';
  const message = await buildMessage({
    id: randomUUID(),
    from,
    to,
    date: new Date(),
    language: 'en',
    subject: 'Test of the mail server',
    text: `${sentence}\n`,
    html: `<p>${sentence}</p>`,
  });
  const client = createSmtpClient(server, options);
  const attempt = await client.send(message);
  client.quit();
  const tlsTexts = { implicit: 'TLS', required: 'STARTTLS', off: 'without TLS' };
  return {
    server: `${host}:${port}, ${tlsTexts[tls]}, ${auth ? `as ${auth.user}` : 'without signing in'}`,
    from: MAIL_FROM,
    attempt:
      attempt.answer === undefined ? attempt : { ...attempt, answer: hidePassword(attempt.answer, auth) },
  };
}

/** A server may repeat what it was told: the password alone, or as AUTH PLAIN and AUTH LOGIN send it. */
function hidePassword(text: string, auth: { user: string; pass: string } | undefined): string {
  if (!auth?.pass) return text;
  const { user, pass } = auth;
  const forms = [`\0${user}\0${pass}`, pass].map((each) => Buffer.from(each).toString('base64'));
  return [...forms, pass].reduce((hidden, form) => hidden.replaceAll(form, '[password]'), text);
}
