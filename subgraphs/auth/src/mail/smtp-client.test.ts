import { afterEach, expect, it } from 'vitest';
import { createSelfSigned } from '../testing/certificate.test-support.ts';
import { serverAt } from '../testing/outbox.test-support.ts';
import { startTestSmtp, type TestSmtp } from '../testing/smtp.test-support.ts';
import { buildMessage } from './mail-message.ts';
import { createSmtpClient } from './smtp-client.ts';

const certificate = createSelfSigned();
let smtp: TestSmtp;
afterEach(() => smtp.stop());

const messageTo = (to: string) =>
  buildMessage({
    id: '0199c2f4-7a10-4000-8000-000000000001',
    from: { name: 'Shop', address: 'no-reply@shop.example' },
    to,
    date: new Date(0),
    language: 'en',
    subject: 'Größe',
    text: 'x',
    html: '<p>x</p>',
  });
const auth = { user: 'shop', pass: 'mail password' };
type SignIn = Parameters<typeof startTestSmtp>[0];
const withSignIn = (seen: string[]): SignIn => ({
  ...certificate,
  onAuth({ username, password }, _session, done) {
    seen.push(`${username}:${password}`);
    if (password === auth.pass) done(null, { user: 'shop' });
    else done(new Error('no'));
  },
});

async function send(server: ReturnType<typeof serverAt>, ca?: string) {
  const client = createSmtpClient(server, { ca, connectMs: 5000 });
  const attempt = await client.send(await messageTo('ada@example.com'));
  client.destroy();
  return attempt;
}

it('signs in under STARTTLS, and from the start under TLS, to a server whose certificate it trusts', async () => {
  const seen: string[] = [];
  smtp = await startTestSmtp(withSignIn(seen));
  const server = serverAt(smtp.port, { host: 'localhost', tls: 'required', auth });
  expect(await send(server, certificate.cert)).toMatchObject({ outcome: 'sent' });
  await smtp.stop();
  smtp = await startTestSmtp({ ...withSignIn(seen), secure: true });
  const implicit = serverAt(smtp.port, { host: 'localhost', tls: 'implicit', auth });
  expect(await send(implicit, certificate.cert)).toMatchObject({ outcome: 'sent' });
  expect(seen).toEqual(['shop:mail password', 'shop:mail password']);
});

it.each(['required', 'implicit'] as const)(
  'tells nothing to a server with a certificate of its own making (%s)',
  async (tls) => {
    const seen: string[] = [];
    smtp = await startTestSmtp({ ...withSignIn(seen), secure: tls === 'implicit' });
    const attempt = await send(serverAt(smtp.port, { host: 'localhost', tls, auth }));
    expect(attempt).toMatchObject({ outcome: 'unreachable' });
    expect([seen, smtp.asked]).toEqual([[], []]);
  },
);

it('tells nothing to a server without STARTTLS where it is required', async () => {
  smtp = await startTestSmtp();
  const attempt = await send(serverAt(smtp.port, { host: 'localhost', tls: 'required', auth }));
  expect(attempt).toMatchObject({ outcome: 'unreachable' });
  expect(smtp.asked).toEqual([]);
});

it('a password that the server refuses is no fault of the mail', async () => {
  smtp = await startTestSmtp(withSignIn([]));
  const wrong = { user: 'shop', pass: 'wrong' };
  const attempt = await send(
    serverAt(smtp.port, { host: 'localhost', tls: 'required', auth: wrong }),
    certificate.cert,
  );
  expect(attempt).toMatchObject({ outcome: 'unreachable', error: expect.stringMatching(/^AUTH PLAIN 535/) });
  expect(JSON.stringify(attempt)).not.toContain('wrong');
});

it.each([
  ['a,b@example.com', '"a,b"@example.com'],
  ['a;b@example.com', '"a;b"@example.com'],
  ['"x"@example.com', '"\\"x\\""@example.com'],
  ['a(c)b@example.com', '"a(c)b"@example.com'],
  ['a:b@example.com', '"a:b"@example.com'],
  ["o'neil+tag@example.com", "o'neil+tag@example.com"],
])('%s is one recipient', async (to, address) => {
  smtp = await startTestSmtp();
  const { envelope } = await messageTo(to);
  expect(envelope.to).toEqual([address]);
  const client = createSmtpClient(serverAt(smtp.port));
  await client.send(await messageTo(to));
  client.destroy();
  expect(smtp.asked.length).toBeLessThanOrEqual(1);
});

it.each(['a@example.com\r\nRCPT TO:<b@example.com>', 'a@x>,<b@x', 'a b@example.com', '@example.com', 'x'])(
  '%j is no recipient',
  async (to) => {
    smtp = await startTestSmtp();
    await expect(messageTo(to)).rejects.toThrow('cannot stand in an envelope');
  },
);
