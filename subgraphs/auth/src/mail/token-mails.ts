import type { Database } from '@signet/db';
import type { Transaction } from 'kysely';
import {
  type AccountTokenPurpose,
  accountTokenSeconds,
  createAccountToken,
} from '../account-tokens/account-token.ts';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { linkTo, type NewMail, queueMail } from './outbox.ts';
import { requireOutbox } from './require-outbox.ts';

type TokenMail<A extends Account> = {
  tenantId: string;
  /** As the token is bound to it. */
  account: A;
  /** The account's own address by default. */
  to?: string;
  language?: string | undefined;
};

const mailOf = {
  verify_email: { template: 'verify-email', page: 'verifyEmail' },
  reset_password: { template: 'reset-password', page: 'resetPassword' },
  confirm_email: { template: 'email-change', page: 'confirmEmail' },
} as const satisfies Partial<Record<AccountTokenPurpose, object>>;

/**
 * Queues a mail with a link that carries a new token of the account.
 *
 * @param data kept beside the token.
 * @throws {RefusalError} authz.permission.deny without mail
 */
export async function queueTokenMail<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  purpose: keyof typeof mailOf,
  { tenantId, account, to = account.email, language }: TokenMail<A>,
  data: Readonly<Record<string, string>> = {},
): Promise<void> {
  requireOutbox(issuer);
  const { template, page } = mailOf[purpose];
  const token = await createAccountToken(trx, issuer, { tenantId, account, purpose, data });
  const values = { link: linkTo(issuer, page, token), validFor: accountTokenSeconds[purpose] };
  await queueMail(trx, issuer, { tenantId, account, to, language, template, values });
}

/** Tells somebody that there is an account with their address, after another person, or they, asked for one. */
export async function queueAccountExists<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  mail: Pick<NewMail<'account-exists'>, 'tenantId' | 'account' | 'to'> & { language?: string | undefined },
): Promise<void> {
  const values = { link: linkTo(issuer, 'signIn') };
  await queueMail(trx, issuer, { ...mail, template: 'account-exists', values });
}

/** Tells the owner that the password is another one now; nobody where no mail is configured. */
export async function queuePasswordChanged<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { tenantId, account }: Pick<TokenMail<A>, 'tenantId' | 'account'>,
): Promise<void> {
  if (!issuer.mail) return;
  const values = { at: issuer.now(), link: linkTo(issuer, 'signIn') };
  await queueMail(trx, issuer, {
    tenantId,
    account,
    to: account.email,
    template: 'password-changed',
    values,
  });
}

/**
 * Tells the reader of the account's earlier address that it is another one now, with a link that takes it back.
 *
 * @param account with the new address.
 * @param since from when on what was added may be a thief's (`suspectSince`).
 */
export async function queueEmailChanged<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { tenantId, account, oldEmail, since }: { tenantId: string; account: A; oldEmail: string; since: string },
): Promise<void> {
  requireOutbox(issuer);
  const undo = { tenantId, account, purpose: 'undo_email', data: { email: oldEmail, since } } as const;
  const link = linkTo(issuer, 'undoEmail', await createAccountToken(trx, issuer, undo));
  const values = { email: account.email, link, validFor: accountTokenSeconds.undo_email };
  await queueMail(trx, issuer, { tenantId, account, to: oldEmail, template: 'email-change-notice', values });
}
