import { randomUUID } from 'node:crypto';
import { type Database, findSpan } from '@signet/db';
import { acceptInvitationPath } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { prefixOf } from '../platform-settings.ts';
import type { AuthConfig } from '../settings.ts';
import { mailboxUrl } from './mail-settings.ts';
import { loadMailTexts, type MailTexts } from './mail-texts.ts';
import { type ContentSeal, createContentSeal } from './sealed-content.ts';
import { type MailTemplate, type MailValues, storeValues } from './template-values.ts';

/** Where a platform's mails go. An issuer has none where no mail is configured. */
export type Outbox = {
  /** Nothing leaves: mails are kept and shown in development. */
  isMailbox: boolean;
  /** The base of links in mails. */
  appUrl: string;
  content: ContentSeal;
  texts: MailTexts;
};

/** Pages of a platform's frontend, to which mails lead: path below its APP_URL. docs/accounts.md has them. */
export const appPaths = {
  verifyEmail: '/verify-email',
  resetPassword: '/reset-password',
  confirmEmail: '/confirm-email',
  undoEmail: '/undo-email',
  acceptInvitation: acceptInvitationPath,
  account: '/account',
  signIn: '/sign-in',
} as const;

/**
 * @returns undefined where MAIL_URL is not set.
 * @throws {ConfigError} without the platform's APP_URL, or with the faults in the folder of MAIL_TEMPLATES
 */
export function openOutbox(
  config: AuthConfig,
  platform: PlatformIssuer['platform'],
  secrets: readonly Uint8Array[],
): Outbox | undefined {
  if (config.MAIL_URL === undefined) return undefined;
  const variable = `${prefixOf(platform)}_APP_URL` as const;
  const appUrl = config[variable];
  if (appUrl === undefined) throw new ConfigError([`${variable}: is not set (MAIL_URL needs it)`]);
  return {
    isMailbox: config.MAIL_URL === mailboxUrl,
    appUrl: appUrl.replace(/\/+$/, ''),
    content: createContentSeal(secrets, platform),
    texts: loadMailTexts(config.MAIL_TEMPLATES),
  };
}

/**
 * A link to a page of the platform's frontend. The token is in the fragment, which no server and no log gets.
 *
 * @throws {TypeError} where no mail is configured: ask `issuer.mail` first.
 */
export function linkTo(
  { mail }: Pick<PlatformIssuer, 'mail'>,
  page: keyof typeof appPaths,
  token?: string,
): string {
  if (!mail) throw noOutbox();
  return `${mail.appUrl}${appPaths[page]}${token === undefined ? '' : `#token=${token}`}`;
}

export type NewMail<T extends MailTemplate> = {
  tenantId: string;
  /** Whom it is about. Undefined for somebody who has no account here. The mail is deleted together with the account. */
  account?: Pick<Account, 'id' | 'language'> | undefined;
  /** An address as accounts have it (`normalizeEmail`). */
  to: string;
  template: T;
  /** A language tag (RFC 5646); by default the account's, else the tenant's. */
  language?: string | undefined;
  /** What the template asks for, links among it. */
  values: MailValues<T>;
};

/**
 * Puts a mail into the outbox, in the transaction of what it tells: it goes out if and only if that is committed. The tenant is the
 * transaction's.
 *
 * @throws {TypeError} where no mail is configured: ask `issuer.mail` first.
 */
export async function queueMail<T extends MailTemplate, A extends Account>(
  trx: Transaction<Database>,
  { mail, tables }: Pick<PlatformIssuer<A>, 'mail' | 'tables'>,
  { tenantId, account, to, template, language, values }: NewMail<T>,
): Promise<void> {
  if (!mail) throw noOutbox();
  const id = randomUUID();
  const inLanguage = language ?? account?.language ?? (await getTenantLanguage(trx, tenantId));
  const stored = storeValues(template, values);
  const span = findSpan();
  const traceparent = span?.isRecorded ? span.traceparent : undefined;
  const sealed = mail.content.seal({ to, language: inLanguage, values: stored, traceparent }, id);
  // Times are the database's: replicas agree on what is due.
  const state = mail.isMailbox ? sql`'kept', now()` : sql`'queued', null`;
  await sql`
    insert into ${tables.mail} (id, tenant_id, account_id, template, recipient, sealed_content, pepper_id, state, settled_at)
    values (${id}, ${tenantId}, ${account?.id ?? null}, ${template}, ${mail.content.hashRecipient(to)}, ${sealed},
      ${mail.content.pepperId}, ${state})
  `.execute(trx);
}

function noOutbox(): TypeError {
  return new TypeError('There is no outbox: no mail is configured.');
}

async function getTenantLanguage(trx: Transaction<Database>, tenantId: string): Promise<string> {
  const row = await trx
    .selectFrom('auth.tenant')
    .select('language')
    .where('id', '=', tenantId)
    .executeTakeFirstOrThrow();
  return row.language;
}
