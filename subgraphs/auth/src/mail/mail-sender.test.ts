import { setTimeout as sleep } from 'node:timers/promises';
import { inTenant } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing';
import { simpleParser } from 'mailparser';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createTestOutbox, serverAt, type TestOutbox, testLink } from '../testing/outbox.test-support.ts';
import { refusal, startTestSmtp, type TestSmtp, until } from '../testing/smtp.test-support.ts';
import { queueMail } from './outbox.ts';

let database: TestDatabase;
let tenant: string;
let outbox: TestOutbox;
let smtp: TestSmtp;
const running: { stop(): Promise<void> }[] = [];
const start = (...args: Parameters<TestOutbox['startSender']>) => {
  const sender = outbox.startSender(...args);
  running.push(sender);
  return sender;
};

beforeAll(async () => {
  database = await createTestDatabase();
  tenant = await database.addTenant('demo');
  outbox = createTestOutbox(database);
});
beforeEach(async () => {
  smtp = await startTestSmtp();
  outbox.logged.length = 0;
});
afterEach(async () => {
  for (const { stop } of running.splice(0)) await stop();
  await smtp.stop();
  await database.query('delete from auth.user_mail');
});
afterAll(async () => {
  await outbox.close();
  await database.drop();
});

const states = async () => (await outbox.rows()).map(({ state }) => state);
const allSettled = async () => !(await states()).includes('queued');

it('hands a mail over as text and HTML, once, and wipes what it said', async () => {
  start(serverAt(smtp.port));
  await outbox.queue(tenant, 'ada@example.com');
  await until(allSettled);
  const [row] = await outbox.rows();
  expect(row).toMatchObject({ state: 'sent', attempts: 1, sealed_content: null, last_error: null });
  const [mail, ...others] = smtp.taken;
  expect(others).toEqual([]);
  const parsed = await simpleParser(mail?.raw ?? '');
  expect(parsed).toMatchObject({
    from: { text: '"Shop" <no-reply@shop.example>' },
    to: { text: 'ada@example.com' },
    subject: 'Set a new password',
    messageId: `<${row?.id}@shop.example>`,
  });
  expect(parsed.headers.get('auto-submitted')).toBe('auto-generated');
  expect(parsed.text).toContain(testLink);
  expect(parsed.text).toContain('valid for 1 hour');
  expect(parsed.html).toContain(`<a href="${testLink}">Set a new password</a>`);
});

it('wakes when the transaction is committed, and sends nothing of one that is rolled back', async () => {
  start(serverAt(smtp.port), { pollMs: 3_600_000 });
  await until(() => outbox.rows().then((rows) => rows.length === 0));
  const undone = inTenant(outbox.db, tenant, async (trx) => {
    const values = { link: testLink, validFor: 60 };
    const mail = { tenantId: tenant, to: 'nobody@example.com', template: 'verify-email', values } as const;
    await queueMail(trx, outbox.issuer as never, mail);
    throw new Error('no');
  });
  await expect(undone).rejects.toThrow('no');
  await outbox.queue(tenant, 'ada@example.com');
  await until(allSettled);
  expect(smtp.asked).toEqual(['ada@example.com']);
});

it('lets mails wait while the server is down, tries it with one, and sends all when it is back', async () => {
  const { port } = smtp;
  await smtp.stop();
  start(serverAt(port));
  await outbox.queueAll(tenant, ['a@example.com', 'b@example.com', 'c@example.com']);
  await until(() => outbox.rows().then((rows) => rows.some(({ attempts }) => attempts > 3)));
  expect(await states()).toEqual(['queued', 'queued', 'queued']);
  smtp = await startTestSmtp({ port });
  await until(allSettled);
  expect(smtp.taken.map(({ to }) => to).sort()).toEqual(['a@example.com', 'b@example.com', 'c@example.com']);
  expect(outbox.logged.filter((line) => line.includes('takes no mails'))).toHaveLength(1);
  expect(outbox.logged.some((line) => line.includes('takes mails again'))).toBe(true);
});

it('tries a mail again that the server refuses for now, under the same Message-ID', async () => {
  let refusals = 0;
  smtp.judgeMail = () => {
    refusals += 1;
    if (refusals <= 2) throw refusal(451, 'busy, ada@example.com');
  };
  const ids = new Set<string>();
  start(serverAt(smtp.port));
  await outbox.queue(tenant, 'ada@example.com');
  await until(allSettled);
  const [row] = await outbox.rows();
  expect(row).toMatchObject({ state: 'sent', attempts: 3 });
  for (const { messageId } of smtp.taken) ids.add(messageId);
  expect([...ids]).toEqual([`${row?.id}@shop.example`]);
});

it('waits longer each time', async () => {
  smtp.judge = () => {
    throw refusal(450, 'later');
  };
  start(serverAt(smtp.port), { firstRetrySeconds: 5 });
  await outbox.queue(tenant, 'ada@example.com');
  const pauseAt = async (attempts: number) => {
    await until(async () => (await outbox.rows())[0]?.attempts === attempts && (await lease()) === null);
    const [row] = await database.query(
      'select extract(epoch from next_attempt_at - now())::float as seconds from auth.user_mail',
    );
    await database.query('update auth.user_mail set next_attempt_at = now()');
    return row.seconds;
  };
  const lease = async () => (await database.query('select leased_until from auth.user_mail'))[0].leased_until;
  const pauses = [await pauseAt(1), await pauseAt(2), await pauseAt(3)];
  for (const [index, middle] of [5, 10, 20].entries()) {
    expect(pauses[index]).toBeGreaterThan(middle * 0.75 - 2);
    expect(pauses[index]).toBeLessThan(middle * 1.25 + 1);
  }
});

it('gives a mail up at once where the server refuses the recipient for good, and sends the others', async () => {
  smtp.judge = (address) => {
    if (address === 'gone@example.com') throw refusal(550, '5.1.1 <gone@example.com> unknown');
  };
  start(serverAt(smtp.port));
  await outbox.queueAll(tenant, ['gone@example.com', 'ada@example.com']);
  await until(allSettled);
  const [gone, ada] = await outbox.rows();
  expect(gone).toMatchObject({ state: 'dead', attempts: 1, last_error: 'RCPT TO 550 5.1.1' });
  expect(gone?.sealed_content, 'kept for another try').not.toBeNull();
  expect(ada).toMatchObject({ state: 'sent' });
});

it('gives a mail up after a day', async () => {
  smtp.judge = () => {
    throw refusal(450, 'later');
  };
  await outbox.queue(tenant, 'ada@example.com');
  await database.query(`update auth.user_mail set queued_at = now() - interval '25 hours'`);
  start(serverAt(smtp.port));
  await until(allSettled);
  expect(await outbox.rows()).toMatchObject([{ state: 'dead', attempts: 1, last_error: 'RCPT TO 450' }]);
});

it('keeps a mail when the server closes the connection in the middle of it; the others go', async () => {
  let closed = 0;
  await smtp.stop();
  smtp = await startTestSmtp({
    onMailFrom(_from, session, done) {
      done();
      void session;
    },
  });
  smtp.judgeMail = (address) => {
    if (address !== 'broken@example.com' || closed === 3) return;
    closed += 1;
    throw refusal(421, 'closing');
  };
  start(serverAt(smtp.port));
  await outbox.queueAll(tenant, ['broken@example.com', 'ada@example.com', 'bob@example.com']);
  await until(allSettled);
  expect(await states()).toEqual(['sent', 'sent', 'sent']);
  expect(smtp.taken).toHaveLength(3);
  expect((await outbox.rows())[0]?.attempts).toBe(4);
});

it('one recipient whose mails take long, and are many, holds up no other', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  smtp.judge = (address) => (address === 'slow@example.com' ? held : undefined);
  const others = Array.from({ length: 30 }, (_, index) => `c${index}@example.com`);
  await outbox.queueAll(tenant, [...Array.from({ length: 20 }, () => 'slow@example.com'), ...others]);
  start(serverAt(smtp.port), {}, 3);
  await until(() => smtp.taken.length === others.length);
  expect(smtp.taken.map(({ to }) => to).sort()).toEqual(others.sort());
  release();
  await until(allSettled);
  expect(smtp.taken).toHaveLength(50);
});

it('gives a mail no more than its time, though the server says a word now and then', async () => {
  smtp.judge = () => new Promise(() => {});
  start(serverAt(smtp.port), { smtp: { mailMs: 1000 } });
  await outbox.queue(tenant, 'ada@example.com');
  await until(() => outbox.rows().then(([row]) => row?.last_error === 'no answer in time'));
  smtp.judge = () => {};
  await until(allSettled);
  expect(smtp.taken).toHaveLength(1);
});

it('replicas side by side send each mail once', async () => {
  const addresses = Array.from({ length: 300 }, (_, index) => `c${index}@example.com`);
  await outbox.queueAll(tenant, addresses);
  for (const _replica of [1, 2, 3]) start(serverAt(smtp.port));
  await until(allSettled);
  expect(smtp.taken.map(({ to }) => to).sort()).toEqual(addresses.sort());
});

it('sends for every tenant, and never for the other platform', async () => {
  const other = await database.addTenant('globex');
  const staff = createTestOutbox(database, 'portal');
  await staff.queue(tenant, 'staff@example.com');
  start(serverAt(smtp.port));
  await outbox.queue(tenant, 'ada@example.com');
  await outbox.queue(other, 'bob@example.com');
  await until(allSettled);
  expect(smtp.asked.sort()).toEqual(['ada@example.com', 'bob@example.com']);
  expect(await staff.rows()).toMatchObject([{ state: 'queued', attempts: 0 }]);
  await staff.close();
});

it('a stop lets the mail under way end, and leaves the rest for the next start', async () => {
  let release = () => {};
  smtp.judge = () =>
    new Promise<void>((resolve) => {
      release = resolve;
    });
  const sender = start(serverAt(smtp.port), {}, 1);
  await outbox.queueAll(tenant, ['a@example.com', 'b@example.com']);
  await until(() => smtp.asked.length === 1);
  const stopped = sender.stop();
  await sleep(20);
  release();
  await stopped;
  expect(smtp.taken).toHaveLength(1);
  expect((await states()).sort()).toEqual(['queued', 'sent']);
  smtp.judge = () => {};
  start(serverAt(smtp.port));
  await until(allSettled);
  expect(smtp.taken).toHaveLength(2);
});

it('writes down what it handed over, though the database was away for a moment', async () => {
  start(serverAt(smtp.port));
  smtp.judgeMail = () =>
    database.query(`alter function auth.settle_user_mail(uuid, integer, text, integer, text) rename to gone`);
  await outbox.queue(tenant, 'ada@example.com');
  await until(() => smtp.taken.length === 1);
  await sleep(50);
  await database.query(
    'alter function auth.gone(uuid, integer, text, integer, text) rename to settle_user_mail',
  );
  await until(allSettled);
  expect(await outbox.rows()).toMatchObject([{ state: 'sent', attempts: 1 }]);
  expect(smtp.taken).toHaveLength(1);
});

it('a mail that this process cannot read waits for one that can', async () => {
  await outbox.queue(tenant, 'ada@example.com');
  await database.query(`update auth.user_mail set template = 'of-a-newer-release'`);
  start(serverAt(smtp.port));
  await until(() => outbox.rows().then(([row]) => (row?.attempts ?? 0) > 1));
  expect(await outbox.rows()).toMatchObject([{ state: 'queued' }]);
  await database.query(`update auth.user_mail set template = 'reset-password'`);
  await until(allSettled);
  expect(smtp.taken).toHaveLength(1);
});

it('the log has no address, no text and no token, whatever happens', async () => {
  smtp.judge = (address) => {
    if (address === 'gone@example.com') throw refusal(550, `<${address}> unknown`);
    if (smtp.asked.length < 4) throw refusal(450, `<${address}> later`);
  };
  start(serverAt(smtp.port));
  await outbox.queueAll(tenant, ['gone@example.com', 'ada@example.com']);
  await until(allSettled);
  const log = outbox.logged.join('');
  expect(log).toContain('mail given up');
  expect(log).toContain('mail refused for now');
  expect(log).toContain('mail sent');
  expect(log).not.toMatch(/example\.com|sample-token|shop\.example/);
});
