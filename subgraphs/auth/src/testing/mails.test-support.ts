import { createContentSeal, type MailContent } from '../mail/sealed-content.ts';
import { testPepper } from './accounts.test-support.ts';
import type { TestAuth } from './auth.test-support.ts';

/** Settings with which nothing leaves and every mail stays readable, by this process alone. */
export const mailSettings = {
  MAIL_URL: 'mailbox:',
  MAIL_FROM: 'Signet <no-reply@example.com>',
  USER_APP_URL: 'https://shop.example/app',
  PORTAL_APP_URL: 'https://desk.example',
};

export type TestMail = MailContent & { template: string; accountId: string | null };

/** The mails of a platform to an address, oldest first. */
export async function readMails(
  auth: TestAuth,
  platform: 'user' | 'portal',
  to: string,
): Promise<TestMail[]> {
  const seal = createContentSeal([testPepper], platform);
  const rows = await auth.database.query<{
    id: string;
    template: string;
    account_id: string | null;
    sealed_content: Buffer;
  }>(`select id, template, account_id, sealed_content from auth.${platform}_mail order by created_at, ctid`);
  return rows
    .map(({ id, template, account_id, sealed_content }) => ({
      template,
      accountId: account_id,
      ...seal.open(sealed_content, id),
    }))
    .filter((mail) => mail.to === to);
}

/** The token in the link of a mail. */
export function tokenOf(mail: TestMail | undefined): string {
  const token = /#token=([\w-]{43})$/.exec(mail?.values.link ?? '')?.[1];
  if (token === undefined) throw new Error(`There is no link with a token in ${JSON.stringify(mail)}.`);
  return token;
}
