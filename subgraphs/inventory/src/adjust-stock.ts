import { requirePortal } from '@signet/access';
import { inTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { readId, readInteger, readText } from '@signet/subgraph';
import type { AdjustStockInput, MutationResolvers } from './resolvers.generated.ts';
import { changeStock, insertEmptyStock } from './stock.queries.ts';

const maxPieces = 1_000_000_000;

export const adjustStock: NonNullable<MutationResolvers['adjustStock']> = async (_parent, { input }, ctx) => {
  const staff = requirePortal(ctx.session, 'stock:write');
  const { productId, change, reason } = readInput(input);
  const stock = await inTenant(ctx.db, ctx.tenantId, async (trx) => {
    if (!(await insertEmptyStock(trx, ctx.tenantId, productId))) throw unknownProduct();
    const changed = await changeStock(trx, productId, change, maxPieces);
    if (changed === 'missing') throw unknownProduct();
    if (changed === 'refused') {
      throw badInput(
        'change',
        `The shelves can't hold fewer pieces than orders were promised, nor more than ${maxPieces}.`,
      );
    }
    return changed;
  });
  ctx.logger.info({ staffId: staff.staffId, productId, change, reason }, 'stock adjusted');
  return { id: productId, stock };
};

function unknownProduct() {
  return badInput('productId', 'There is no such product.');
}

function readInput({ productId, change, reason }: AdjustStockInput) {
  if (change === 0) throw badInput('change', 'The change must not be 0.');
  return {
    productId: readId('productId', productId),
    change: readInteger('change', change, { min: -maxPieces, max: maxPieces }),
    reason: readText('reason', reason, { max: 200 }),
  };
}
