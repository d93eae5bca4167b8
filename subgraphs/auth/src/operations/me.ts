import { requirePortalOrService } from '@signet/access';
import { RefusalError } from '@signet/service';
import type { Session } from '@signet/session';
import { findId } from '@signet/subgraph';
import type { Account, UserAccount } from '../accounts/account.ts';
import type { GraphqlContext } from '../context.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import type { UserResolvers } from '../resolvers.generated.ts';

/**
 * `me` and `portalMe`: the caller's account as it is now.
 *
 * @throws {RefusalError} auth.failure.revoked when the account was deactivated after the token was signed.
 */
export function createMe<A extends Account>({ requireSubject, findAccount }: PlatformBinding<A>) {
  return async (_parent: unknown, _args: unknown, ctx: GraphqlContext): Promise<A> => {
    const { accountId } = requireSubject(ctx, { orImpersonated: true });
    const account = await findAccount(ctx, accountId);
    if (!account?.isActive) {
      throw new RefusalError('auth.failure.revoked');
    }
    return account;
  };
}

/**
 * Customers see themselves, and staff with `customers:read` see every customer of their tenant. Nobody else is told whether there is
 * such a customer: the caller is checked before anything is read.
 */
export function createUserReference({
  findAccount,
}: PlatformBinding<UserAccount>): NonNullable<UserResolvers['__resolveReference']> {
  return async (reference, ctx) => {
    const id = findId(reference.id);
    if (id === undefined) return null;
    assertMaySeeUser(ctx.session, id);
    return (await findAccount(ctx, id)) ?? null;
  };
}

/** @throws {RefusalError} authz.permission.deny for another customer; as `requirePortalOrService`, for staff without the scope */
function assertMaySeeUser(session: Session, id: string): void {
  if (session.platform !== 'user') requirePortalOrService(session, 'customers:read');
  else if (session.userId !== id) throw new RefusalError('authz.permission.deny');
}
