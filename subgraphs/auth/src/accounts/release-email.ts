import { type Database, writeAuditEvent } from '@signet/db';
import type { Transaction } from 'kysely';
import { endTokensOfEarlierState } from '../account-tokens/account-token.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { findOwnerOfEmail, lockAccountForChange, setEmail } from './account.queries.ts';
import type { Account } from './account.ts';

/**
 * Frees an address for the account of somebody who has proved to read its mail. A customer's account that never did keeps everything but
 * the address: it gets one of no mailbox (RFC 6761, section 6.4) until its owner has another one.
 *
 * @returns false where the address belongs to another account, which only staff's and verified ones do.
 */
export async function releaseEmail<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { tenantId, email, forId }: { tenantId: string; email: string; forId: string },
): Promise<boolean> {
  const other = await findOwnerOfEmail(trx, issuer.tables, email);
  if (!other || other.id === forId) return true;
  const locked = await lockAccountForChange(trx, issuer.tables, other.id);
  if (locked?.email !== email) return true;
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
