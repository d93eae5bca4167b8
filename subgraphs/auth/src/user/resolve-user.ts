import type { Session } from '@signet/session';
import { findId } from '@signet/subgraph';
import { requireUserPlatform } from '../issuer/require-platform.ts';
import type { UserResolvers } from '../resolvers.generated.ts';

/** Customers see themselves, staff with `customers:read` everyone of their tenant; for all others there is nobody. */
export const resolveUser: NonNullable<UserResolvers['__resolveReference']> = async (reference, ctx) => {
  const id = findId(reference.id);
  if (id === undefined || !maySeeUser(ctx.session, id)) {
    return null;
  }
  return (await requireUserPlatform(ctx).accounts.load(id)) ?? null;
};

function maySeeUser(session: Session, id: string): boolean {
  switch (session.platform) {
    case 'user':
      return session.userId === id;
    case 'portal':
      return session.scopes.has('customers:read');
    case 'none':
      return false;
  }
}
