import MailComposer from 'nodemailer/lib/mail-composer';
import type { RenderedMail } from './mail-texts.ts';

export type MailMessage = {
  envelope: { from: string; to: string[] };
  /** As it is sent after DATA. */
  bytes: Buffer;
};

export type MessageParts = RenderedMail & {
  /** The mail's row: each attempt has the same `Message-ID`, so that a receiver can drop a second copy. */
  id: string;
  from: { name: string; address: string };
  /** One address, as accounts have it. It is never parsed as a list. */
  to: string;
  date: Date;
};

/**
 * Builds a mail of text and HTML (RFC 2046, section 5.1.4).
 *
 * @throws {Error} for a recipient that cannot stand in an envelope
 */
export async function buildMessage({
  id,
  from,
  to,
  date,
  language,
  subject,
  text,
  html,
}: MessageParts): Promise<MailMessage> {
  const address = quoteLocalPart(to);
  const composer = new MailComposer({
    from,
    to: { name: '', address },
    subject,
    text,
    html,
    date,
    messageId: `<${id}@${from.address.split('@')[1]}>`,
    headers: {
      // So that no absence note answers (RFC 3834).
      'Auto-Submitted': 'auto-generated',
      'Content-Language': language,
    },
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: '\r\n',
  });
  const bytes = await composer.compile().build();
  return { envelope: { from: from.address, to: [address] }, bytes };
}

/** RFC 5321, section 4.1.2: what an account may have before the @ and an envelope only in quotes. */
function quoteLocalPart(email: string): string {
  const at = email.lastIndexOf('@');
  const [local, domain] = [email.slice(0, at), email.slice(at + 1)];
  // Nothing that would end a command or a header is ever in a normalised address.
  if (at < 1 || /[\s\p{C}<>]/u.test(email)) throw new Error('The address cannot stand in an envelope.');
  const isAtom = /^[^\s"(),:;<>@[\\\]]+$/.test(local) && !/^\.|\.\.|\.$/.test(local);
  return isAtom ? email : `"${local.replaceAll(/["\\]/g, '\\$&')}"@${domain}`;
}
