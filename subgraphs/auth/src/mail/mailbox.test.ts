import { inTenant } from '@signet/db';
import { type MailboxMail, mailboxPath } from '@signet/schema/contract';
import { createTestGateway } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { createTestOutbox, type TestOutbox, testAppUrl } from '../testing/outbox.test-support.ts';
import { queueMail } from './outbox.ts';

const mailVariables = {
  MAIL_FROM: 'Shop <no-reply@shop.example>',
  USER_APP_URL: testAppUrl,
  PORTAL_APP_URL: testAppUrl,
};
let auth: TestAuth;
let outbox: TestOutbox;
beforeAll(async () => {
  auth = await startTestAuth({ MAIL_URL: 'mailbox:', ...mailVariables });
  outbox = createTestOutbox(auth.database, 'user', true);
});
afterAll(async () => {
  await outbox.close();
  await auth.stop();
});

type Answer = { mails: MailboxMail[]; errors: { extensions: { reason: string } }[] };

async function ask(question: unknown, entrance: 'graph' | 'user' | 'portal' = 'graph', server = auth) {
  const url = new URL(mailboxPath, server.url).href;
  const body = JSON.stringify(question);
  const headers = createTestGateway({ recipient: 'auth', entrance }).headersOf({ url, body });
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as Answer };
}

describe('the mailbox of development', () => {
  it('has the mails of every tenant as they would have been sent, newest first, each on its platform', async () => {
    const values = { link: `${testAppUrl}/verify-email#token=abc`, validFor: 259_200 };
    for (const [tenantId, to] of [
      [auth.tenants.demo, 'first@example.com'],
      [auth.tenants.globex, 'second@example.com'],
    ] as const) {
      await inTenant(outbox.db, tenantId, (trx) =>
        queueMail(trx, outbox.issuer as never, {
          tenantId,
          to,
          language: 'de',
          template: 'verify-email',
          values,
        }),
      );
    }
    const { status, body } = await ask({ platform: 'user' });
    expect(status).toBe(200);
    const { mails } = body;
    expect(mails.map(({ to, tenant }) => [to, tenant])).toEqual([
      ['second@example.com', 'globex'],
      ['first@example.com', 'demo'],
    ]);
    expect(mails[0]).toMatchObject({
      platform: 'user',
      template: 'verify-email',
      subject: 'Bestätigen Sie Ihre E-Mail-Adresse',
      text: expect.stringContaining('Der Link gilt 3 Tage'),
      html: expect.stringContaining('#token=abc">Adresse bestätigen</a>'),
      createdAt: expect.stringMatching(/Z$/),
    });
    expect((await ask({ platform: 'portal' })).body).toEqual({ mails: [] });
  });

  it('is for the entrance graph alone, and for proven requests', async () => {
    for (const entrance of ['user', 'portal'] as const) {
      const { status, body } = await ask({ platform: 'user' }, entrance);
      expect([status, body.errors[0]?.extensions.reason]).toEqual([401, 'auth.failure.proof_invalid']);
    }
    const response = await fetch(new URL(mailboxPath, auth.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"platform":"user"}',
    });
    expect(response.status).toBe(401);
    expect((await ask({ platform: 'everybody' })).status).toBe(400);
  });

  it.each([
    ['where mails are sent', { MAIL_URL: 'smtp://127.0.0.1:1', ...mailVariables }],
    ['where there is no mail', {}],
  ])('is not there %s', async (_title, env) => {
    const other = await startTestAuth(env);
    expect((await ask({ platform: 'user' }, 'graph', other)).status).toBe(404);
    await other.stop();
  });
});
