import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type MailboxMail, mailboxPath } from '@signet/schema/contract';
import { createLogger } from '@signet/service';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { registerMailboxPages } from './mailbox.ts';

const mail = (id: string, more: Partial<MailboxMail> = {}): MailboxMail => ({
  id,
  platform: 'user',
  tenant: 'demo',
  to: 'ada@example.com',
  template: 'verify-email',
  subject: '<b>Confirm</b>',
  text: 'Open https://shop.example/verify-email#token=abc now <script>',
  html: '<html><head></head><body><script>steal()</script><a href="https://shop.example">x</a></body></html>',
  createdAt: '2026-01-01T00:00:00.000Z',
  ...more,
});

let auth: Server;
let asked: { platform: string; signature: unknown }[];
let answers: Record<string, { status: number; mails?: MailboxMail[] }>;
let server: FastifyInstance;

beforeAll(async () => {
  auth = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { platform } = JSON.parse(Buffer.concat(chunks).toString());
      asked.push({ platform, signature: request.headers.signature });
      const { status, mails } = answers[platform] ?? { status: 404 };
      response.writeHead(request.url === mailboxPath ? status : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ mails }));
    });
  });
  await new Promise<void>((resolve) => auth.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(auth.address() as AddressInfo).port}/graphql`;
  server = Fastify();
  registerMailboxPages(server, {
    entrance: 'graph',
    authUrls: { user: url, portal: url },
    sign: () => ({ signature: 'signed' }),
    logger: createLogger('test', 'silent'),
  });
  server.setNotFoundHandler((_request, reply) => reply.code(404).send({ ours: true }));
});
beforeEach(() => {
  asked = [];
  answers = {
    user: { status: 200, mails: [mail('a'), mail('b', { createdAt: '2026-01-03T00:00:00.000Z' })] },
    portal: {
      status: 200,
      mails: [mail('c', { platform: 'portal', createdAt: '2026-01-02T00:00:00.000Z' })],
    },
  };
});
afterAll(async () => {
  await server.close();
  auth.close();
});

const get = (url: string, accept = 'text/html,*/*;q=0.8') => server.inject({ url, headers: { accept } });

describe('/mailbox', () => {
  it('gives programs the mails of both platforms as JSON, newest first', async () => {
    for (const accept of ['application/json', '*/*']) {
      const response = await get('/mailbox', accept);
      expect(response.json().map(({ id }: MailboxMail) => id)).toEqual(['b', 'c', 'a']);
      expect(response.headers).toMatchObject({
        'cache-control': 'no-store',
        'cross-origin-resource-policy': 'same-origin',
        vary: 'accept',
      });
    }
    expect(asked).toHaveLength(4);
    expect(asked[0]).toMatchObject({ signature: 'signed' });
    expect((await get('/mailbox/c', 'application/json')).json()).toMatchObject({
      id: 'c',
      platform: 'portal',
    });
  });

  it('gives people a list, and a page with the text and its links', async () => {
    const list = await get('/mailbox');
    expect(list.body).toContain('<a href="/mailbox/b">&lt;b&gt;Confirm&lt;/b&gt;</a>');
    const page = await get('/mailbox/a');
    expect(page.body).toContain('<a href="https://shop.example/verify-email#token=abc" target="_blank"');
    expect(page.body).toContain('&lt;script&gt;');
    expect(page.body).toMatch(
      /<iframe [^>]*src="\/mailbox\/a\/html" sandbox="allow-popups allow-popups-to-escape-sandbox">/,
    );
    for (const { headers } of [list, page]) {
      const policy = String(headers['content-security-policy']);
      expect(policy).toMatch(/^default-src 'none'/);
      expect(policy).not.toMatch(/script-src|unsafe/);
    }
  });

  it('gives the HTML of a mail no origin, no script and nothing to load', async () => {
    const { headers, body } = await get('/mailbox/a/html');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/; sandbox allow-popups allow-popups-to-escape-sandbox$/);
    expect(policy).not.toMatch(/script-src|allow-scripts|allow-same-origin/);
    expect(body).toContain('<head><base target="_blank">');
  });

  it('is like any unknown address where auth keeps no mails, and so is a mail that is not there', async () => {
    expect((await get('/mailbox/x')).json()).toEqual({ ours: true });
    answers = {};
    for (const url of ['/mailbox', '/mailbox/a', '/mailbox/a/html']) {
      expect((await get(url)).json()).toEqual({ ours: true });
    }
  });

  it('says so where auth does not answer', async () => {
    answers = { user: { status: 503 } };
    expect((await get('/mailbox')).statusCode).toBe(503);
  });
});
