import type { Database } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import type { Transaction } from 'kysely';
import { endTokensOfEarlierState } from '../account-tokens/account-token.ts';
import { removeAllFactors } from '../factors/account-factors.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { endSessionsOf } from '../sessions/session.queries.ts';
import { setEmailVerified, setPassword } from './account.queries.ts';
import type { Account } from './account.ts';

/** `isTakenOver`: the address was not verified, so the account may have been another person's. */
export type Given<A> = { account: A; endedSessions: number; isTakenOver: boolean };

/**
 * Gives an account that the transaction has locked to the one who has proved to read its mail, with a password that they chose. All
 * earlier ways in end: passwords, sessions, device tokens (a trigger forgets those with the password), tokens of other mails. Where the
 * address was not verified, a stranger may have made the account and waited for its owner ("pre-hijacking"): nothing of theirs stays.
 */
export async function giveToMailboxOwner<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  locked: A,
  password: PasswordHash,
): Promise<Given<A>> {
  const { tables, now } = issuer;
  const versions = await setPassword(trx, tables, locked.id, password);
  await setEmailVerified(trx, tables, locked.id);
  const endedSessions = await endSessionsOf(trx, tables, locked.id, { reason: 'password', now: now() });
  await endTokensOfEarlierState(trx, issuer, locked.id);
  // Staff's accounts are made by staff, never by strangers: a mailbox alone takes no second factor of theirs away.
  if (!locked.emailVerified && issuer.platform === 'user') await removeAllFactors(trx, issuer, locked.id);
  return {
    account: { ...locked, ...versions, emailVerified: true },
    endedSessions,
    isTakenOver: !locked.emailVerified,
  };
}
