import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { MailMessage } from './mail-message.ts';
import type { MailServer } from './mail-settings.ts';

/**
 * What became of an attempt to hand a mail over. `error` names no address. `answer`: the server's own words, for an operator who asked for this
 * mail; they may name anything that the server was told.
 */
export type Attempt =
  | { outcome: 'sent'; answer?: string | undefined }
  /** This mail was not taken: never will be, where the server says so (5yz), else it may be later. */
  | { outcome: 'refused'; isPermanent: boolean; error: string; answer?: string | undefined }
  /** The server takes no mail at all now: it cannot be reached, or refuses us. */
  | { outcome: 'unreachable'; error: string; answer?: string | undefined };

/** One connection at a time to the mail server, kept open between mails. */
export type SmtpClient = {
  /** Hands a mail over. One at a time. */
  send(message: MailMessage): Promise<Attempt>;
  /** Ends the connection politely. */
  quit(): void;
  /** Ends the connection at once. The mail under way is refused, for now. */
  destroy(): void;
};

export type SmtpOptions = {
  /** Certificates of authorities to trust in place of the usual ones. */
  ca?: string | undefined;
  connectMs?: number;
  /** For an answer of the server. */
  answerMs?: number;
  /** For one mail with all its answers: a server that sends a byte now and then gets no more. */
  mailMs?: number;
  idleMs?: number;
};

/** Shorter than the lease of a mail. */
const defaultMailMs = 45_000;
const maxMailsOfConnection = 100;

/** The certificate is checked wherever there is TLS. Nodemailer logs nothing: its lines have addresses and texts. */
export function createSmtpClient(server: MailServer, options: SmtpOptions = {}): SmtpClient {
  const { mailMs = defaultMailMs, idleMs = 5000 } = options;
  let current: SMTPConnection | undefined;
  let mailsOfCurrent = 0;
  let idle: NodeJS.Timeout | undefined;
  let giveUp = () => {};
  const drop = (connection = current) => {
    connection?.close();
    if (current === connection) current = undefined;
  };
  const openConnection = async (): Promise<SMTPConnection> => {
    const connection = createConnection(server, options);
    current = connection;
    mailsOfCurrent = 0;
    // A connection may be lost between two mails too.
    connection.on('error', () => drop(connection));
    connection.once('end', () => drop(connection));
    await signIn(connection, server);
    return connection;
  };
  const handOver = async (message: MailMessage): Promise<Attempt> => {
    let connection: SMTPConnection;
    try {
      connection = current ?? (await openConnection());
    } catch (error) {
      return unreachable(error as SmtpError);
    }
    try {
      const { response: answer } = await sendOver(connection, message);
      return { outcome: 'sent', answer };
    } catch (error) {
      return judge(error as SmtpError);
    }
  };
  return {
    async send(message) {
      clearTimeout(idle);
      let timer: NodeJS.Timeout | undefined;
      const gaveUp = new Promise<Attempt>((resolve) => {
        giveUp = () => resolve({ outcome: 'refused', isPermanent: false, error: 'no answer in time' });
        timer = setTimeout(giveUp, mailMs);
      });
      const attempt = await Promise.race([handOver(message), gaveUp]);
      clearTimeout(timer);
      mailsOfCurrent += 1;
      if (attempt.outcome !== 'sent') drop();
      else if (mailsOfCurrent >= maxMailsOfConnection) this.quit();
      else idle = setTimeout(() => this.quit(), idleMs).unref();
      return attempt;
    },
    quit() {
      clearTimeout(idle);
      const connection = current;
      current = undefined;
      connection?.quit();
    },
    destroy() {
      clearTimeout(idle);
      drop();
      giveUp();
    },
  };
}

function createConnection({ host, port, tls }: MailServer, options: SmtpOptions): SMTPConnection {
  const { ca, connectMs = 10_000, answerMs = 30_000 } = options;
  return new SMTPConnection({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'required',
    ignoreTLS: tls === 'off',
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(ca && { ca }) },
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    socketTimeout: answerMs,
    logger: false,
  });
}

async function signIn(connection: SMTPConnection, { auth }: MailServer): Promise<void> {
  await settle<void>(connection, (done) => connection.connect(done));
  if (auth) await settle<boolean>(connection, (done) => connection.login(auth, done));
}

function sendOver(
  connection: SMTPConnection,
  { envelope, bytes }: MailMessage,
): Promise<SMTPConnection.SentMessageInfo> {
  return settle(connection, (done) => connection.send({ ...envelope, size: bytes.length }, bytes, done));
}

/** Some failures come to the callback, some as an event only. */
function settle<T>(
  connection: SMTPConnection,
  call: (done: (error?: Error | null, result?: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    connection.once('error', reject);
    call((error, result) => {
      connection.removeListener('error', reject);
      if (error) reject(error);
      else resolve(result as T);
    });
  });
}

type SmtpError = Error & {
  code?: string;
  command?: string;
  response?: string;
  responseCode?: number;
  originalCode?: string;
};

/** What a server says to the recipient or the content, it says about this mail; before that, about us. */
function judge(error: SmtpError): Attempt {
  const { code, command, responseCode } = error;
  if (command === 'MAIL FROM' || code === 'EAUTH') return unreachable(error);
  const isOfThisMail = command === 'RCPT TO' || command === 'DATA';
  // Nodemailer itself refuses an address that would be two, or another command.
  const isNoAddress = code === 'EENVELOPE' && command === 'API';
  const isPermanent = isNoAddress || (isOfThisMail && (responseCode ?? 0) >= 500);
  return { outcome: 'refused', isPermanent, error: describe(error), answer: answerIn(error) };
}

function unreachable(error: SmtpError): Attempt {
  return { outcome: 'unreachable', error: describe(error), answer: answerIn(error) };
}

function answerIn({ response, message }: SmtpError): string {
  return response || message;
}

/** Texts of servers name addresses. Kept are the command and the codes (RFC 5321, RFC 3463). */
function describe({ code, command = '', response = '', responseCode, originalCode }: SmtpError): string {
  const [, enhanced] = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response) ?? [];
  const cause = responseCode ? [responseCode, enhanced] : [originalCode ?? code];
  return [command, ...cause].filter(Boolean).join(' ') || 'failed';
}
