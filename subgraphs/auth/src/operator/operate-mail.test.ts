import { createTestDatabase, type TestDatabase } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestOutbox, type TestOutbox } from '../testing/outbox.test-support.ts';
import { startTestSmtp } from '../testing/smtp.test-support.ts';
import { readMailStatus, retryMails, sendTestMail } from './operate-mail.ts';

let database: TestDatabase;
let outbox: TestOutbox;
let env: Record<string, string>;
beforeAll(async () => {
  database = await createTestDatabase();
  outbox = createTestOutbox(database);
  env = { USER_DATABASE_URL: outbox.url };
  const tenant = await database.addTenant('demo');
  await outbox.queueAll(tenant, ['a@example.com', 'b@example.com', 'c@example.com']);
  await database.query(
    `update auth.user_mail set state = 'dead', attempts = 4, last_error = 'RCPT TO 450', settled_at = now(),
       queued_at = now() - interval '2 days'
     where id in (select id from auth.user_mail order by created_at limit 2)`,
  );
});
afterAll(async () => {
  await outbox.close();
  await database.drop();
});

const dead = async () => (await readMailStatus(env, ['user']))[0]?.dead ?? [];

it('counts mails by state and lists those that were given up, with nothing of what they say', async () => {
  const status = await readMailStatus(env, ['user', 'portal']);
  expect(status).toEqual([
    {
      platform: 'user',
      counts: [
        { state: 'dead', count: 2, oldest: expect.any(Date) },
        { state: 'queued', count: 1, oldest: expect.any(Date) },
      ],
      dead: Array.from({ length: 2 }, () => ({
        id: expect.any(String),
        tenant: 'demo',
        template: 'reset-password',
        attempts: 4,
        lastError: 'RCPT TO 450',
        createdAt: expect.any(Date),
      })),
    },
  ]);
  expect(JSON.stringify(status)).not.toContain('example.com');
});

it('lets one be tried for another day, or all', async () => {
  const [first] = await dead();
  expect(await retryMails(env, ['user'], '00000000-0000-4000-8000-000000000000')).toBe(0);
  expect(await retryMails(env, ['user'], first?.id)).toBe(1);
  expect(await dead()).toHaveLength(1);
  expect(await retryMails(env, ['user'], undefined)).toBe(1);
  const rows = await database.query(
    `select state, settled_at, next_attempt_at <= now() as is_due, queued_at > now() - interval '1 hour' as is_new from auth.user_mail`,
  );
  expect(rows).toEqual(
    Array.from({ length: 3 }, () => ({ state: 'queued', settled_at: null, is_due: true, is_new: true })),
  );
});

it('names the variable that a platform needs', async () => {
  await expect(readMailStatus(env, ['portal'])).rejects.toThrow('PORTAL_DATABASE_URL: is not set');
});

describe('a test mail', () => {
  const password = 'hunter2 & more';
  const MAIL_FROM = 'Shop <no-reply@shop.example>';
  const settingsFor = ({ port }: { port: number }) => ({
    MAIL_URL: `smtp://mailer:${encodeURIComponent(password)}@127.0.0.1:${port}`,
    MAIL_FROM,
  });

  it('goes the way of all mails, and brings the answer of the server', async () => {
    const smtp = await startTestSmtp({
      onAuth: ({ username }, _session, done) => done(null, { user: username }),
    });
    try {
      const sent = await sendTestMail(settingsFor(smtp), 'you@example.com');
      expect(sent).toEqual({
        server: `127.0.0.1:${smtp.port}, without TLS, as mailer`,
        from: MAIL_FROM,
        attempt: { outcome: 'sent', answer: expect.stringMatching(/^250 /) },
      });
      expect(smtp.taken).toMatchObject([
        { to: 'you@example.com', raw: expect.stringContaining('From: Shop <no-reply@shop') },
      ]);
    } finally {
      await smtp.stop();
    }
  });

  it.each([
    ['the password', password],
    ['the line of AUTH PLAIN', Buffer.from(`\0mailer\0${password}`).toString('base64')],
    ['the line of AUTH LOGIN', Buffer.from(password).toString('base64')],
  ])('shows why it was refused, and never the password: a server that repeats %s', async (_, echo) => {
    const refuse: NonNullable<Parameters<typeof startTestSmtp>[0]>['onAuth'] = (_auth, _session, done) =>
      done(Object.assign(new Error(`5.7.8 not you: ${echo}`), { responseCode: 535 }));
    const smtp = await startTestSmtp({ onAuth: refuse });
    try {
      const { attempt } = await sendTestMail(settingsFor(smtp), 'you@example.com');
      expect(attempt).toMatchObject({
        outcome: 'unreachable',
        answer: expect.stringMatching(/535 5\.7\.8 not you: \[password\]/),
      });
      expect(smtp.taken).toEqual([]);
    } finally {
      await smtp.stop();
    }
  });

  it('shows that a recipient was refused, and that nobody listens', async () => {
    const smtp = await startTestSmtp();
    smtp.judge = (address) => {
      throw Object.assign(new Error(`no mailbox ${address} here`), { responseCode: 550 });
    };
    const settings = { MAIL_URL: smtp.url, MAIL_FROM };
    const refused = await sendTestMail(settings, 'you@example.com');
    expect(refused.attempt).toMatchObject({
      outcome: 'refused',
      answer: '550 no mailbox you@example.com here',
    });
    await smtp.stop();
    const { attempt } = await sendTestMail(settings, 'you@example.com');
    expect(attempt).toMatchObject({
      outcome: 'unreachable',
      answer: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each([
    [{}, 'MAIL_URL: is not set'],
    [{ MAIL_URL: 'mailbox:' }, 'MAIL_URL: is mailbox:, which sends nothing'],
    [{ MAIL_URL: 'smtp://127.0.0.1' }, 'MAIL_FROM: is not set'],
  ])('names the variable that it needs: %j', async (settings, fault) => {
    await expect(sendTestMail(settings, 'you@example.com')).rejects.toThrow(fault);
  });
});
