import { configFields } from '@signet/service';
import { z } from 'zod';

/** Keeps what would be sent, to be shown in development. */
export const mailboxUrl = 'mailbox:';

const mailUrl = z
  .string()
  .regex(/^(smtps?:\/\/.|mailbox:$)/, `must be smtp://… or smtps://…, or ${mailboxUrl} in development`)
  .meta({ isSecret: true });

export const mailConfigFields = {
  MAIL_URL: mailUrl
    .optional()
    .describe(
      'The server that takes mails: `smtps://user:password@host:465`, or `smtp://…` with STARTTLS. `mailbox:` sends nothing and shows at `/mailbox` of the entrance `graph` what would have been sent. Without it nobody gets mail: no verification, no reset of a password, no invitation.',
    ),
  MAIL_FROM: z.string().optional().describe('The sender of mails: `Name <address@example.com>`.'),
  MAIL_POOL_SIZE: configFields
    .wholeNumber('must be a number of connections, 1 to 100', { min: 1, max: 100 })
    .default(10)
    .describe('Connections to the mail server that a process holds at most, for each platform.'),
  MAIL_TEMPLATES: z
    .string()
    .optional()
    .describe(
      "A folder with a tenant's own texts of mails, below the tenant's slug: `acme/en/verify-email.txt` (docs/accounts.md).",
    ),
  USER_APP_URL: configFields.httpUrl
    .optional()
    .describe("Where links in mails to customers lead: the customers' frontend. https, except on loopback."),
  PORTAL_APP_URL: configFields.httpUrl
    .optional()
    .describe("Where links in mails to staff lead: the staff's frontend."),
};
