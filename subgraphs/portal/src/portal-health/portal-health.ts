import { requirePortal } from '@signet/access';
import type { QueryResolvers } from '../resolvers.generated.ts';

export const portalHealth: NonNullable<QueryResolvers['portalHealth']> = (_parent, _args, ctx) => {
  requirePortal(ctx.session);
  return 'ok';
};
