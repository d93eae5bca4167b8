import { createDatabase, type Database, inTenant } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { createLogger } from '@signet/service';
import type { TestDatabase } from '@signet/testing';
import type { Kysely } from 'kysely';
import { portalTables, userTables } from '../accounts/account.ts';
import { type SenderTiming, startMailSender } from '../mail/mail-sender.ts';
import type { MailServer } from '../mail/mail-settings.ts';
import { loadMailTexts } from '../mail/mail-texts.ts';
import { createMailReader } from '../mail/open-mail.ts';
import { type NewMail, type Outbox, queueMail } from '../mail/outbox.ts';
import { createContentSeal } from '../mail/sealed-content.ts';
import type { MailTemplate } from '../mail/template-values.ts';
import { testPepper } from './accounts.test-support.ts';

export const testAppUrl = 'https://shop.example';
export const testLink = `${testAppUrl}/reset-password#token=sample-token`;
export const sampleMail = {
  template: 'reset-password',
  values: { link: testLink, validFor: 3600 },
} as const;

export type MailRow = {
  id: string;
  state: string;
  attempts: number;
  last_error: string | null;
  sealed_content: Buffer | null;
  is_later: boolean;
};

/** A platform's outbox on a database of its own, and senders for it. */
export function createTestOutbox(
  database: Pick<TestDatabase, 'query' | 'urlOf'>,
  platform: Platform = 'user',
  isMailbox = false,
) {
  const url = database.urlOf(`signet_auth_${platform}`);
  const db: Kysely<Database> = createDatabase(url, { maxConnections: 4 });
  const mail: Outbox = {
    isMailbox,
    appUrl: testAppUrl,
    content: createContentSeal([testPepper], platform),
    texts: loadMailTexts(),
  };
  const issuer = { mail, tables: platform === 'user' ? userTables : portalTables };
  const logged: string[] = [];
  return {
    db,
    mail,
    issuer,
    url,
    /** Lines of the senders' log. */
    logged,
    /** Queues a mail in a transaction of its own. */
    queue: (tenantId: string, to: string) =>
      inTenant(db, tenantId, (trx) => queueMail(trx, issuer as never, { tenantId, to, ...sampleMail })),
    queueAll: (tenantId: string, addresses: readonly string[]) =>
      inTenant(db, tenantId, async (trx) => {
        for (const to of addresses) await queueMail(trx, issuer as never, { tenantId, to, ...sampleMail });
      }),
    queueOther: <T extends MailTemplate>(mail: NewMail<T>) =>
      inTenant(db, mail.tenantId, (trx) => queueMail(trx, issuer as never, mail)),
    rows: () =>
      database.query<MailRow>(
        `select *, next_attempt_at > now() + interval '1 second' as is_later from auth.${platform}_mail order by created_at, id`,
      ),
    startSender: (server: MailServer, timing: SenderTiming = {}, connections = 5) =>
      startMailSender({
        platform,
        databaseUrl: url,
        server,
        from: { name: 'Shop', address: 'no-reply@shop.example' },
        connections,
        read: createMailReader(db, mail.content, mail.texts),
        logger: createLogger('test', 'debug', { write: (line) => logged.push(line) }),
        timing: { pollMs: 50, firstRetrySeconds: 0, firstPauseMs: 20, ...timing },
      }),
    close: () => db.destroy(),
  };
}

export type TestOutbox = ReturnType<typeof createTestOutbox>;

/** How a sender reaches a test's mail server. */
export function serverAt(port: number, more: Partial<MailServer> = {}): MailServer {
  return { host: '127.0.0.1', port, tls: 'off', auth: undefined, ...more };
}
