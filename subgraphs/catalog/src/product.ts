import { platformOf } from '@signet/session';
import { findId, readId, selectedFields } from '@signet/subgraph';
import type { GraphqlContext, ProductModel } from './context.ts';
import type { ListedProductRow, ProductRow } from './product.queries.ts';
import type { ProductResolvers, QueryResolvers } from './resolvers.generated.ts';

export const product: NonNullable<QueryResolvers['product']> = async (_parent, args, ctx) => {
  const row = await ctx.loaders.product.load(readId('id', args.id));
  const isOfPortal = ctx.session.platform !== 'none' && platformOf(ctx.session) === 'portal';
  const isVisible = row && (row.archived_at === null || isOfPortal);
  return isVisible ? row : null;
};

/** Fields of which `ListedProductRow` has no columns. */
export const detailFields: readonly (keyof ProductResolvers)[] = ['description', 'createdAt', 'updatedAt'];
const notInBrief: readonly (keyof ProductResolvers)[] = ['category', ...detailFields];

/** The fields of Product are public. The operations that find products decide who sees which. */
export const productResolvers: ProductResolvers = {
  /** Finds archived products too: an order shows what was bought. */
  async __resolveReference(reference, { loaders }, info) {
    const id = findId(reference.id);
    if (!id) return null;
    const selected = selectedFields(info);
    const loader = notInBrief.some((field) => selected.has(field)) ? loaders.product : loaders.briefProduct;
    return (await loader.load(id)) ?? null;
  },
  category: (row, _args, ctx) =>
    'category_id' in row ? categoryOf(row) : loadWhole(row, ctx).then(categoryOf),
  description: (row, _args, ctx) =>
    'description' in row ? row.description : loadWhole(row, ctx).then(({ description }) => description),
  price: (row) => ({ amount: row.price_amount, currency: row.currency }),
  isArchived: (row) => row.archived_at !== null,
  createdAt: (row, _args, ctx) =>
    'created_at' in row ? row.created_at : loadWhole(row, ctx).then(({ created_at }) => created_at),
  updatedAt: (row, _args, ctx) =>
    'updated_at' in row ? row.updated_at : loadWhole(row, ctx).then(({ updated_at }) => updated_at),
};

function categoryOf(row: ListedProductRow) {
  return { id: row.category_id, slug: row.category_slug, name: row.category_name };
}

/** Who finds products knows beforehand what is asked of them. Where one came without that, it is read now. */
async function loadWhole({ id }: ProductModel, { loaders }: GraphqlContext): Promise<ProductRow> {
  const row = await loaders.product.load(id);
  // Products are archived, never deleted.
  if (!row) throw new Error(`The product ${id} is gone.`);
  return row;
}
