import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, listenForWakes } from '@signet/db';
import { createFaultLog } from '@signet/flow';
import type { Platform } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import type { Attributes, Tracing } from '@signet/telemetry/tracing';
import { buildMessage, type MailMessage } from './mail-message.ts';
import type { MailServer } from './mail-settings.ts';
import type { MailReader } from './open-mail.ts';
import { createOutboxQueries, type OutboxQueries, type TakenMail } from './outbox.queries.ts';
import { type Attempt, createSmtpClient, type SmtpClient, type SmtpOptions } from './smtp-client.ts';

export type MailSenderOptions = {
  platform: Platform;
  databaseUrl: string;
  /** For LISTEN. By default `databaseUrl`. */
  directDatabaseUrl?: string;
  server: MailServer;
  from: { name: string; address: string };
  /** Connections to the mail server at most, and mails under way. */
  connections: number;
  read: MailReader;
  logger: Logger;
  timing?: SenderTiming | undefined;
  /** Called for each attempt. */
  onMail?: ((outcome: 'sent' | 'retry' | 'given_up') => void) | undefined;
  /** What each attempt is traced with. */
  tracing?: Pick<Tracing, 'startWork'> | undefined;
};

/** Tests shorten these. */
export type SenderTiming = {
  leaseSeconds?: number;
  smtp?: SmtpOptions;
  pollMs?: number;
  firstRetrySeconds?: number;
  /** While the mail server cannot be reached. */
  firstPauseMs?: number;
};

/** Longer than a mail may take. After a process has died, its mails wait for so long. */
const defaultLeaseSeconds = 60;
/** A mail that was not taken for this long is given up. The links in most have expired by then. */
const maxAgeMs = 24 * 3_600_000;
const maxRetrySeconds = 3600;
const maxPauseMs = 30_000;
/** How long a stop waits for the mails under way. */
const drainMs = 5000;
const settleAgainMs = 1000;
/** Statements are short, and most of the time is the mail server's. */
const databaseConnections = 2;

/**
 * Sends what is due in a platform's outbox, beside other replicas. It wakes when a mail is committed, and looks every second.
 * Nothing waits for it, and each mail goes its own way: one that is refused is tried again after 5 s, 10 s, … 1 h. While the server
 * takes no mail at all, one attempt at a time finds out whether it does again.
 */
export function startMailSender(options: MailSenderOptions): { stop(): Promise<void> } {
  const { platform, databaseUrl, logger, timing: { pollMs = 1000 } = {} } = options;
  const { directDatabaseUrl = databaseUrl } = options;
  const db = createDatabase(databaseUrl, {
    maxConnections: databaseConnections,
    applicationName: `signet-auth-${platform}-mail`,
    log: (line) => logger.warn({ database: `auth-${platform}-mail` }, line),
  });
  const sender = new MailSender(options, createOutboxQueries(db, platform));
  const timer = setInterval(() => sender.wake(), pollMs).unref();
  const listener = listenForWakes(directDatabaseUrl, {
    channel: `signet_${platform}_mail`,
    onWake: () => sender.wake(),
    applicationName: `signet-auth-${platform}-mail-wake`,
  });
  return {
    async stop() {
      clearInterval(timer);
      await listener.stop();
      await sender.stop();
      await db.destroy();
    },
  };
}

class MailSender {
  readonly #options: MailSenderOptions;
  readonly #outbox: OutboxQueries;
  readonly #idle: SmtpClient[];
  readonly #busy = new Map<SmtpClient, Promise<void>>();
  readonly #leaseSeconds: number;
  /** While PostgreSQL is away, the fault is the same each second: it is said once. */
  readonly #faultLog = createFaultLog({
    failing: (err) => this.#options.logger.warn({ err }, 'the outbox could not be read; it is tried again'),
    working: () => this.#options.logger.info('the outbox can be read again'),
  });
  #isLooking = false;
  #mustLookAgain = false;
  #isStopped = false;
  /** Times in a row that the server was out of reach; until when nothing is tried. */
  #failures = 0;
  #pausedUntil = 0;

  constructor(options: MailSenderOptions, outbox: OutboxQueries) {
    this.#options = options;
    this.#outbox = outbox;
    this.#leaseSeconds = options.timing?.leaseSeconds ?? defaultLeaseSeconds;
    const { server, connections, timing } = options;
    this.#idle = Array.from({ length: connections }, () => createSmtpClient(server, timing?.smtp));
  }

  /** Looks for mails that are due. Returns at once. */
  wake(): void {
    this.#mustLookAgain = true;
    if (!this.#isLooking) void this.#look();
  }

  /** Mails under way have some seconds to end. Others are due for another replica, or for the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    while (this.#isLooking) await sleep(1);
    const ended = Promise.all(this.#busy.values());
    await Promise.race([ended, sleep(drainMs, undefined, { ref: false })]);
    for (const client of this.#busy.keys()) client.destroy();
    await ended;
    for (const client of this.#idle) client.quit();
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    try {
      while (this.#mustLookAgain && !this.#isStopped) {
        this.#mustLookAgain = false;
        const free = this.#countFree();
        if (free === 0) break;
        const mails = await this.#outbox.take(free, this.#leaseSeconds);
        this.#faultLog.worked();
        for (const mail of mails) this.#start(mail);
        // There may be more: of each recipient one is taken.
        if (mails.length > 0) this.#mustLookAgain = true;
      }
    } catch (err) {
      this.#faultLog.failed(err);
    } finally {
      this.#isLooking = false;
    }
  }

  /** While the server is out of reach, one mail tries it. */
  #countFree(): number {
    if (this.#failures === 0) return this.#idle.length;
    return this.#busy.size === 0 && Date.now() >= this.#pausedUntil ? 1 : 0;
  }

  #start(mail: TakenMail): void {
    const client = this.#idle.pop();
    if (!client) return; // It is due again after its lease.
    const work = this.#send(mail, client)
      .catch((err) => {
        this.#options.logger.warn({ err, mail: mail.id }, 'what became of a mail could not be written down');
      })
      .finally(() => {
        this.#busy.delete(client);
        this.#idle.push(client);
        this.wake();
      });
    this.#busy.set(client, work);
  }

  async #send(mail: TakenMail, client: SmtpClient): Promise<void> {
    if (this.#isStopped) return void (await this.#outbox.putBack(mail, 0, undefined));
    const built = await this.#build(mail);
    const span = this.#options.tracing?.startWork('send a mail', attributesOf(mail), built?.traceparent);
    const attempt = built ? await client.send(built.message) : unreadable;
    if (attempt.outcome !== 'sent') span?.fail(attempt.outcome);
    span?.end();
    // Nothing stands between the server's answer and this statement: a process that dies here sends the mail twice.
    if (attempt.outcome === 'sent') await this.#settleSent(mail);
    await this.#note(mail, attempt);
  }

  /** While no other process has taken the mail again, or may soon. */
  async #settleSent(mail: TakenMail): Promise<void> {
    const until = Date.now() + (this.#leaseSeconds * 1000) / 2;
    for (;;) {
      try {
        await this.#outbox.settleSent(mail);
        return;
      } catch (error) {
        if (this.#isStopped || Date.now() > until) throw error;
        await sleep(settleAgainMs);
      }
    }
  }

  async #build({
    id,
    template,
    tenantId,
    sealedContent,
    queuedAt,
  }: TakenMail): Promise<{ message: MailMessage; traceparent: string | undefined } | undefined> {
    const { read, from, logger } = this.#options;
    try {
      const { traceparent, ...mail } = await read({ id, template, tenantId, sealedContent });
      return { message: await buildMessage({ ...mail, id, from, date: queuedAt }), traceparent };
    } catch (err) {
      logger.error({ err, mail: id, template }, 'a mail cannot be written');
      return undefined;
    }
  }

  async #note(mail: TakenMail, attempt: Attempt): Promise<void> {
    const { logger } = this.#options;
    const { id, template, attempts } = mail;
    if (attempt.outcome === 'unreachable') {
      this.#options.onMail?.('retry');
      this.#pause(attempt.error);
      await this.#putBack(mail, 0, attempt.error);
      return;
    }
    if (this.#failures > 0) logger.info('the mail server takes mails again');
    this.#failures = 0;
    this.#options.onMail?.(attempt.outcome === 'sent' ? 'sent' : attempt.isPermanent ? 'given_up' : 'retry');
    if (attempt.outcome === 'sent') {
      logger.debug({ mail: id, template, attempts }, 'mail sent');
      return;
    }
    const { isPermanent, error } = attempt;
    if (isPermanent) {
      await this.#giveUp(mail, error);
      return;
    }
    logger.info({ mail: id, template, attempts, error }, 'mail refused for now');
    await this.#putBack(mail, this.#retryAfter(attempts), error);
  }

  async #putBack(mail: TakenMail, seconds: number, error: string): Promise<void> {
    const isTooOld = mail.queuedAt.getTime() + maxAgeMs < Date.now() + seconds * 1000;
    if (isTooOld) await this.#giveUp(mail, error);
    else await this.#outbox.putBack(mail, seconds, error);
  }

  async #giveUp(mail: TakenMail, error: string): Promise<void> {
    const { id, template, attempts } = mail;
    this.#options.logger.warn({ mail: id, template, attempts, error }, 'mail given up');
    await this.#outbox.settleDead(mail, error);
  }

  #pause(error: string): void {
    const { logger, timing: { firstPauseMs = 1000 } = {} } = this.#options;
    if (this.#failures === 0) logger.error({ error }, 'the mail server takes no mails; they wait');
    // Others that were under way fail with the first one.
    if (Date.now() < this.#pausedUntil) return;
    this.#pausedUntil = Date.now() + Math.min(firstPauseMs * 2 ** this.#failures, maxPauseMs);
    this.#failures += 1;
  }

  /** 5 s, doubled each time to an hour, and a quarter more or less, so that mails do not come back together. */
  #retryAfter(attempts: number): number {
    const { timing: { firstRetrySeconds = 5 } = {} } = this.#options;
    const seconds = Math.min(firstRetrySeconds * 2 ** (attempts - 1), maxRetrySeconds);
    return Math.round(seconds * (0.75 + Math.random() / 2));
  }
}

/** The id leads to the row and to the log; who gets it is nobody's business here. */
function attributesOf({ id, template, attempts, tenantId }: TakenMail): Attributes {
  return {
    'signet.mail.id': id,
    'signet.mail.template': template,
    'signet.mail.attempt': attempts,
    'signet.tenant': tenantId,
  };
}

const unreadable: Attempt = {
  outcome: 'refused',
  isPermanent: false,
  error: 'its content cannot be read here',
};
