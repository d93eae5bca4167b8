import { requirePortalOrService } from '@signet/access';
import { inTenant, readInTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { readText } from '@signet/subgraph';
import type { CreateCategoryInput, MutationResolvers, QueryResolvers } from './resolvers.generated.ts';

const slugForm = /^[a-z0-9][a-z0-9-]{0,62}$/;

export const categories: NonNullable<QueryResolvers['categories']> = (_parent, _args, ctx) =>
  readInTenant(ctx.db, ctx.tenantId, (trx) =>
    trx
      .selectFrom('catalog.category')
      .select(['id', 'slug', 'name'])
      .orderBy('name', (order) => order.collate('und-x-icu'))
      .orderBy('id')
      .execute(),
  );

export const createCategory: NonNullable<MutationResolvers['createCategory']> = async (
  _parent,
  { input },
  ctx,
) => {
  requirePortalOrService(ctx.session, 'catalog:write');
  const values = readInput(input);
  return inTenant(ctx.db, ctx.tenantId, async (trx) => {
    const category = await trx
      .insertInto('catalog.category')
      .values({ tenant_id: ctx.tenantId, ...values })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'slug']).doNothing())
      .returning(['id', 'slug', 'name'])
      .executeTakeFirst();
    if (!category) throw badInput('slug', 'Another category has this slug.');
    return category;
  });
};

function readInput({ slug, name }: CreateCategoryInput) {
  if (!slugForm.test(slug)) {
    throw badInput('slug', "A slug is 1 to 63 of a-z, 0-9 and '-', and does not begin with '-'.");
  }
  return { slug, name: readText('name', name, { max: 100 }) };
}
