import { createTestDatabase, type TestDatabase } from '@signet/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestOutbox, type TestOutbox } from '../testing/outbox.test-support.ts';
import { readMailStatus, retryMails } from './operate-mail.ts';

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
