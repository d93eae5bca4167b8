import { readInTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { readId } from '@signet/subgraph';
import type { Account } from '../accounts/account.ts';
import { endChallengesOf } from '../challenges/challenge.ts';
import { changeOwnFactors } from '../factors/change-factors.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import type { MutationResolvers, QueryResolvers } from '../resolvers.generated.ts';
import { addIdentity, tellOwner } from '../upstream/change-identities.ts';
import { endSessionsOfIdentity, listIdentities, unlinkIdentity } from '../upstream/identity.queries.ts';
import { getResult } from './upstream-sign-in.ts';

const maxIdentities = 10;

/** `myIdentities` and `portalIdentities`. */
export function createListIdentities<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<QueryResolvers['myIdentities']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const { tenantId, accountId } = requireSubject(ctx);
    return readInTenant(issuer.db, tenantId, (trx) => listIdentities(trx, issuer, accountId));
  };
}

/**
 * `linkIdentity` and `linkPortalIdentity`: ends what began at the provider with the purpose `link`. The session decides to which account it is
 * linked, and the verifier that its frontend began it.
 *
 * @throws {RefusalError} input.code; auth.failure.revoked; authz.step_up.required from a session that was opened without the account's factor
 */
export function createLinkIdentity<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['linkIdentity']> {
  return async (_parent, { input }, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const { tenantId } = subject;
    const { person } = await getResult(issuer, { tenantId, ...input, purpose: 'link' });
    const domains = issuer.upstream.find(person.provider)?.client.provider.domains ?? [];
    // A company's provider may know more people than the company's own.
    if (domains !== 'any' && domains.length > 0 && !person.isEmailProven) {
      throw badInput('code', 'The identity provider does not vouch for an address that may sign in here.');
    }
    return changeOwnFactors(issuer, subject, async (trx, { account }) => {
      if ((await listIdentities(trx, issuer, account.id)).length >= maxIdentities) {
        throw badInput('code', `You have ${maxIdentities} already. Remove one first.`);
      }
      const added = await addIdentity(trx, issuer, { ...subject, account }, { person, linkedBy: 'session' });
      if (!added) throw badInput('code', 'This is linked already, to your account or another one.');
      return added;
    });
  };
}

/** `unlinkIdentity` and `unlinkPortalIdentity`. @throws {RefusalError} input.id, auth.failure.revoked, authz.step_up.required */
export function createUnlinkIdentity<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['unlinkIdentity']> {
  return (_parent, args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const id = readId('id', args.id);
    return changeOwnFactors(issuer, subject, async (trx, { account }) => {
      const { accountId, sessionId } = subject;
      const gone = await unlinkIdentity(trx, issuer, { id, accountId });
      if (!gone) throw badInput('id', 'You have no such identity.');
      await endChallengesOf(trx, issuer.tables, accountId);
      await endSessionsOfIdentity(trx, issuer, { ...gone, accountId, except: sessionId });
      await tellOwner(trx, issuer, { ...subject, account }, { change: 'unlinked', provider: gone.provider });
      return true;
    });
  };
}
