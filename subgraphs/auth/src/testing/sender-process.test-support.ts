// A process that sends an outbox, to be killed: node sender-process.test-support.ts <JSON of SenderProcess>
import { spawn } from 'node:child_process';
import { createDatabase } from '@signet/db';
import { createLogger } from '@signet/service';
import { startMailSender } from '../mail/mail-sender.ts';
import { loadMailTexts } from '../mail/mail-texts.ts';
import { createMailReader } from '../mail/open-mail.ts';
import { createContentSeal } from '../mail/sealed-content.ts';

export type SenderProcess = {
  databaseUrl: string;
  secret: string;
  port: number;
  connections: number;
  leaseSeconds: number;
};

/** @returns what kills it at once, and resolves when it is gone. */
export function spawnSender(options: SenderProcess): () => Promise<void> {
  const child = spawn(process.execPath, [import.meta.filename, JSON.stringify(options)], {
    stdio: 'inherit',
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return () => {
    child.kill('SIGKILL');
    return gone;
  };
}

if (import.meta.main) {
  const { databaseUrl, secret, port, connections, leaseSeconds }: SenderProcess = JSON.parse(
    process.argv[2] ?? '',
  );
  const content = createContentSeal([Buffer.from(secret, 'base64')], 'user');
  const db = createDatabase(databaseUrl, { maxConnections: 1 });
  startMailSender({
    platform: 'user',
    databaseUrl,
    server: { host: '127.0.0.1', port, tls: 'off', auth: undefined },
    from: { name: 'Shop', address: 'no-reply@shop.example' },
    connections,
    read: createMailReader(db, content, loadMailTexts()),
    logger: createLogger('sender', 'warn'),
    timing: { leaseSeconds, pollMs: 200 },
  });
  setInterval(() => {}, 60_000);
}
