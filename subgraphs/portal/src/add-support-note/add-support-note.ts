import { inTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { readId, readText } from '@signet/subgraph';
import { findCustomers } from '../customer/customer.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { requireStaff } from '../staff-access.ts';
import { noteColumns } from '../support-notes/support-notes.queries.ts';

const maxBodyLength = 4000;

export const addSupportNote: NonNullable<MutationResolvers['addSupportNote']> = async (
  _parent,
  { input },
  ctx,
) => {
  const { staffId } = requireStaff(ctx.session, 'notes:write');
  const customerId = readId('customerId', input.customerId);
  const body = readText('body', input.body, { max: maxBodyLength });
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const [customer] = await findCustomers(trx, [customerId]);
    if (!customer) throw badInput('customerId', 'There is no such customer.');
    return trx
      .insertInto('portal.support_note')
      .values({ tenant_id: ctx.tenantId, user_id: customerId, staff_id: staffId, body })
      .returning(noteColumns)
      .executeTakeFirstOrThrow();
  });
};
