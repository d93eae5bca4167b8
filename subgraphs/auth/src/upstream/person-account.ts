import type { Database } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import { findOwnerOfEmail, lockAccountForChange } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { addIdentity } from './change-identities.ts';
import { findIdentityOwner, hasIdentityAt, touchIdentity } from './identity.queries.ts';
import type { Person } from './provider-claims.ts';

type Trx = Transaction<Database>;

/** Makes an account for somebody whose address the provider vouches for. Undefined where the address is taken, also since a moment ago. */
export type CreateAccount<A extends Account> = (
  trx: Trx,
  issuer: PlatformIssuer<A>,
  asked: {
    tenantId: string;
    client: SessionClient;
    person: Person & { email: string };
    password: PasswordHash;
  },
) => Promise<A | undefined>;

type Asked<A extends Account> = {
  tenantId: string;
  client: SessionClient;
  person: Person;
  /** How to make an account where there is none, and the hash of a password that nobody knows. Undefined: none is made. */
  creation: { create: CreateAccount<A>; password: PasswordHash } | undefined;
};

/**
 * The account of somebody who signed in at a provider, with its row locked: the one that the identity is linked to; else the one with the
 * same address, where both sides have verified it; else a new one.
 *
 * @throws {RefusalError} auth.failure.not_linked
 */
export async function getAccountOf<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { tenantId, client, person, creation }: Asked<A>,
): Promise<A> {
  const linked = await findLinked(trx, issuer, person);
  if (linked) return linked;
  const { email, isEmailProven } = person;
  // Without the provider's word anybody could write somebody else's address into their profile there.
  if (email === undefined || !isEmailProven || person.role === null) throw notLinked();
  const owner = await findOwnerOfEmail(trx, issuer.tables, email);
  const account = owner
    ? await lockLinkable(trx, issuer, { id: owner.id, email, person })
    : await creation?.create(trx, issuer, {
        tenantId,
        client,
        person: { ...person, email },
        password: creation.password,
      });
  const linkedBy = owner ? 'email' : 'creation';
  if (account && (await addIdentity(trx, issuer, { account, tenantId, client }, { person, linkedBy })))
    return account;
  // The same person may have been faster in another tab.
  const meanwhile = await findLinked(trx, issuer, person);
  if (!meanwhile) throw notLinked();
  return meanwhile;
}

async function findLinked<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  person: Person,
): Promise<A | undefined> {
  const ownerId = await findIdentityOwner(trx, issuer, person);
  const account = ownerId === undefined ? undefined : await lockAccountForChange(trx, issuer.tables, ownerId);
  // It may have been unlinked while the lock was awaited.
  if (!account || (await findIdentityOwner(trx, issuer, person)) !== account.id) return undefined;
  if (account.isActive) await touchIdentity(trx, issuer, person);
  return account;
}

/**
 * An account whose address nobody has verified may be a stranger's, who waits for the owner of the address to come. One that is somebody else at
 * the issuer already belongs to that person: the address may have passed on.
 *
 * @returns undefined for these.
 */
async function lockLinkable<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { id, email, person }: { id: string; email: string; person: Person },
): Promise<A | undefined> {
  const account = await lockAccountForChange(trx, issuer.tables, id);
  if (!account?.isActive || !account.emailVerified || account.email !== email) return undefined;
  return (await hasIdentityAt(trx, issuer, id, person.issuer)) ? undefined : account;
}

/** One answer, whatever is wrong. */
function notLinked(): RefusalError {
  return new RefusalError('auth.failure.not_linked');
}
