import { requirePortal, requireScope } from '@signet/access';
import { inTenant } from '@signet/db';
import { createConnection, createCursorCodec, isTextKey, readPage } from '@signet/subgraph';
import { requirePortalPlatform } from '../issuer/require-platform.ts';
import type { QueryResolvers } from '../resolvers.generated.ts';
import { findStaffPage } from './staff-members.queries.ts';

const codec = createCursorCodec('staff:email', isTextKey);

export const staffMembers: NonNullable<QueryResolvers['staffMembers']> = async (_parent, args, ctx) => {
  requireScope(requirePortal(ctx.session), 'staff:write');
  const page = readPage(args, codec);
  const { issuer } = requirePortalPlatform(ctx);
  const rows = await inTenant(issuer.db, ctx.tenantId, (trx) => findStaffPage(trx, page));
  return createConnection(rows, page, codec, ({ email, id }) => ({ key: email, id }));
};
