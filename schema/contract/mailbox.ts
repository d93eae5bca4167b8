import type { Platform } from './platforms.ts';

/** The path at which auth shows, in development, the mails that it kept instead of sending: only with the proof of the entrance `graph`. */
export const mailboxPath = '/internal/mailbox';
/** The latest ones are shown. */
export const maxMailboxMails = 100;

/** A mail that would have been sent. */
export type MailboxMail = {
  id: string;
  platform: Platform;
  /** The tenant's slug. */
  tenant: string;
  to: string;
  template: string;
  subject: string;
  text: string;
  html: string;
  /** ISO 8601. */
  createdAt: string;
};
