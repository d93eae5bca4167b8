import type { ProcessDatabase } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { ConfigError, type Logger } from '@signet/service';
import type { AuthConfig } from '../settings.ts';
import { type MailSenderOptions, type SenderTiming, startMailSender } from './mail-sender.ts';
import { parseMailFrom, parseMailServer } from './mail-settings.ts';
import { createMailReader, type MailReader } from './open-mail.ts';
import type { Outbox } from './outbox.ts';

export type PlatformMail = {
  read: MailReader;
  stop(): Promise<void>;
};

type MailOptions = {
  platform: Platform;
  database: ProcessDatabase;
  databaseUrl: string;
  directDatabaseUrl: string;
  config: AuthConfig;
  logger: Logger;
  timing?: SenderTiming | undefined;
  onMail?: MailSenderOptions['onMail'];
  tracing?: MailSenderOptions['tracing'];
};

/**
 * Starts sending a platform's mails, where they are sent.
 *
 * @throws {ConfigError} without a sender
 */
export async function startMail(outbox: Outbox, options: MailOptions): Promise<PlatformMail> {
  const { platform, database, databaseUrl, directDatabaseUrl, config, logger, timing, onMail, tracing } =
    options;
  const read = createMailReader(database.db, outbox.content, outbox.texts);
  if (outbox.isMailbox) return { read, async stop() {} };
  const server = parseMailServer(config.MAIL_URL ?? '');
  const from = parseMailFrom(config.MAIL_FROM ?? '');
  if (!server || !from) throw new ConfigError(['MAIL_URL, MAIL_FROM: are needed to send mails']);
  for (const slug of outbox.texts.tenants) {
    if ((await database.findTenantId(slug)) === undefined) {
      logger.warn({ tenant: slug }, 'MAIL_TEMPLATES has texts of a tenant that does not exist');
    }
  }
  const connections = config.MAIL_POOL_SIZE;
  const { stop } = startMailSender({
    platform,
    databaseUrl,
    directDatabaseUrl,
    server,
    from,
    connections,
    read,
    logger,
    timing,
    onMail,
    tracing,
  });
  return { read, stop };
}
