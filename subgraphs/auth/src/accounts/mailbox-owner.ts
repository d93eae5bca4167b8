import type { Database } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import type { Transaction } from 'kysely';
import { endTokensOfEarlierState } from '../account-tokens/account-token.ts';
import { removeAllFactors } from '../factors/account-factors.ts';
import { tellOwner } from '../factors/change-factors.ts';
import { askForPasswordFirst } from '../passkeys/passkey.queries.ts';
import { cancelErasure } from '../personal-data/cancel-erasure.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { endSessionsOf, type SessionClient } from '../sessions/session.queries.ts';
import { removeDoubtfulIdentities } from '../upstream/change-identities.ts';
import { setEmailVerified, setPassword } from './account.queries.ts';
import type { Account } from './account.ts';

/** The account as the transaction has locked it. */
type Locked<A> = { account: A; tenantId: string; client?: SessionClient | undefined };
/** `isTakenOver`: no address of it was ever verified, so the account may have been another person's. */
export type Given<A> = { account: A; endedSessions: number; isTakenOver: boolean };

/**
 * Gives an account to the one who has proved to read its mail, with a password that they chose. Passwords, sessions, device tokens (a
 * trigger forgets those with the password) and tokens of other mails end, and a deletion that was asked for is off. Second factors of a
 * known owner stay: a mailbox alone takes none away. Identities at providers stay where they came with the same address. Its passkeys open the account without a password only once they were used after the
 * new one. Where no address of the account was ever verified, a stranger may have made it and waited for its owner ("pre-hijacking"): nothing
 * of theirs stays.
 */
export async function giveToMailboxOwner<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { account: locked, tenantId, client }: Locked<A>,
  password: PasswordHash,
): Promise<Given<A>> {
  const { tables, now, platform } = issuer;
  const { id } = locked;
  const versions = await setPassword(trx, tables, id, password);
  await setEmailVerified(trx, tables, id);
  const endedSessions = await endSessionsOf(trx, tables, id, { reason: 'password', now: now() });
  await endTokensOfEarlierState(trx, issuer, id);
  await askForPasswordFirst(trx, issuer, id);
  const account = { ...locked, ...versions, emailVerified: true, wasVerified: true };
  const since = locked.wasVerified ? undefined : locked.createdAt;
  await removeDoubtfulIdentities(trx, issuer, { account, tenantId, client }, since);
  // Staff's accounts are made by staff, never by strangers.
  if (platform === 'user') {
    await cancelErasure(trx, issuer, { tenantId, accountId: id, client });
    if (!locked.wasVerified) await removeStrangersFactors(trx, issuer, { account, tenantId, client });
  }
  return { account, endedSessions, isTakenOver: !locked.wasVerified };
}

async function removeStrangersFactors<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  owner: Locked<A>,
): Promise<void> {
  const removed = new Set(await removeAllFactors(trx, issuer, owner.account.id));
  for (const factor of removed) {
    if (factor === 'recovery_codes') continue;
    await tellOwner(trx, issuer, owner, { kind: 'auth.factor.removed', template: 'factor-removed', factor });
  }
}
