import { type MailboxMail, mailboxPath, type Platform, platforms } from '@signet/schema/contract';
import { errorBody, formatSignetContext, type Logger, signetContextHeader } from '@signet/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FetchMessage, FetchSigner } from '../subgraphs/entrance-proof.ts';
import { mailboxPolicy, mailPolicy, renderMail, renderMailbox } from './mailbox-page.ts';
import { acceptsHtml, pageHeaders } from './page-headers.ts';

export type MailboxOptions = {
  entrance: string;
  /** The URLs of auth, as fetches use them: the signer chooses the recipient by it. */
  authUrls: Readonly<Record<Platform, string>>;
  sign: FetchSigner;
  logger: Logger;
};

const timeoutMs = 5000;

/**
 * `/mailbox`: what auth would have mailed, newest first; a page each at `/mailbox/<id>`. Programs get JSON. For development: whoever
 * reaches the entrance reads all mails, with the links in them. Where auth sends its mails it is answered like any unknown address.
 */
export function registerMailboxPages(server: FastifyInstance, options: MailboxOptions): void {
  const withMails = async (
    reply: FastifyReply,
    answer: (mails: readonly MailboxMail[]) => FastifyReply | undefined,
  ) => {
    reply.headers({
      vary: 'accept',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
    });
    try {
      const mails = await readMails(options);
      return (mails && answer(mails)) ?? reply.callNotFound();
    } catch (err) {
      options.logger.warn({ err }, 'the mailbox could not be read');
      return reply
        .code(503)
        .send(errorBody('The mails could not be read. Is auth running?', 'SERVICE_UNAVAILABLE'));
    }
  };
  const isForPerson = ({ headers }: FastifyRequest) => acceptsHtml(headers.accept);
  server.get('/mailbox', (request, reply) =>
    withMails(reply, (mails) =>
      isForPerson(request)
        ? reply.headers(pageHeaders(mailboxPolicy)).send(renderMailbox(mails))
        : reply.send(mails),
    ),
  );
  const findMail = (request: FastifyRequest, mails: readonly MailboxMail[]) =>
    mails.find(({ id }) => id === (request.params as { id: string }).id);
  server.get('/mailbox/:id', (request, reply) =>
    withMails(reply, (mails) => {
      const mail = findMail(request, mails);
      if (!mail) return undefined;
      return isForPerson(request)
        ? reply.headers(pageHeaders(mailboxPolicy)).send(renderMail(mail))
        : reply.send(mail);
    }),
  );
  // The HTML of a mail, for the frame in its page. It runs nothing, loads nothing and is of no origin.
  server.get('/mailbox/:id/html', (request, reply) =>
    withMails(reply, (mails) => {
      const mail = findMail(request, mails);
      return mail && reply.headers(pageHeaders(mailPolicy)).send(withNewTabs(mail.html));
    }),
  );
}

/** Links leave the frame. */
function withNewTabs(markup: string): string {
  return markup.replace('<head>', '<head><base target="_blank">');
}

/** Newest first. Undefined where auth keeps no mails. */
async function readMails(options: MailboxOptions): Promise<readonly MailboxMail[] | undefined> {
  const answers = await Promise.all(platforms.map((platform) => askAuth(platform, options)));
  const kept = answers.filter((mails) => mails !== undefined);
  if (kept.length === 0) return undefined;
  return kept.flat().sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}

/** @throws where auth does not answer */
async function askAuth(
  platform: Platform,
  { entrance, authUrls, sign }: MailboxOptions,
): Promise<readonly MailboxMail[] | undefined> {
  const authUrl = authUrls[platform];
  const body = JSON.stringify({ platform });
  const context = formatSignetContext({ requestId: crypto.randomUUID(), entrance, hasToken: false });
  const message: FetchMessage = {
    method: 'POST',
    path: mailboxPath,
    query: '',
    headers: { 'content-type': 'application/json', [signetContextHeader]: context },
    body,
  };
  const { request } = await import('@signet/session/light-undici');
  const answer = await request(new URL(mailboxPath, authUrl), {
    method: 'POST',
    headers: { ...message.headers, ...sign(message, authUrl) },
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (answer.statusCode === 200) return ((await answer.body.json()) as { mails: MailboxMail[] }).mails;
  await answer.body.dump();
  if (answer.statusCode === 404) return undefined;
  throw new Error(`auth answered ${answer.statusCode} to a question for its mails`);
}
