import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from '@signet/testing/database';
import { testPepper } from './accounts.test-support.ts';
import { createTestOutbox } from './outbox.test-support.ts';
import { spawnSender } from './sender-process.test-support.ts';
import { startTestSmtp, type TakenMail } from './smtp.test-support.ts';

export type Drain = {
  mails: number;
  connections: number;
  leaseSeconds: number;
  /** The sending process is killed each time when so much of the work is done, 0 to 1. */
  killAt: readonly number[];
  /** Milliseconds that the server thinks about each recipient. */
  thinkMs(): number;
};

export type Drained = {
  seconds: number;
  /** Mails that the server took, copies counted. */
  taken: number;
  lost: number;
  /** Second copies, each with the Message-ID of the first. */
  doubled: number;
  /** Of these, such as no kill explains. */
  unexplained: number;
};

/** Has processes, killed one after the other, send many mails to a slow server. */
export async function drainOutbox(
  database: Pick<TestDatabase, 'query' | 'urlOf'>,
  tenant: string,
  drain: Drain,
): Promise<Drained> {
  const outbox = createTestOutbox(database);
  const smtp = await startTestSmtp();
  smtp.judge = () => sleep(drain.thinkMs());
  const addresses = Array.from({ length: drain.mails }, (_, index) => `customer-${index}@example.com`);
  for (let at = 0; at < addresses.length; at += 500) {
    await outbox.queueAll(tenant, addresses.slice(at, at + 500));
  }
  const start = () =>
    spawnSender({
      databaseUrl: outbox.url,
      secret: testPepper.toString('base64'),
      port: smtp.port,
      connections: drain.connections,
      leaseSeconds: drain.leaseSeconds,
    });
  let kill = start();
  while (smtp.taken.length === 0) await sleep(5);
  const startedAt = performance.now();
  for (const share of drain.killAt) {
    while (smtp.taken.length < drain.mails * share) await sleep(2);
    await kill();
    kill = start();
  }
  const isDone = async () =>
    (await database.query(`select from auth.user_mail where state = 'queued' limit 1`)).length === 0;
  while (smtp.taken.length < drain.mails || !(await isDone())) await sleep(20);
  const seconds = (performance.now() - startedAt) / 1000;
  await kill();
  await smtp.stop();
  const sent = await database.query(`select id from auth.user_mail where state = 'sent'`);
  await outbox.close();
  const ids = new Set(smtp.taken.map(({ messageId }) => messageId));
  return {
    seconds,
    taken: smtp.taken.length,
    lost: drain.mails - sent.filter(({ id }) => ids.has(`${id}@shop.example`)).length,
    doubled: smtp.taken.length - ids.size,
    unexplained: findUnexplained(smtp.taken).length,
  };
}

/**
 * A second copy is explained where the first was the last mail of its connection: the server took it, and the process was killed
 * before it had written that down.
 */
function findUnexplained(taken: readonly TakenMail[]): TakenMail[] {
  const lastOf = new Map(taken.map((mail) => [mail.connection, mail]));
  const firstOf = new Map<string, TakenMail>();
  return taken.filter((mail) => {
    const first = firstOf.get(mail.messageId);
    firstOf.set(mail.messageId, first ?? mail);
    return first !== undefined && lastOf.get(first.connection) !== first;
  });
}
