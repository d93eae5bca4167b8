import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail that the server has taken: it has answered 250, or was about to. */
export type TakenMail = { to: string; raw: string; messageId: string; connection: string };

/** What the server says to a recipient; it may wait before it does. */
type Judge = (address: string) => Promise<unknown> | unknown;

export type TestSmtp = {
  port: number;
  url: string;
  taken: TakenMail[];
  /** Connections that were opened so far. */
  connections: number;
  /** Recipients that were named, taken or not. */
  asked: string[];
  judge: Judge;
  /** Before a mail that came whole is answered. */
  judgeMail: Judge;
  stop(): Promise<void>;
};

/** A real mail server on loopback. Its answers are as `judge` says: an Error is a refusal, with its `responseCode`. */
export async function startTestSmtp(options: SMTPServerOptions & { port?: number } = {}): Promise<TestSmtp> {
  const { port = 0, ...rest } = options;
  const server = new SMTPServer({
    authOptional: !rest.onAuth,
    disabledCommands: rest.key ? [] : ['STARTTLS'],
    disableReverseLookup: true,
    hidePIPELINING: true,
    logger: false,
    onConnect(_session, done) {
      smtp.connections += 1;
      done();
    },
    onRcptTo({ address }, _session, done) {
      smtp.asked.push(address);
      Promise.resolve(address)
        .then(smtp.judge)
        .then(() => done(), done);
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo[0]?.address ?? '';
        const raw = Buffer.concat(chunks).toString();
        const [, messageId = ''] = /^Message-ID: <(.+)>\r$/im.exec(raw) ?? [];
        Promise.resolve(to)
          .then(smtp.judgeMail)
          .then(() => {
            smtp.taken.push({ to, raw, messageId, connection: session.id });
            done();
          }, done);
      });
    },
    ...rest,
  });
  server.on('error', () => {}); // A client that went away, or did not trust us.
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: boundPort } = server.server.address() as AddressInfo;
  const smtp: TestSmtp = {
    port: boundPort,
    url: `smtp://127.0.0.1:${boundPort}`,
    taken: [],
    connections: 0,
    asked: [],
    judge: () => {},
    judgeMail: () => {},
    async stop() {
      for (const connection of server.connections) (connection as { close(): void }).close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return smtp;
}

/** A refusal as a server words it: with the address of the recipient. */
export function refusal(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

/** Waits until it is so. A test's own time limit ends it. */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await sleep(5);
}
