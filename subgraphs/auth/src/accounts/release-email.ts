import { type Database, writeAuditEvent } from '@signet/db';
import type { Transaction } from 'kysely';
import { endTokensOfEarlierState } from '../account-tokens/account-token.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { findOwnerOfEmail, lockAccountsForChange, setEmail } from './account.queries.ts';
import type { Account } from './account.ts';

type Wanted = { email: string; forId: string };
/** The account that had an address when its lock was taken; undefined where none did, or the account that is to get it. */
export type LockedOwner<A> = { owner: A | undefined };

/**
 * Locks an account and the one that has the address which it is to get, before anything else of the transaction locks either: in the order
 * of their ids, so that two that want each other's address never wait in a circle.
 */
export async function lockWithOwnerOfEmail<A extends Account>(
  trx: Transaction<Database>,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  { email, forId }: Wanted,
): Promise<LockedOwner<A>> {
  const found = await findOwnerOfEmail(trx, tables, email);
  const locked = await lockAccountsForChange(trx, tables, found ? [found.id, forId] : [forId]);
  return { owner: locked.find((account) => account.id !== forId && account.email === email) };
}

/**
 * Frees an address for the account of somebody who has proved to read its mail. A customer's account that never did keeps everything but
 * the address: it gets one of no mailbox (RFC 6761, section 6.4) until its owner has another one.
 *
 * @param owner as `lockWithOwnerOfEmail` has found and locked it. An account that got the address since keeps it: setting it fails.
 * @returns false where the address belongs to another account, which only staff's and verified ones do.
 */
export async function releaseEmail<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  tenantId: string,
  { owner: locked }: LockedOwner<A>,
): Promise<boolean> {
  if (!locked) return true;
  if (!mayLoseEmail(issuer, locked)) return false;
  const placeholder = { email: `released-${locked.id}@unverified.invalid`, isVerified: false };
  if (!(await setEmail(trx, issuer.tables, locked.id, placeholder))) return false;
  await endTokensOfEarlierState(trx, issuer, locked.id);
  await writeAuditEvent(trx, auditOwn('auth.email.released', issuer, { tenantId, accountId: locked.id }));
  return true;
}

/** Whether somebody else who proves to read the mail of this account's address gets the address. Staff's accounts are made by staff. */
export function mayLoseEmail<A extends Account>(
  { platform }: Pick<PlatformIssuer<A>, 'platform'>,
  { emailVerified }: Pick<A, 'emailVerified'>,
): boolean {
  return platform === 'user' && !emailVerified;
}
