import { hash } from 'node:crypto';
import { requirePortalOrService } from '@signet/access';
import { type Database, inTenant } from '@signet/db';
import { subgraphAuditKind } from '@signet/schema/contract';
import { badInput } from '@signet/service';
import { accountIdOf } from '@signet/session';
import { readId, readInteger, readText } from '@signet/subgraph';
import { auditChange } from '@signet/subgraph/define';
import type { Transaction } from 'kysely';
import { findInputHash, type StockKey, takeKey } from './adjustment-keys.queries.ts';
import type { GraphqlContext } from './context.ts';
import type { AdjustStockInput, MutationResolvers } from './resolvers.generated.ts';
import { changeStock, findStock, insertEmptyStock, type StockRow } from './stock.queries.ts';

const maxPieces = 1_000_000_000;
const stockAdjusted = subgraphAuditKind('inventory', 'stock.adjusted');

type Adjustment = ReturnType<typeof readInput>;

export const adjustStock: NonNullable<MutationResolvers['adjustStock']> = async (_parent, { input }, ctx) => {
  const staffId = accountIdOf(requirePortalOrService(ctx.session, 'stock:write'));
  const adjustment = readInput(input);
  const { productId, change, reason, idempotencyKey, inputHash } = adjustment;
  const { stock, isRepeated } = await inTenant(ctx.db, ctx.tenantId, async (trx) => {
    if (idempotencyKey !== undefined) {
      const owner = { tenantId: ctx.tenantId, staffId, key: idempotencyKey };
      if (!(await takeKey(trx, owner, inputHash))) {
        return { stock: await getAdjusted(trx, owner, adjustment), isRepeated: true };
      }
    }
    return { stock: await adjust(trx, ctx, adjustment), isRepeated: false };
  });
  if (!isRepeated) ctx.logger.info({ productId, change, reason }, 'stock adjusted');
  return { id: productId, stock };
};

/** An error in here rolls the key back too: a refused change can be tried again with the same one. */
async function adjust(
  trx: Transaction<Database>,
  ctx: GraphqlContext,
  { productId, change }: Adjustment,
): Promise<StockRow> {
  if (!(await insertEmptyStock(trx, ctx.tenantId, productId))) throw unknownProduct();
  const changed = await changeStock(trx, productId, change, maxPieces);
  if (changed === 'missing') throw unknownProduct();
  if (changed === 'refused') {
    throw badInput(
      'change',
      `The shelves can't hold fewer pieces than orders were promised, nor more than ${maxPieces}.`,
    );
  }
  await auditChange(trx, ctx, {
    kind: stockAdjusted,
    details: { productId, change, onHand: changed.on_hand },
  });
  return changed;
}

/** The stock as it is now. @throws {RefusalError} input.idempotencyKey when the key was used for another change. */
async function getAdjusted(
  trx: Transaction<Database>,
  owner: StockKey,
  { productId, inputHash }: Adjustment,
): Promise<StockRow> {
  if (!(await findInputHash(trx, owner)).equals(inputHash)) {
    throw badInput('idempotencyKey', 'This key was used for another change. Take a new one.');
  }
  const [stock] = await findStock(trx, [productId]);
  if (!stock) throw new Error('An idempotency key was committed without its change.');
  return stock;
}

function unknownProduct() {
  return badInput('productId', 'There is no such product.');
}

function readInput({ change, idempotencyKey, ...input }: AdjustStockInput) {
  if (change === 0) throw badInput('change', 'The change must not be 0.');
  const values = {
    productId: readId('productId', input.productId),
    change: readInteger('change', change, { min: -maxPieces, max: maxPieces }),
    reason: readText('reason', input.reason, { max: 200 }),
  };
  return {
    ...values,
    idempotencyKey:
      idempotencyKey === null || idempotencyKey === undefined
        ? undefined
        : readText('idempotencyKey', idempotencyKey, { max: 200 }),
    inputHash: hash('sha256', JSON.stringify(Object.values(values)), 'buffer'),
  };
}
