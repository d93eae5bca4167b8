import { createHmac, hkdfSync } from 'node:crypto';
import { createPepper } from '@signet/db/password-hash';
import type { Platform } from '@signet/schema/contract';
import { openBytes, sealBytes } from '../keys/sealed-bytes.ts';

/** What a mail says: to whom, in which language, and the values of its template, links with tokens among them. */
export type MailContent = {
  to: string;
  language: string;
  values: Readonly<Record<string, string>>;
  /** Of the request that asked for the mail, where it is recorded (W3C Trace Context). */
  traceparent?: string | undefined;
};

/** Seals the content of mails, so that the table alone opens no account. */
export type ContentSeal = {
  /** Of the secret that seals. */
  pepperId: string;
  /** @param mailId bound to the result as additional data. */
  seal(content: MailContent, mailId: string): Buffer;
  /** @throws when no key of this process sealed it, or it is another mail's. */
  open(sealed: Buffer, mailId: string): MailContent;
  /** 16 bytes that are the same for one address, and tell nobody without the secret which. */
  hashRecipient(address: string): Buffer;
};

/**
 * AES-256-GCM under HKDF-SHA-256 (RFC 5869) of a secret that is kept outside the database.
 *
 * @param secrets the first seals; all open, so that a change of the secret loses no mail.
 */
export function createContentSeal(secrets: readonly Uint8Array[], platform: Platform): ContentSeal {
  const keys = secrets.map((secret) =>
    Buffer.from(hkdfSync('sha256', secret, '', `signet mail ${platform}`, 32)),
  );
  const [first] = keys;
  const [firstSecret] = secrets;
  if (!first || !firstSecret) throw new TypeError('A seal needs a secret.');
  const hashKey = Buffer.from(hkdfSync('sha256', firstSecret, '', `signet mail recipient ${platform}`, 32));
  return {
    pepperId: createPepper(firstSecret).id,
    hashRecipient: (address) => createHmac('sha256', hashKey).update(address).digest().subarray(0, 16),
    seal: (content, mailId) => sealBytes(Buffer.from(JSON.stringify(content)), Buffer.from(mailId), first),
    open(sealed, mailId) {
      const opened = openBytes(sealed, Buffer.from(mailId), keys);
      if (opened) return JSON.parse(opened.content.toString());
      throw new Error('No secret of this process opens the content of a mail, or it is of an unknown form.');
    },
  };
}
