import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { Platform } from '@signet/schema/contract';

const version = 1;
const ivLength = 12;
const tagLength = 16;

/** What a mail says: to whom, in which language, and the values of its template, links with tokens among them. */
export type MailContent = {
  to: string;
  language: string;
  values: Readonly<Record<string, string>>;
};

/** Seals the content of mails, so that the table alone opens no account. */
export type ContentSeal = {
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
    hashRecipient: (address) => createHmac('sha256', hashKey).update(address).digest().subarray(0, 16),
    seal(content, mailId) {
      const iv = randomBytes(ivLength);
      const cipher = createCipheriv('aes-256-gcm', first, iv, { authTagLength: tagLength });
      cipher.setAAD(Buffer.from(mailId));
      const text = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final()]);
      return Buffer.concat([Buffer.of(version), iv, cipher.getAuthTag(), text]);
    },
    open(sealed, mailId) {
      if (sealed[0] !== version || sealed.length <= 1 + ivLength + tagLength) {
        throw new Error('The content of a mail is of an unknown form.');
      }
      for (const key of keys) {
        const text = tryOpen(sealed, key, mailId);
        if (text !== undefined) return JSON.parse(text);
      }
      throw new Error('No secret of this process opens the content of a mail.');
    },
  };
}

function tryOpen(sealed: Buffer, key: Buffer, mailId: string): string | undefined {
  const iv = sealed.subarray(1, 1 + ivLength);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength });
  decipher.setAAD(Buffer.from(mailId));
  decipher.setAuthTag(sealed.subarray(1 + ivLength, 1 + ivLength + tagLength));
  try {
    return Buffer.concat([
      decipher.update(sealed.subarray(1 + ivLength + tagLength)),
      decipher.final(),
    ]).toString();
  } catch {
    return undefined;
  }
}
