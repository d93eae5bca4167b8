import { randomBytes } from 'node:crypto';
import { type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import type { Transaction } from 'kysely';
import {
  badToken,
  endTokensOfEarlierState,
  findAccountToken,
  suspectSince,
  useAccountToken,
} from '../account-tokens/account-token.ts';
import { setEmail, setPassword } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { lockWithOwnerOfEmail, releaseEmail } from '../accounts/release-email.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import { removeFactorsSince } from '../factors/account-factors.ts';
import { completeFactorRemoval } from '../factors/change-factors.ts';
import { requireOutbox } from '../mail/require-outbox.ts';
import { queueTokenMail } from '../mail/token-mails.ts';
import { askForPasswordFirst } from '../passkeys/passkey.queries.ts';
import { cancelErasure } from '../personal-data/cancel-erasure.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { endSessionsOf } from '../sessions/session.queries.ts';
import { listQueueNetworks } from '../throttle/client-networks.ts';
import { removeDoubtfulIdentities } from '../upstream/change-identities.ts';

/**
 * `undoEmail` and `undoPortalEmail`: somebody else changed the address of the account, so they know its password or have a session. Neither
 * is worth anything afterwards.
 */
export function createUndoEmail<A extends Account>({
  getIssuer,
}: PlatformBinding<A>): NonNullable<MutationResolvers['undoEmail']> {
  return async (_parent, { input: { token } }, ctx) => {
    const issuer = getIssuer();
    const { tenantId, client } = ctx;
    requireOutbox(issuer);
    const found = await readInTenant(issuer.db, tenantId, (trx) =>
      findAccountToken(trx, issuer, token, 'undo_email'),
    );
    if (!found) throw badToken();
    const unknown = await issuer.passwords.hash(
      randomBytes(32).toString('base64'),
      listQueueNetworks(client.address),
    );
    const wanted = { email: found.data.email ?? '', forId: found.account.id };
    await inTenant(issuer.db, tenantId, (trx) => undo(trx, issuer, ctx, { token, unknown, wanted }));
    return true;
  };
}

type Undoing = { token: string; unknown: PasswordHash; wanted: { email: string; forId: string } };

async function undo<A extends Account>(
  trx: Transaction<Database>,
  issuer: PlatformIssuer<A>,
  { tenantId, client }: GraphqlContext,
  { token, unknown, wanted }: Undoing,
): Promise<void> {
  const { tables, now } = issuer;
  const locked = await lockWithOwnerOfEmail(trx, issuer, wanted);
  const used = await useAccountToken(trx, issuer, token, 'undo_email');
  if (!used) throw badToken();
  const { account: changed, data, createdAt } = used;
  const { email = '' } = data;
  const { id } = changed;
  if (changed.email !== email) {
    if (!(await releaseEmail(trx, issuer, tenantId, locked))) throw badToken();
    if (!(await setEmail(trx, tables, id, { email, isVerified: true }))) throw badToken();
  }
  const versions = await setPassword(trx, tables, id, unknown);
  const endedSessions = await endSessionsOf(trx, tables, id, { reason: 'password', now: now() });
  await endTokensOfEarlierState(trx, issuer, id, { undoSince: createdAt });
  await askForPasswordFirst(trx, issuer, id);
  const account = { ...changed, ...versions, email, emailVerified: true };
  const since = data.since === undefined ? suspectSince(createdAt) : new Date(data.since);
  for (const factor of await removeFactorsSince(trx, issuer, id, since)) {
    await completeFactorRemoval(trx, issuer, { account, tenantId, client }, factor);
  }
  await removeDoubtfulIdentities(trx, issuer, { account, tenantId, client }, since);
  if (issuer.platform === 'user') await cancelErasure(trx, issuer, { tenantId, accountId: id, client });
  // A deactivated account stays so: its link would be worth nothing.
  if (account.isActive) await queueTokenMail(trx, issuer, 'reset_password', { tenantId, account });
  const subject = { tenantId, accountId: id, client };
  await writeAuditEvent(trx, auditOwn('auth.email.change_undone', issuer, subject, { ended: endedSessions }));
}
