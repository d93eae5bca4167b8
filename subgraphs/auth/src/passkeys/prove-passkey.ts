import { type Database, inTenant, writeAuditEvent } from '@signet/db';
import type { AuthenticationMethod } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import { lockAccountForChange } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { disablePasskey, findPasskey, type StoredPasskey, touchPasskey } from './passkey.queries.ts';
import { type PasskeyPurpose, useChallenge } from './passkey-challenge.ts';
import { badPasskey, readUse } from './passkey-response.ts';
import { getPasskeys, userHandleOf } from './passkeys.ts';
import { checkUse, overChallenge, type VerifiedUse, verifyUse } from './verify-passkey.ts';

type Trx = Transaction<Database>;

type Answer = {
  /** As the client sent it. */
  sent: unknown;
  purpose: PasskeyPurpose;
  mustVerifyUser: boolean;
};
/** A right answer, which was not used yet. */
export type CheckedPasskey = { passkey: StoredPasskey; use: VerifiedUse; isFactor: boolean };

/**
 * Checks an answer of a passkey. Takes no lock and changes nothing.
 *
 * @throws {RefusalError} input.passkey: malformed; of another origin, domain, challenge or platform; without the check of the person that is
 *   asked for; of a passkey that is unknown, of another account, or removed; with a wrong signature
 */
export async function checkPasskey<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { sent, purpose, mustVerifyUser }: Answer,
): Promise<CheckedPasskey> {
  const answer = readUse(sent);
  const expected = { passkeys: getPasskeys(issuer), purpose, now: issuer.now() };
  const challenge = checkUse(answer, { ...expected, mustVerifyUser });
  const passkey = await findPasskey(trx, issuer, Buffer.from(answer.id, 'base64url'));
  const { userHandle } = answer.response;
  // Section 7.2, step 6: to sign in, the authenticator must say whose passkey it is.
  const isOwners =
    passkey !== undefined &&
    (purpose.account ? passkey.accountId === purpose.account.id : userHandle != null) &&
    (userHandle == null ||
      userHandle === userHandleOf(issuer.platform, passkey.accountId).toString('base64url'));
  if (!isOwners) throw unknownPasskey();
  const use = await verifyUse(answer, passkey, { challenge, expected });
  return { passkey, use, isFactor: purpose.kind === 'factor' };
}

/**
 * Uses a checked answer: its challenge is over, and the passkey's counter moves on. The account's row is locked.
 *
 * @returns how the person proved who they are (RFC 8176), without `mfa`.
 * @throws {RefusalError} input.passkey: to sign in by it alone before it was used after a password that was set by mail; with a
 *   `CopiedPasskey` as its cause where the counter did not grow: `disableCopied`
 */
export async function usePasskey<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  tenantId: string,
  { passkey, use, isFactor }: CheckedPasskey,
): Promise<AuthenticationMethod[]> {
  if (!(await useChallenge(trx, issuer, { tenantId, ...use.challenge }))) throw overChallenge();
  const outcome = await touchPasskey(trx, issuer, { id: passkey.id, isFactor, ...use });
  if (outcome === 'copied') {
    throw new RefusalError('input.passkey', {
      text: 'There is a copy of this passkey, so it was disabled. Use another way to sign in, then remove it.',
      cause: new CopiedPasskey(passkey),
    });
  }
  if (outcome === 'password_first') {
    throw badPasskey('The password was set anew by mail. Sign in with it and this passkey once.');
  }
  if (outcome === 'gone') throw unknownPasskey();
  return methodsOf(passkey);
}

/** By what the authenticator says: a key that can be on several devices is software's. `user`: somebody was there. */
export function methodsOf({ deviceType }: Pick<StoredPasskey, 'deviceType'>): AuthenticationMethod[] {
  return [deviceType === 'multi_device' ? 'swk' : 'hwk', 'user'];
}

/** The cause of the refusal of a passkey whose counter went back. */
class CopiedPasskey extends Error {
  readonly passkey: StoredPasskey;

  constructor(passkey: StoredPasskey) {
    super('The counter of a passkey is not higher than at its last use.');
    this.passkey = passkey;
  }
}

/**
 * Runs what uses a passkey, and disables the passkey where a copy of it was used. That is a transaction of its own: the refusal takes back
 * all else.
 */
export async function withCopiesDisabled<A extends Account, T>(
  issuer: PlatformIssuer<A>,
  { tenantId, client }: { tenantId: string; client?: SessionClient | undefined },
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof RefusalError && error.cause instanceof CopiedPasskey) {
      await disableCopied(issuer, { tenantId, client }, error.cause.passkey);
    }
    throw error;
  }
}

async function disableCopied<A extends Account>(
  issuer: PlatformIssuer<A>,
  { tenantId, client }: { tenantId: string; client?: SessionClient | undefined },
  { id, accountId }: StoredPasskey,
): Promise<void> {
  await inTenant(issuer.db, tenantId, async (trx) => {
    const account = await lockAccountForChange(trx, issuer.tables, accountId);
    if (!account || !(await disablePasskey(trx, issuer, id))) return;
    const owner = { tenantId, accountId, client };
    await writeAuditEvent(trx, auditOwn('auth.passkey.copied', issuer, owner, { passkey: id }));
    if (!issuer.mail) return;
    const values = { at: issuer.now(), link: linkTo(issuer, 'account') };
    await queueMail(trx, issuer, {
      tenantId,
      account,
      to: account.email,
      template: 'passkey-disabled',
      values,
    });
  });
}

/** One text for a passkey that is unknown, of somebody else, removed or disabled. */
export function unknownPasskey(): RefusalError {
  return badPasskey('This passkey is not known here, or does not work any more.');
}
