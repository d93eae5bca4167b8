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
  USER_APP_URL: configFields.httpUrl
    .optional()
    .describe("Where links in mails to customers lead: the customers' frontend. https, except on loopback."),
  PORTAL_APP_URL: configFields.httpUrl
    .optional()
    .describe("Where links in mails to staff lead: the staff's frontend."),
};
