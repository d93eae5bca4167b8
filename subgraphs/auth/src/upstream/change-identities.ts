import { type Database, writeAuditEvent } from '@signet/db';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import {
  deleteDoubtfulIdentities,
  insertIdentity,
  type LinkedBy,
  type OwnIdentity,
} from './identity.queries.ts';
import type { Person } from './provider-claims.ts';

type Trx = Transaction<Database>;
/** The account as the transaction has locked it. */
type Owner<A> = {
  account: A;
  tenantId: string;
  sessionId?: string | undefined;
  client?: SessionClient | undefined;
};

/** Links an identity to an account, and tells its owner. @returns undefined where an account has the identity already. */
export async function addIdentity<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  owner: Owner<A>,
  { person, linkedBy }: { person: Person; linkedBy: LinkedBy },
): Promise<OwnIdentity | undefined> {
  const { account, tenantId } = owner;
  const added = await insertIdentity(trx, issuer, { tenantId, accountId: account.id, person, linkedBy });
  if (added) await tellOwner(trx, issuer, owner, { change: 'linked', provider: added.provider, linkedBy });
  return added;
}

type Change = { change: 'linked' | 'unlinked'; provider: string; linkedBy?: LinkedBy };

/** A row in the audit log, and a mail where mail is configured. With the account itself comes no mail: its owner has just made it. */
export async function tellOwner<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { account, tenantId, sessionId, client }: Owner<A>,
  { change, provider, linkedBy }: Change,
): Promise<void> {
  const subject = { tenantId, accountId: account.id, sessionId, client };
  const details = { provider, ...(linkedBy && { by: linkedBy }) };
  await writeAuditEvent(trx, auditOwn(`auth.identity.${change}`, issuer, subject, details));
  if (!issuer.mail || linkedBy === 'creation') return;
  await queueMail(trx, issuer, {
    tenantId,
    account,
    to: account.email,
    template: `identity-${change}`,
    values: { provider, at: issuer.now(), link: linkTo(issuer, 'account') },
  });
}

/**
 * For an account that its mailbox's owner takes back, with the address that it has now: what somebody else may have linked goes.
 *
 * @param since when that person may have come; undefined where nobody knows.
 */
export async function removeDoubtfulIdentities<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  owner: Owner<A>,
  since?: Date,
): Promise<void> {
  for (const { provider } of await deleteDoubtfulIdentities(trx, issuer, owner.account, since)) {
    await tellOwner(trx, issuer, owner, { change: 'unlinked', provider });
  }
}
